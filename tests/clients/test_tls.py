"""HTTP checks with TLS."""

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
    run_probe,
    run_probe_with,
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
    result = await run_probe(probe)
    assert not result.passed
    return result.reason


async def test_a_server_of_a_known_ca_passes(authority: Authority) -> None:
    async with serve(answers("200 OK", b"ok"), tls=authority.server()) as server:
        result = await run_probe(HttpProbeConfig(url(server), ca=authority.file, body_regex="ok"))
    assert result.passed, result.reason


async def test_a_ca_can_be_a_directory_and_an_empty_one_accepts_no_server(
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
        result = await run_probe(HttpProbeConfig(url(server), verify=False))
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
    # The server uses the certificate of a CA, which is signed by itself.
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
        assert (await run_probe(probe)).passed
    assert asked == ["web.example"]


def requiring_a_client_certificate(authority: Authority) -> ssl.SSLContext:
    tls = authority.server()
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(tls)
    return tls


def handshake_once(listener: socket.socket, tls: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with connection, suppress(OSError), tls.wrap_socket(connection, server_side=True):
        pass


async def test_a_server_that_requires_a_client_certificate_refuses_a_client_without_one(
    authority: Authority,
) -> None:
    # Servers of asyncio do not send the alert with the reason, so this is a blocking socket.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tls = requiring_a_client_certificate(authority)
        thread = Thread(target=handshake_once, args=(listener, tls), daemon=True)
        thread.start()
        address = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        why = await reason(HttpProbeConfig(address, ca=authority.file))
        thread.join(5)
    assert why == "TLS: the server requires a client certificate"


async def test_a_client_certificate_is_sent(authority: Authority, tmp_path: Path) -> None:
    client = authority.ca.issue_cert("client.example")
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    client.cert_chain_pems[0].write_to_path(str(certificate))
    client.private_key_pem.write_to_path(str(key))
    async with serve(answers("200 OK"), tls=requiring_a_client_certificate(authority)) as server:
        probe = HttpProbeConfig(url(server), ca=authority.file, certificate=certificate, key=key)
        result = await run_probe(probe)
    assert result.passed, result.reason


async def test_a_key_with_a_password_fails(authority: Authority, tmp_path: Path) -> None:
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


async def test_missing_files_and_files_without_certificates_are_named(tmp_path: Path) -> None:
    missing, junk = tmp_path / "missing.pem", tmp_path / "junk.pem"
    junk.write_text("no certificate\n")
    async with serve(says()) as server:
        assert (
            await reason(HttpProbeConfig(url(server), ca=missing))
            == f"cannot read {missing}: no such file"
        )
        assert (
            await reason(HttpProbeConfig(url(server), ca=junk))
            == f"cannot use {junk}: it contains no CA certificate in PEM format"
        )
        assert (
            await reason(HttpProbeConfig(url(server), verify=False, certificate=missing))
            == "cannot read client certificate or key: no such file"
        )


async def test_a_server_without_tls_fails() -> None:
    async with serve(says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), read_request=False) as server:
        probe = HttpProbeConfig(url(server), verify=False)
        assert await reason(probe) == "TLS: the server does not use TLS, or uses another version"


async def test_a_server_that_closes_during_the_handshake_fails() -> None:
    async with serve(says(), read_request=False) as server:
        probe = HttpProbeConfig(url(server), verify=False)
        assert await reason(probe) in {"closed during the TLS handshake", "connection reset"}


async def test_a_server_that_does_not_answer_the_handshake_times_out() -> None:
    async with serve(stays_silent, read_request=False) as server:
        result = await run_probe(HttpProbeConfig(url(server), verify=False), HASTY)
    assert result.reason == "timed out after 300 ms in TLS handshake"


async def test_an_impossible_server_name_fails(authority: Authority) -> None:
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
        assert (await run_probe_with(probes, probe)).reason == "certificate: unknown CA"
        file.write_bytes(authority.file.read_bytes())
        assert (await run_probe_with(probes, probe)).passed
        await probes.close()


@pytest.mark.parametrize(
    ("head", "passed"), [("Content-Length: 10\r\n", False), ("Connection: close\r\n", True)]
)
async def test_an_end_without_close_notify_is_accepted_if_the_http_message_is_complete(
    authority: Authority, *, head: str, passed: bool
) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\nhalf".encode())
        await writer.drain()
        writer.transport.abort()

    async with serve(hang_up, tls=authority.server()) as server:
        result = await run_probe(HttpProbeConfig(url(server), ca=authority.file))
    assert result.passed is passed
    assert passed or result.reason == "closed in the middle of the answer"
