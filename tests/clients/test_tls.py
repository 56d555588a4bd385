import asyncio
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from pyvrrp.config.model.configuration import HttpProbeConfig
from pyvrrp.probes.runner import AsyncioProbes
from tests.probes.support import (
    HASTY,
    Server,
    answers,
    look,
    look_with,
    says,
    serve,
    stays_silent,
)

pytestmark = pytest.mark.asyncio


@dataclass(frozen=True)
class Authority:
    """A CA, and its certificate in a file."""

    ca: trustme.CA
    file: Path

    def server(self, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf = (
            self.ca.issue_cert("web.example", "127.0.0.1") if certificate is None else certificate
        )
        leaf.configure_cert(context)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    ca = trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return Authority(ca, file)


def url(server: Server) -> str:
    return f"https://127.0.0.1:{server.port}/"


async def reason(probe: HttpProbeConfig) -> str:
    result = await look(probe)
    assert not result.passed
    return result.reason


async def test_a_server_of_a_known_ca_passes(authority: Authority) -> None:
    async with serve(answers("200 OK", b"ok"), tls=authority.server()) as server:
        result = await look(HttpProbeConfig(url(server), ca=authority.file, body_regex="ok"))
    assert result.passed, result.reason


async def test_a_ca_can_be_a_directory_and_an_empty_one_knows_nobody(
    authority: Authority, tmp_path: Path
) -> None:
    async with serve(answers("200 OK"), tls=authority.server()) as server:
        assert await reason(HttpProbeConfig(url(server), ca=tmp_path)) == "certificate: unknown CA"


async def test_an_unknown_ca_fails_by_default(authority: Authority) -> None:
    async with serve(answers("200 OK"), tls=authority.server()) as server:
        assert await reason(HttpProbeConfig(url(server))) == "certificate: unknown CA"
    assert server.requests == []


async def test_without_verification_an_unknown_ca_passes(authority: Authority) -> None:
    async with serve(answers("200 OK"), tls=authority.server()) as server:
        result = await look(HttpProbeConfig(url(server), verify=False))
    assert result.passed, result.reason


async def test_a_certificate_for_another_name_fails(authority: Authority) -> None:
    async with serve(answers("200 OK"), tls=authority.server()) as server:
        probe = HttpProbeConfig(url(server), ca=authority.file, server_name="other.example")
        assert await reason(probe) == (
            "certificate: hostname mismatch, certificate is not valid for 'other.example'"
        )


async def test_a_certificate_for_another_address_fails(authority: Authority) -> None:
    tls = authority.server(authority.ca.issue_cert("127.0.0.2"))
    async with serve(answers("200 OK"), tls=tls) as server:
        assert await reason(HttpProbeConfig(url(server), ca=authority.file)) == (
            "certificate: IP address mismatch, certificate is not valid for '127.0.0.1'"
        )


async def test_an_expired_certificate_fails(authority: Authority) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    expired = authority.ca.issue_cert("127.0.0.1", not_after=yesterday)
    async with serve(answers("200 OK"), tls=authority.server(expired)) as server:
        probe = HttpProbeConfig(url(server), ca=authority.file)
        assert await reason(probe) == "certificate has expired"


async def test_a_self_signed_certificate_fails(authority: Authority, tmp_path: Path) -> None:
    # A CA's own certificate, shown by a server, is signed by itself.
    alone = trustme.CA()
    file = tmp_path / "self.pem"
    alone.private_key_pem.write_to_path(str(file))
    alone.cert_pem.write_to_path(str(file), append=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    async with serve(answers("200 OK"), tls=tls) as server:
        probe = HttpProbeConfig(url(server), ca=authority.file)
        assert await reason(probe) == "self-signed certificate"


async def test_the_server_name_is_sent_and_verified(authority: Authority) -> None:
    asked: list[str | None] = []
    tls = authority.server()
    tls.sni_callback = lambda _, name, __: asked.append(name)
    async with serve(answers("200 OK"), tls=tls) as server:
        probe = HttpProbeConfig(url(server), ca=authority.file, server_name="web.example")
        assert (await look(probe)).passed
    assert asked == ["web.example"]


def demanding(authority: Authority) -> ssl.SSLContext:
    tls = authority.server()
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(tls)
    return tls


def handshake_once(listener: socket.socket, tls: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with connection, suppress(OSError), tls.wrap_socket(connection, server_side=True):
        pass


async def test_a_server_that_wants_a_client_certificate_refuses_without(
    authority: Authority,
) -> None:
    # asyncio's servers drop the alert that says why, so this one uses a blocking socket.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tls = demanding(authority)
        thread = Thread(target=handshake_once, args=(listener, tls), daemon=True)
        thread.start()
        address = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        why = await reason(HttpProbeConfig(address, ca=authority.file))
        thread.join(5)
    assert why == "TLS: the server requires a client certificate"


async def test_a_client_certificate_is_shown(authority: Authority, tmp_path: Path) -> None:
    client = authority.ca.issue_cert("client.example")
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    client.cert_chain_pems[0].write_to_path(str(certificate))
    client.private_key_pem.write_to_path(str(key))
    async with serve(answers("200 OK"), tls=demanding(authority)) as server:
        probe = HttpProbeConfig(url(server), ca=authority.file, certificate=certificate, key=key)
        result = await look(probe)
    assert result.passed, result.reason


async def test_a_key_with_a_password_fails_instead_of_asking_for_it(
    authority: Authority, tmp_path: Path
) -> None:
    client = authority.ca.issue_cert("client.example")
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    client.cert_chain_pems[0].write_to_path(str(certificate))
    plain = load_pem_private_key(client.private_key_pem.bytes(), None)
    key.write_bytes(
        plain.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"secret")
        )
    )
    async with serve(answers("200 OK"), tls=authority.server()) as server:
        probe = HttpProbeConfig(url(server), ca=authority.file, certificate=certificate, key=key)
        assert (await reason(probe)).startswith(f"cannot use client certificate {certificate}: ")


async def test_files_that_are_missing_or_no_certificates_are_named(tmp_path: Path) -> None:
    missing, junk = tmp_path / "missing.pem", tmp_path / "junk.pem"
    junk.write_text("no certificate\n")
    async with serve(says()) as server:
        assert (
            await reason(HttpProbeConfig(url(server), ca=missing))
            == f"cannot read {missing}: no such file"
        )
        assert (
            await reason(HttpProbeConfig(url(server), ca=junk))
            == f"cannot use {junk}: it holds no CA certificate in PEM form"
        )
        assert (
            await reason(HttpProbeConfig(url(server), verify=False, certificate=missing))
            == "cannot read client certificate or key: no such file"
        )


async def test_a_server_without_tls_fails() -> None:
    async with serve(says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), read_request=False) as server:
        probe = HttpProbeConfig(url(server), verify=False)
        assert await reason(probe) == "TLS: the server speaks no TLS, or another version"


async def test_a_server_that_closes_in_the_handshake_fails() -> None:
    async with serve(says(), read_request=False) as server:
        probe = HttpProbeConfig(url(server), verify=False)
        assert await reason(probe) in {"closed during the TLS handshake", "connection reset"}


async def test_a_server_that_is_silent_in_the_handshake_times_out_there() -> None:
    async with serve(stays_silent, read_request=False) as server:
        result = await look(HttpProbeConfig(url(server), verify=False), HASTY)
    assert result.reason == "timed out after 300 ms in TLS handshake"


async def test_a_server_name_that_cannot_be_one_fails(authority: Authority) -> None:
    async with serve(answers("200 OK"), tls=authority.server()) as server:
        probe = HttpProbeConfig(url(server), ca=authority.file, server_name=".example")
        assert (await reason(probe)).startswith("bad server name .example: ")


async def test_a_ca_file_that_is_replaced_is_read_again(
    authority: Authority, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    async with serve(answers("200 OK"), tls=authority.server()) as server:
        probes = AsyncioProbes()
        probe = HttpProbeConfig(url(server), ca=file)
        assert (await look_with(probes, probe)).reason == "certificate: unknown CA"
        file.write_bytes(authority.file.read_bytes())
        assert (await look_with(probes, probe)).passed
        await probes.close()


@pytest.mark.parametrize(
    ("head", "passed"), [("Content-Length: 10\r\n", False), ("Connection: close\r\n", True)]
)
async def test_an_end_without_close_notify_is_judged_by_http(
    authority: Authority, *, head: str, passed: bool
) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\nhalf".encode())
        await writer.drain()
        writer.transport.abort()

    async with serve(hang_up, tls=authority.server()) as server:
        result = await look(HttpProbeConfig(url(server), ca=authority.file))
    assert result.passed is passed
    assert passed or result.reason == "closed in the middle of the answer"
