"""The client of etcd, with a real etcd and with servers that give wrong answers."""

import asyncio
import json
import os
import subprocess
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.etcd import cluster
from pyvrrp.clients.etcd.messages import Reply, message_of, reply_of, token_of
from pyvrrp.config.model.configuration import EtcdServers
from pyvrrp.ports import (
    EtcdAnswer,
    EtcdRequest,
    Found,
    Grant,
    Granted,
    Look,
    Record,
    Revoke,
    Revoked,
    Unanswered,
    Write,
    preemption_prefix,
)
from pyvrrp.probes.etcd import AsyncioEtcd
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from tests.probes.support import Behaviour, serve
from tests.support.etcd import etcd, free_port

pytestmark = [pytest.mark.asyncio]
LONG = Nanoseconds(60 * SECOND)  # no answer that a test waits for takes so long
HEADER = {"cluster_id": "5", "revision": "7"}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EtcdServers]:
    with etcd(tmp_path_factory.mktemp("etcd") / "data") as running:
        yield running


async def ask(
    client: AsyncioEtcd,
    servers: EtcdServers,
    request: EtcdRequest,
    patience: Nanoseconds = LONG,
) -> EtcdAnswer:
    answer: asyncio.Future[EtcdAnswer] = asyncio.get_running_loop().create_future()
    client.ask(servers, request, patience, answer.set_result)
    return await answer


@asynccontextmanager
async def client() -> AsyncIterator[AsyncioEtcd]:
    made = AsyncioEtcd()
    try:
        yield made
    finally:
        await made.close()


async def why(servers: EtcdServers, request: EtcdRequest, patience: Nanoseconds = LONG) -> str:
    async with client() as one:
        answer = await ask(one, servers, request, patience)
    assert isinstance(answer, Unanswered), answer
    return answer.reason


def answering(body: object, status: str = "200 OK") -> Behaviour:
    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(said)}\r\n\r\n".encode()
        writer.write(head + said)
        await writer.drain()

    return behave


@pytest.mark.interop
async def test_a_key_is_written_once_kept_and_released(servers: EtcdServers) -> None:
    async with client() as one:
        first, second = one.draw(), one.draw()
        assert await ask(one, servers, Grant(first, 60)) == Granted(60)
        taken = await ask(one, servers, Write("k/1", b"me", first, 0))
        assert isinstance(taken, Found)
        assert taken.written
        assert taken.record is not None
        assert (taken.record.value, taken.record.lease) == (b"me", first)
        assert await ask(one, servers, Grant(second, 60)) == Granted(60)
        refused = await ask(one, servers, Write("k/1", b"you", second, 0))
        assert refused == replace(taken, written=False)
        kept = await ask(one, servers, Write("k/1", b"me", second, taken.record.revision))
        assert isinstance(kept, Found)
        assert kept.record is not None
        assert (kept.written, kept.record.lease) == (True, second)
        assert await ask(one, servers, Revoke(first)) == Revoked()
        assert await ask(one, servers, Look("k/1")) == replace(kept, written=False)
        assert await ask(one, servers, Revoke(second)) == Revoked()
        assert await ask(one, servers, Look("k/1")) == Found(None)


@pytest.mark.interop
async def test_wishes_are_returned_with_their_key_only(servers: EtcdServers) -> None:
    async with client() as one:
        lease = one.draw()
        await ask(one, servers, Grant(lease, 60))
        for key in ("192.0.2.1", "192.0.2.10", "192.0.2.1-x"):
            await ask(one, servers, Write(preemption_prefix(key) + "n2", key.encode(), lease, None))
        found = await ask(one, servers, Look("192.0.2.1"))
        assert isinstance(found, Found)
        assert [wish.value for wish in found.preemption_requests] == [b"192.0.2.1"]


@pytest.mark.interop
async def test_a_lease_can_be_granted_twice_with_the_same_number(servers: EtcdServers) -> None:
    async with client() as one:
        lease = one.draw()
        assert await ask(one, servers, Grant(lease, 60)) == Granted(60)
        assert await ask(one, servers, Grant(lease, 60)) == Granted(60)


@pytest.mark.interop
async def test_a_lease_that_does_not_exist_counts_as_revoked_and_cannot_hold_a_key(
    servers: EtcdServers,
) -> None:
    async with client() as one:
        assert await ask(one, servers, Revoke(one.draw())) == Revoked()
    said = await why(servers, Write("k/2", b"", 4711, 0))
    assert said.endswith("etcdserver: requested lease not found")


@pytest.mark.interop
async def test_the_ttl_that_etcd_grants_is_returned(servers: EtcdServers) -> None:
    async with client() as one:
        assert await ask(one, servers, Grant(one.draw(), 1)) == Granted(2)


@pytest.mark.interop
async def test_the_member_that_answered_is_asked_first_the_next_time(
    servers: EtcdServers,
) -> None:
    async with serve(answering(b"no")) as garbage:
        both = EtcdServers((garbage.url.rstrip("/"), *servers.endpoints))
        async with client() as one:
            for _ in range(3):
                assert await ask(one, both, Look("k/3")) == Found(None)
        assert len(garbage.requests) == 1


@pytest.mark.interop
async def test_if_a_member_hangs_there_is_time_for_the_others(servers: EtcdServers) -> None:
    async def hang(_: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with serve(hang) as stuck, client() as one:
        both = EtcdServers((stuck.url.rstrip("/"), *servers.endpoints))
        assert await ask(one, both, Look("k/4"), Nanoseconds(2 * SECOND)) == Found(None)


@pytest.mark.parametrize("code", [[], {}, "5", 5.0, None, True])
@pytest.mark.parametrize("status", ["400 Bad", "503 No"])
async def test_a_member_with_odd_types_does_not_hide_the_others(code: object, status: str) -> None:
    odd = answering({"error": "upstream", "message": ["x"], "code": code}, status)
    granted = answering({"header": HEADER, "ID": "7", "TTL": "10"})
    async with serve(odd) as one, serve(granted) as other, client() as asking:
        both = EtcdServers((one.url.rstrip("/"), other.url.rstrip("/")))
        for _ in range(3):
            assert await ask(asking, both, Grant(7, 10)) == Granted(10)


async def test_a_defect_at_one_member_does_not_hide_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = reply_of
    asked = 0

    def broken(request: EtcdRequest, status: int, body: bytes) -> Reply:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise TypeError("a defect")
        return real(request, status, body)

    monkeypatch.setattr(cluster, "reply_of", broken)
    granted = answering({"header": HEADER, "ID": "7", "TTL": "10"})
    async with serve(granted) as one, serve(granted) as other, client() as asking:
        both = EtcdServers((one.url.rstrip("/"), other.url.rstrip("/")))
        assert await ask(asking, both, Grant(7, 10)) == Granted(10)


async def test_an_odd_record_among_the_requests_of_others_is_left_out() -> None:
    good = {"key": "ay93aXNoL24y", "value": "e30=", "mod_revision": "3"}
    odd = [5, {}, {"key": "/w==", "mod_revision": "1"}, {"key": 7, "mod_revision": "1"}]
    long = {"key": "YQ==", "value": b64encode(b"x" * 5000).decode(), "mod_revision": "1"}
    ranges = [{"response_range": {}}, {"response_range": {"kvs": [*odd, good, long]}}]
    body = {"header": HEADER, "succeeded": True, "responses": ranges}
    async with serve(answering(body)) as server, client() as asking:
        found = await ask(asking, EtcdServers((server.url.rstrip("/"),)), Look("k"))
    assert isinstance(found, Found)
    assert found.preemption_requests == (
        Record("k/wish/n2", b"{}", 3, 0),
        Record("a", b"x" * 1024, 1, 0),
    )


async def test_the_reasons_of_all_members_are_returned() -> None:
    ports = [free_port() for _ in range(2)]
    urls = tuple(f"http://127.0.0.1:{port}" for port in ports)
    assert await why(EtcdServers(urls), Look("k")) == (
        f"{urls[0]}: connection refused; {urls[1]}: connection refused"
    )


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (answering(b"\x00\xff"), "malformed answer: not JSON but b'\\x00\\xff'"),
        (answering([]), "malformed answer: the answer is no object"),
        (answering({}), "malformed answer: not what was asked for"),
        (answering({"header": 5}), "malformed answer: header is no object"),
        (answering({"header": {"cluster_id": "x"}}), "malformed answer: cluster_id is no number"),
        (answering({"responses": 5}), "malformed answer: responses is no array"),
        (answering(b"", "500 Internal Server Error"), "HTTP 500"),
        (answering(b"<html>", "302 Found"), "HTTP 302"),
        (
            answering({"error": "x", "message": "etcdserver: no leader", "code": 14}, "503 No"),
            "HTTP 503: etcdserver: no leader",
        ),
        (
            answering({"message": "etcdserver: user name is empty", "code": 3}, "400 Bad"),
            "HTTP 400: etcdserver: user name is empty; set user and password_file in the check",
        ),
        (answering(b"x" * 2_000_000), "body is larger than 1 MiB"),
        (answering({"header": {"cluster_id": True}}), "malformed answer: cluster_id is no number"),
        (answering({"header": {"cluster_id": "1_0"}}), "malformed answer: cluster_id is no number"),
        (answering({"header": {"cluster_id": [1]}}), "malformed answer: cluster_id is no number"),
        (answering({"error": "no", "code": []}, "503 No"), "HTTP 503: no"),
        (answering({"error": {}, "code": {}}, "503 No"), "HTTP 503"),
        (answering({"responses": [5, 6]}), "malformed answer: responses is no object"),
        (answering(b"[" * 100_000), "malformed answer: not JSON but b'[[[[[[[[[[[[[[[[[[[[[[[['"),
        (
            answering({"responses": [{"response_range": {"kvs": [{"key": {}}]}}] * 2}),
            "malformed answer: a key without a revision",
        ),
    ],
)
async def test_an_unusable_answer_gives_a_reason(behaviour: Behaviour, reason: str) -> None:
    async with serve(behaviour) as server:
        url = server.url.rstrip("/")
        assert await why(EtcdServers((url,)), Look("k")) == f"{url}: {reason}"


async def test_an_answer_that_comes_octet_by_octet_ends_at_the_deadline() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"{")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serve(drip) as server:
        began = asyncio.get_running_loop().time()
        said = await why(
            EtcdServers((server.url.rstrip("/"),)), Look("k"), Nanoseconds(200 * MILLISECOND)
        )
        assert asyncio.get_running_loop().time() - began < 2
        assert "no answer" in said


async def test_an_incomplete_answer_is_not_used() -> None:
    async def half(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"header"')
        await writer.drain()
        writer.close()

    async with serve(half) as server:
        said = await why(EtcdServers((server.url.rstrip("/"),)), Look("k"))
        assert said.endswith("closed in the middle of the answer")


@pytest.mark.interop
async def test_the_answer_of_a_member_of_another_cluster_is_not_used(servers: EtcdServers) -> None:
    ranges: list[object] = [{"response_range": {}}, {"response_range": {}}]
    other = answering({"header": HEADER, "responses": ranges})
    async with serve(other) as stranger, client() as one:
        urls = (*servers.endpoints, stranger.url.rstrip("/"))
        assert await ask(one, EtcdServers(urls), Look("k/5")) == Found(None)
        clusters = one._clusters._states[EtcdServers(urls)]
        clusters.member = 1
        assert await ask(one, EtcdServers(urls), Look("k/5")) == Found(None)
        assert len(stranger.requests) == 1
        clusters.member, clusters.answered_at = 1, 0.0
        assert await ask(one, EtcdServers(urls), Look("k/5")) == Found(None)
        assert clusters.cluster == 5


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (Grant(7, 10), {"ID": "8", "TTL": "10"}),
        (Grant(7, 10), {"ID": "7"}),
        (Grant(7, 10), {"ID": "7", "TTL": "-5"}),
        (Grant(7, 10), {"ID": "7", "TTL": "99999999999999999999999"}),
        (Grant(7, 10), {"ID": [], "TTL": "5"}),
        (Look("k"), {"responses": [{"response_range": {"kvs": [5]}}, {"response_range": {}}]}),
        (Look("k"), {"responses": [{"response_range": {"kvs": [{}]}}, {"response_range": {}}]}),
        (
            Look("k"),
            {
                "responses": [
                    {"response_range": {"kvs": [{"key": "%", "mod_revision": "4"}]}},
                    {"response_range": {}},
                ]
            },
        ),
        (
            Look("k"),
            {
                "responses": [
                    {"response_range": {"kvs": [{"key": "/w==", "mod_revision": "4"}]}},
                    {"response_range": {}},
                ]
            },
        ),
        (
            Write("k", b"v", 7, 3),
            {"succeeded": True, "responses": [{"response_range": {}}, {"response_range": {}}]},
        ),
        (
            Write("k", b"v", 7, None),
            {"responses": [{"response_range": {}}, {"response_range": {}}]},
        ),
    ],
)
async def test_impossible_answers_are_refused(request_: EtcdRequest, answer: object) -> None:
    with pytest.raises(ProbeError, match="malformed answer: "):
        reply_of(request_, 200, json.dumps(answer).encode())


async def test_a_write_is_one_transaction() -> None:
    message = message_of(Write("a", b"b", 9, 4))
    fields = json.loads(message.body)
    assert message.path == "/v3/kv/txn"
    assert fields["compare"] == [
        {"key": "YQ==", "target": "MOD", "result": "EQUAL", "mod_revision": "4"}
    ]
    assert fields["success"][0] == {"request_put": {"key": "YQ==", "value": "Yg==", "lease": "9"}}


async def test_drawn_numbers_have_63_bits_and_are_not_zero() -> None:
    drawn = [AsyncioEtcd().draw() for _ in range(1000)]
    assert len(set(drawn)) == 1000
    assert all(0 < number < 2**63 for number in drawn)


@pytest.mark.interop
async def test_a_cancelled_request_reports_nothing(servers: EtcdServers) -> None:
    answers: list[EtcdAnswer] = []
    async with client() as one:
        handle = one.ask(servers, Look("k"), SECOND, answers.append)
        handle.cancel()
        handle.cancel()
        await asyncio.sleep(0.05)
    assert answers == []


@pytest.mark.interop
async def test_tls_needs_the_right_ca(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    extra = ("--cert-file", str(tmp_path / "cert.pem"), "--key-file", str(tmp_path / "key.pem"))
    mutual = (*extra, "--trusted-ca-file", str(tmp_path / "ca.pem"), "--client-cert-auth")
    with etcd(tmp_path / "data", scheme="https", extra=mutual) as bare:
        known = replace(bare, ca=tmp_path / "ca.pem")
        shown = replace(known, certificate=tmp_path / "cert.pem", private_key=tmp_path / "key.pem")
        assert "unknown CA" in await why(bare, Look("k"))
        assert "TLS: " in await why(known, Look("k"))
        async with client() as one:
            assert await ask(one, shown, Look("k")) == Found(None)


@pytest.mark.interop
async def test_the_client_logs_in_and_gets_a_new_token_when_the_old_one_is_invalid(
    tmp_path: Path,
) -> None:
    password = tmp_path / "password"
    password.write_text("secret\nsecond line\n")
    with etcd(tmp_path / "data") as bare:
        url = bare.endpoints[0]
        for command in (
            "user add root:secret",
            "user grant-role root root",
            "user add pyvrrp:secret",
            "role add ha",
            "role grant-permission ha readwrite --prefix k/",
            "user grant-role pyvrrp ha",
            "auth enable",
        ):
            subprocess.run(
                ["etcdctl", "--endpoints", url, *command.split()],
                env={**os.environ, "ETCDCTL_API": "3"},
                check=True,
                capture_output=True,
            )
        known = replace(bare, user="pyvrrp", password_file=password)
        assert "user name is empty" in await why(bare, Look("k/1"))
        async with client() as one:
            lease = one.draw()
            assert await ask(one, known, Grant(lease, 60)) == Granted(60)
            written = await ask(one, known, Write("k/1", b"me", lease, 0))
            assert isinstance(written, Found)
            assert written.written
            one._clusters._states[known].token = "no token any more"
            assert await ask(one, known, Look("k/1")) == replace(written, written=False)
            assert await ask(one, known, Revoke(lease)) == Revoked()
        said = await why(known, Look("other"))
        assert said.endswith("permission denied; the role of this user does not cover the key")
        password.write_text("wrong")
        assert "wrong user or password" in await why(known, Look("k/1"))
        password.write_text("")
        assert "has no password on its first line" in await why(known, Look("k/1"))
        password.unlink()
        assert "cannot read" in await why(known, Look("k/1"))


async def test_an_answer_to_the_log_in_without_a_token_is_refused() -> None:
    with pytest.raises(ProbeError, match="no token"):
        token_of(200, b"{}")
    with pytest.raises(ProbeError, match="HTTP 503 to the log-in"):
        token_of(503, b"")
