"""TLS contexts. One is built for each set of files, and again when a file changed."""

import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pyvrrp.clients.base.calls_in_turn import CallsInTurn
from pyvrrp.clients.base.failure import Failure, ProbeError, in_words
from pyvrrp.clients.base.kept_results import KeptResults
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.http.channel import Channel
from pyvrrp.clients.http.tls import TlsChannel
from pyvrrp.clients.rights.file_copy import EMPTY
from pyvrrp.clients.rights.wants import FileCopy, Rights
from pyvrrp.config.model.configuration import HttpProbeConfig


@dataclass(frozen=True, slots=True)
class Credentials:
    """The files for TLS: the CA certificates to accept, and our own certificate and key."""

    verify: bool
    ca: Path | None
    certificate: Path | None
    key: Path | None

    @classmethod
    def of(cls, probe: HttpProbeConfig) -> "Credentials":
        """Return the credentials of *probe*."""
        return cls(probe.verify, probe.ca, probe.certificate, probe.key)


@dataclass(frozen=True, slots=True)
class _Files:
    """The files to read: first those with CA certificates, then certificate and key."""

    ca: tuple[Path, ...]
    own: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _BuiltContext:
    context: ssl.SSLContext
    stamps: tuple[str, ...]  # of the files, in their order


class TlsContexts:
    """Builds and keeps TLS contexts.

    The files are copied into memory, and the context is built in a thread: reading the CA
    certificates of a system takes 20 ms and 2 MB. That is done again only when a file has changed.
    While a file system hangs, the context that was built before stays in use.
    """

    def __init__(self, rights: Rights) -> None:
        self._rights = rights
        self._built: KeptResults[Credentials, _BuiltContext] = KeptResults()
        self._building: CallsInTurn[Credentials, ssl.SSLContext | Failure] = CallsInTurn()
        self._handshakes: CallsInTurn[tuple[Credentials, str], object] = CallsInTurn()

    async def context(self, credentials: Credentials) -> ssl.SSLContext:
        """Return the context for *credentials*. Raise ProbeError if a file cannot be used."""
        built = await self._built.get(credentials, partial(self._read, credentials))
        return built.context

    async def encrypted(
        self,
        plain: Channel,
        credentials: Credentials,
        server_name: str,
        progress: ProbeProgress,
    ) -> TlsChannel:
        """Return a channel with TLS over *plain*. Raise ProbeError or OSError if that fails."""
        progress.phase = "in TLS handshake"
        run = partial(self._handshakes.run, (credentials, server_name))
        tls = TlsChannel(plain, await self.context(credentials), server_name, run)
        await tls.handshake()
        return tls

    async def _read(self, credentials: Credentials, before: _BuiltContext | None) -> _BuiltContext:
        files = _files(credentials)
        stamps = before.stamps if before is not None else ("",) * len(files.ca + files.own)
        copies: list[FileCopy] = []
        try:
            for path, stamp in zip(files.ca + files.own, stamps, strict=True):
                copies.append(await self._copy(path, stamp, is_ca=path in files.ca))
            if before is not None and all(copy.descriptor < 0 for copy in copies):
                return before
            for place, path in enumerate(files.ca + files.own):
                if copies[place].descriptor < 0:  # another file of the set has changed
                    copies[place] = await self._copy(path, "", is_ca=path in files.ca)
            build = partial(build_context, credentials, files.ca, copies)
            outcome = await self._building.run(credentials, build)
        finally:
            _close(copies)
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        return _BuiltContext(outcome, tuple(copy.stamp for copy in copies))

    async def _copy(self, path: Path, stamp: str, *, is_ca: bool) -> FileCopy:
        try:
            return await self._rights.copy(path, stamp)
        except OSError as error:
            what = str(path) if is_ca else "client certificate or key"
            raise ProbeError(f"cannot read {what}: {_file_trouble(error)}") from error


def build_context(
    credentials: Credentials, ca: tuple[Path, ...], copies: list[FileCopy]
) -> ssl.SSLContext | Failure:
    """Return a context with the files, or the reason why one cannot be used. Blocks.

    *copies* are those of *ca*, then those of the client certificate and its key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # With TLS 1.2 a server can ask for one handshake after the other.
    context.options |= ssl.OP_NO_RENEGOTIATION
    if not credentials.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif not ca:
        return Failure("certificate: this system has no CA certificates, set ca")
    for path, copy in zip(ca, copies, strict=False):
        if copy.stamp == EMPTY:
            continue
        try:
            context.load_verify_locations(cafile=_path(copy))
        except ssl.SSLError:
            return Failure(f"cannot use {path}: it contains no CA certificate in PEM format")
    return _load_certificate(context, credentials, copies[len(ca) :]) or context


def _load_certificate(
    context: ssl.SSLContext, credentials: Credentials, copies: list[FileCopy]
) -> Failure | None:
    if not copies:
        return None
    key = _path(copies[1]) if len(copies) > 1 else None
    try:
        # Without this password OpenSSL would ask for one on the terminal and wait.
        context.load_cert_chain(_path(copies[0]), key, password=lambda: "")
    except ssl.SSLError as error:
        what = (error.reason or "not PEM").lower().replace("_", " ")
        return Failure(f"cannot use client certificate {credentials.certificate}: {what}")
    return None


def _files(credentials: Credentials) -> _Files:
    own = (credentials.certificate, credentials.key) if credentials.certificate else ()
    if not credentials.verify:
        ca: tuple[Path, ...] = ()
    elif credentials.ca is not None:
        ca = (credentials.ca,)
    else:
        default = ssl.get_default_verify_paths()
        # Each of both is None if the system has no such file, which the type stubs do not say.
        system: tuple[str | None, ...] = (default.cafile, default.capath)
        ca = tuple(Path(path) for path in system if path is not None)
    return _Files(ca, tuple(path for path in own if path is not None))


def _path(copy: FileCopy) -> str:
    return f"/proc/self/fd/{copy.descriptor}"


def _close(copies: Iterable[FileCopy]) -> None:
    for copy in copies:
        if copy.descriptor >= 0:
            os.close(copy.descriptor)


def _file_trouble(error: OSError) -> str:
    return "no such file" if isinstance(error, FileNotFoundError) else in_words(error)
