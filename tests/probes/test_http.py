"""The http check."""

import asyncio
import re
import socket
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from pyvrrp.config.model.configuration import HttpProbeConfig, StatusRange
from tests.probes.support import (
    HASTY,
    answers,
    endless,
    reason_at,
    resets,
    run_probe,
    says,
    serve,
    stays_silent,
    unused_port,
)

pytestmark = pytest.mark.asyncio

OK = b"HTTP/1.1 200 OK\r\n"


async def passes(probe: HttpProbeConfig) -> str:
    result = await run_probe(probe)
    assert result.passed, result.reason
    return result.reason


async def fails(probe: HttpProbeConfig) -> str:
    result = await run_probe(probe)
    assert not result.passed
    return result.reason


async def test_status_200_passes_with_the_time_it_took() -> None:
    async with serve(answers("200 OK", b"healthy")) as server:
        reason = await passes(HttpProbeConfig(server.url))
    assert re.fullmatch(r"HTTP 200 in [0-9.]+ ms", reason)


async def test_status_204_without_a_body_passes() -> None:
    async with serve(says(b"HTTP/1.1 204 No Content\r\n\r\n")) as server:
        assert (await passes(HttpProbeConfig(server.url))).startswith("HTTP 204 in ")


@pytest.mark.parametrize(
    "status", ["500 Internal Server Error", "503 Service Unavailable", "404 Not Found"]
)
async def test_a_wrong_status_fails_with_its_number(status: str) -> None:
    assert await reason_at(answers(status, b"sorry")) == f"HTTP {status[:3]}"


async def test_a_wrong_status_fails_before_the_body_is_read() -> None:
    behaviour = endless(b"HTTP/1.1 503 No\r\n\r\n", b"x" * 65536)
    assert await reason_at(behaviour) == "HTTP 503"


async def test_a_redirect_is_not_followed_and_its_status_counts() -> None:
    async with serve(answers("302 Found", b"", "Location: /elsewhere")) as server:
        assert await fails(HttpProbeConfig(server.url)) == "HTTP 302"
        wanted = HttpProbeConfig(server.url, status=(StatusRange(200, 200), StatusRange(302, 302)))
        assert (await passes(wanted)).startswith("HTTP 302 in ")
    assert len(server.requests) == 2


async def test_a_port_without_a_listener_refuses_the_connection() -> None:
    url = f"http://127.0.0.1:{unused_port()}/"
    assert await fails(HttpProbeConfig(url)) == "connection refused"


async def test_a_reset_without_a_response_fails() -> None:
    assert await reason_at(resets) == "connection reset"


async def test_a_close_without_a_response_fails() -> None:
    assert await reason_at(says()) == "closed without an answer"


@pytest.mark.parametrize(
    "piece",
    [
        OK,
        OK + b"Content-Length: 10\r\n\r\nhalf",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
async def test_a_close_during_the_response_fails(piece: bytes) -> None:
    assert await reason_at(says(piece)) == "closed in the middle of the answer"


async def test_a_server_that_never_answers_times_out_waiting_for_the_response() -> None:
    reason = await reason_at(stays_silent, HASTY)
    assert reason == "timed out after 300 ms waiting for the response"


async def test_one_byte_of_header_at_a_time_does_not_prolong_the_deadline() -> None:
    drip = says(*(bytes((byte,)) for byte in OK * 20), pause=0.05)
    assert await reason_at(drip, HASTY) == "timed out after 300 ms waiting for the response"


async def test_one_byte_of_body_at_a_time_does_not_prolong_the_deadline() -> None:
    drip = says(OK + b"Content-Length: 500\r\n\r\n", *([b"x"] * 500), pause=0.05)
    assert await reason_at(drip, HASTY) == "timed out after 300 ms reading the body"


async def test_more_than_16_interim_responses_fail() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert await reason_at(endless(b"", interim)) == "more than 16 interim responses (1xx)"
    assert await reason_at(says(interim * 16 + b"HTTP/1.1 500 x\r\n\r\n")) == "HTTP 500"


async def test_a_body_in_more_than_16384_pieces_fails() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    reason = await reason_at(endless(head, b"1\r\na\r\n" * 1000))
    assert reason == "body comes in more than 16384 pieces"


async def test_an_answer_that_never_ends_leaves_turns_for_other_probes() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    endless_body = says(head + b"1\r\na\r\n" * 16_000 + b"0\r\n\r\n")
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with serve(endless_body) as server:
        probing = asyncio.create_task(run_probe(HttpProbeConfig(server.url)))
        counting = asyncio.create_task(count())
        assert (await probing).passed
        counting.cancel()
    # One for every 64 pieces, and one for every 16 KiB.
    assert turns >= 250


async def test_an_endless_body_fails_at_1_mib() -> None:
    assert await reason_at(endless(OK + b"\r\n", b"x" * 65536)) == "body is larger than 1 MiB"


async def test_a_body_of_exactly_1_mib_passes() -> None:
    async with serve(answers("200 OK", b"x" * 1_048_576)) as server:
        await passes(HttpProbeConfig(server.url))


async def test_endless_headers_fail_at_64_kib() -> None:
    behaviour = endless(OK, b"X-Filler: " + b"x" * 1000 + b"\r\n")
    assert await reason_at(behaviour) == "headers are larger than 64 KiB"


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"SSH-2.0-x\r\n\r\n", "malformed answer: not HTTP but b'SSH-2.0-x"),
        (b"\x15\x03\x01\x00", "malformed answer: not HTTP but b'\\x15\\x03"),
        (b"HTTP/9\r\n\r\n", "malformed answer: illegal status line: "),
        (OK + b"no colon\r\n\r\n", "malformed answer: illegal header line: "),
        (OK + b"Content-Length: two\r\n\r\n", "malformed answer: bad Content-Length"),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            "malformed answer: illegal chunk header",
        ),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "malformed answer: Received"),
    ],
)
async def test_a_response_that_is_not_http_fails_with_a_reason(garbage: bytes, reason: str) -> None:
    assert (await reason_at(says(garbage))).startswith(reason)


async def test_text_from_a_server_in_a_reason_is_short_and_printable() -> None:
    reason = await reason_at(says(b"\x1b[31m" + b"A" * 5000 + b"\r\n\r\n"))
    assert reason.startswith("malformed answer: ")
    assert len(reason) < 200
    assert reason.isprintable()


async def test_100_continue_before_the_response_is_skipped() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    async with serve(says(interim, OK + b"Content-Length: 0\r\n\r\n")) as server:
        await passes(HttpProbeConfig(server.url))


async def test_a_chunked_body_is_decoded_before_it_is_checked() -> None:
    chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhea\r\n4\r\nlthy\r\n0\r\n\r\n"
    async with serve(says(chunked)) as server:
        await passes(HttpProbeConfig(server.url, body_regex="^healthy$"))


async def test_a_body_that_ends_with_the_connection_is_complete() -> None:
    async with serve(says(b"HTTP/1.0 200 OK\r\n\r\nhea", b"lthy")) as server:
        await passes(HttpProbeConfig(server.url, body_regex="^healthy$"))


async def test_a_server_that_keeps_the_connection_open_does_not_delay_the_probe() -> None:
    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 2\r\n\r\nok")
        await reader.read()

    async with serve(keep) as server:
        await passes(HttpProbeConfig(server.url))


async def test_a_body_that_does_not_match_fails_with_the_pattern() -> None:
    async with serve(answers("200 OK", b"maintenance")) as server:
        reason = await fails(HttpProbeConfig(server.url, body_regex="healthy|fine"))
    assert reason == "body does not match /healthy|fine/"


async def test_a_body_that_is_not_utf_8_can_still_be_matched() -> None:
    async with serve(answers("200 OK", b"\xff\xfe ok")) as server:
        await passes(HttpProbeConfig(server.url, body_regex="ok$"))


async def test_a_pattern_that_does_not_compile_fails() -> None:
    async with serve(answers("200 OK", b"ok")) as server:
        reason = await fails(HttpProbeConfig(server.url, body_regex="("))
    assert reason.startswith("/(/ is not a regular expression: ")


async def test_the_body_must_have_the_digest() -> None:
    # printf ok | sha256sum
    digest = "2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df"
    async with serve(answers("200 OK", b"ok")) as server:
        await passes(HttpProbeConfig(server.url, body_sha256=digest.upper()))
        reason = await fails(HttpProbeConfig(server.url, body_sha256="0" * 64))
    assert reason == f"body has another sha256: {digest}"


async def request_for(probe: HttpProbeConfig) -> list[str]:
    """Return the lines that *probe* sends to a server. The port in its URL is replaced."""
    async with serve(answers("200 OK")) as server:
        await passes(replace(probe, url=probe.url.replace(":1", f":{server.port}")))
        text = server.requests[0].decode().replace(f":{server.port}", ":1")
    return text.rstrip("\r\n").split("\r\n")


async def test_the_request_has_path_and_query_and_closes_the_connection() -> None:
    assert await request_for(HttpProbeConfig("http://127.0.0.1:1/a/b?c=d&e")) == [
        "GET /a/b?c=d&e HTTP/1.1",
        "Host: 127.0.0.1:1",
        "User-Agent: pyvrrp",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
    ]


async def test_a_url_without_a_path_requests_the_root() -> None:
    assert (await request_for(HttpProbeConfig("http://127.0.0.1:1")))[0] == "GET / HTTP/1.1"


async def test_the_request_has_the_configured_method_host_and_headers() -> None:
    probe = HttpProbeConfig(
        "http://127.0.0.1:1/",
        method="HEAD",
        host="www.example",
        headers=(("X-Check", "v"), ("user-agent", "watcher"), ("HOST", "ignored.example")),
    )
    lines = await request_for(probe)
    assert lines[:2] == ["HEAD / HTTP/1.1", "Host: www.example"]
    assert "X-Check: v" in lines
    assert [line for line in lines if line.lower().startswith("user-agent")] == [
        "user-agent: watcher"
    ]
    assert not any("ignored" in line for line in lines)


async def test_a_host_among_the_headers_replaces_that_of_the_url() -> None:
    probe = HttpProbeConfig("http://127.0.0.1:1/", headers=(("Host", "www.example"),))
    lines = await request_for(probe)
    assert [line for line in lines if line.startswith("Host")] == ["Host: www.example"]


async def test_the_response_to_head_has_no_body_in_spite_of_its_content_length() -> None:
    async with serve(says(OK + b"Content-Length: 9000000\r\n\r\n")) as server:
        await passes(HttpProbeConfig(server.url, method="HEAD"))


async def test_a_post_request_has_the_content_length_0() -> None:
    probe = HttpProbeConfig("http://127.0.0.1:1/", method="POST")
    assert "Content-Length: 0" in await request_for(probe)


async def test_a_header_that_cannot_be_sent_fails() -> None:
    async with serve(answers("200 OK")) as server:
        probe = HttpProbeConfig(server.url, headers=(("X", "a\r\nInjected: b"),))
        assert (await fails(probe)).startswith("cannot send this request: ")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http:///x", "http://127.0.0.1:99999/", "x"])
async def test_an_unusable_url_fails_and_is_named(url: str) -> None:
    assert (await fails(HttpProbeConfig(url))).startswith(f"bad URL {url}: ")


async def test_an_ipv6_address_is_used_and_has_brackets_in_host() -> None:
    async with serve(answers("200 OK"), host="::1") as server:
        await passes(HttpProbeConfig(f"http://[::1]:{server.port}/"))
    assert f"Host: [::1]:{server.port}\r\n".encode() in server.requests[0]
    assert server.peers == ["::1"]


async def test_a_zone_that_is_not_an_interface_fails() -> None:
    reason = await fails(HttpProbeConfig("http://[fe80::1%25nosuch0]:80/"))
    assert reason in {"no interface with this name", "no such interface"}


async def test_a_unix_socket_is_used_instead_of_the_network(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    async with serve(answers("200 OK"), unix=path) as server:
        await passes(HttpProbeConfig("http://app.example/health", unix_socket=path))
    assert server.requests[0].startswith(b"GET /health HTTP/1.1\r\nHost: app.example\r\n")


async def test_a_missing_unix_socket_fails(tmp_path: Path) -> None:
    probe = HttpProbeConfig("http://x/", unix_socket=tmp_path / "none.sock")
    assert await fails(probe) == "no such socket"


async def test_a_unix_socket_whose_backlog_is_full_times_out_connecting(tmp_path: Path) -> None:
    path = tmp_path / "full.sock"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(path))
        listener.listen(0)
        first.connect(str(path))
        result = await run_probe(HttpProbeConfig("http://x/", unix_socket=path), HASTY)
    assert result.reason == "timed out after 300 ms while connecting"


async def test_the_source_address_is_used() -> None:
    async with serve(answers("200 OK")) as server:
        await passes(HttpProbeConfig(server.url, source=ip_address("127.0.0.9")))
    assert server.peers == ["127.0.0.9"]


async def test_a_source_address_of_another_host_cannot_be_used() -> None:
    probe = HttpProbeConfig("http://127.0.0.1:1/", source=ip_address("192.0.2.77"))
    assert await fails(probe) == "cannot use source address 192.0.2.77: this host does not have it"


async def test_a_source_address_of_the_other_family_cannot_be_used() -> None:
    probe = HttpProbeConfig("http://127.0.0.1:1/", source=ip_address("::1"))
    assert await fails(probe) == "cannot use source address ::1: 127.0.0.1 has no IPv6 one"


async def test_the_response_to_connect_fails() -> None:
    async with serve(says(OK + b"\r\n")) as server:
        reason = await fails(HttpProbeConfig(server.url, method="CONNECT"))
    assert reason.startswith("malformed answer: unexpected")
