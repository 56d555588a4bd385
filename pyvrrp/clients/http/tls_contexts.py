"""TLS contexts. One is built for each set of files, and again when a file changed."""

import asyncio
import ssl
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.base.failure import Failure, ProbeError, in_words
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.http.channel import Channel
from pyvrrp.clients.http.tls import TlsChannel
from pyvrrp.config.model.configuration import HttpProbeConfig

_Stamp: TypeAlias = tuple[int, ...]  # the modification times of the files


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


class TlsContexts:
    """Builds and keeps TLS contexts.

    Reading the CA certificates of a system takes 20 ms and 2 MB. It is done in a thread, and
    again only when a file has changed.
    """

    def __init__(self) -> None:
        self._built: dict[Credentials, tuple[_Stamp, ssl.SSLContext]] = {}
        self._building: ThreadedCalls[tuple[Credentials, _Stamp], ssl.SSLContext] = ThreadedCalls()

    async def context(self, credentials: Credentials) -> ssl.SSLContext:
        """Return the context for *credentials*. Raise ProbeError if a file cannot be used."""
        stamp = _stamp(credentials)
        built = self._built.get(credentials)
        if built is not None and built[0] == stamp:
            return built[1]
        build = partial(build_context, credentials)
        outcome = await asyncio.shield(self._building.start((credentials, stamp), build))
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        self._built[credentials] = stamp, outcome
        return outcome

    async def encrypted(
        self,
        plain: Channel,
        credentials: Credentials,
        server_name: str,
        progress: ProbeProgress,
    ) -> TlsChannel:
        """Return a channel with TLS over *plain*. Raise ProbeError or OSError if that fails."""
        progress.phase = "in TLS handshake"
        tls = TlsChannel(plain, await self.context(credentials), server_name)
        await tls.handshake()
        return tls


def build_context(credentials: Credentials) -> ssl.SSLContext | Failure:
    """Return a context with the files, or the reason why one cannot be used. Blocks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not credentials.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif failure := _load_ca(context, credentials.ca):
        return failure
    return _load_certificate(context, credentials) or context


def _load_ca(context: ssl.SSLContext, ca: Path | None) -> Failure | None:
    default = ssl.get_default_verify_paths()
    # Each of both is None if the system has no such file, which the type stubs do not say.
    if ca is None and not any((default.cafile, default.capath)):
        return Failure("certificate: this system has no CA certificates, set ca")
    try:
        if ca is None:
            context.load_verify_locations(default.cafile, default.capath)
        elif ca.is_dir():
            context.load_verify_locations(capath=ca)
        else:
            context.load_verify_locations(cafile=ca)
    except ssl.SSLError:
        return Failure(f"cannot use {ca}: it contains no CA certificate in PEM format")
    except OSError as error:
        return Failure(f"cannot read {ca}: {_file_trouble(error)}")
    return None


def _load_certificate(context: ssl.SSLContext, credentials: Credentials) -> Failure | None:
    if credentials.certificate is None:
        return None
    try:
        # Without this password OpenSSL would ask for one on the terminal and wait.
        context.load_cert_chain(credentials.certificate, credentials.key, password=lambda: "")
    except ssl.SSLError as error:
        what = (error.reason or "not PEM").lower().replace("_", " ")
        return Failure(f"cannot use client certificate {credentials.certificate}: {what}")
    except OSError as error:
        return Failure(f"cannot read client certificate or key: {_file_trouble(error)}")
    return None


def _file_trouble(error: OSError) -> str:
    return "no such file" if isinstance(error, FileNotFoundError) else in_words(error)


def _stamp(credentials: Credentials) -> _Stamp:
    files = (credentials.ca, credentials.certificate, credentials.key)
    return tuple(_modified(file) for file in files if file is not None)


def _modified(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0  # building the context reports the reason
