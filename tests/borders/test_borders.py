"""A hostile text through every border: it reaches no terminal, log or event as it is."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest

from pyvrrp.cli.main import main
from pyvrrp.clients.processes.resource_commands import AsyncioCommands
from pyvrrp.config.files.load import load
from pyvrrp.config.model.configuration import ExecProbeConfig, HttpProbeConfig
from pyvrrp.daemon.control_socket import ControlSocket, Request
from pyvrrp.daemon.logs import as_json, as_systemd, as_text
from pyvrrp.daemon.snapshot import Snapshots
from pyvrrp.daemon.state_file import StateFile
from pyvrrp.errors import ConfigurationError, KernelError
from pyvrrp.net.guardian.parent import GuardianProcess
from pyvrrp.net.guardian.port import GuardianPort
from pyvrrp.net.guardian.records import StopRecord, read_registration, registration
from pyvrrp.net.system import discovery
from pyvrrp.ports import Command, CommandResult, Record, StopOrder
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.etcd_lease.records import holder_in_words
from pyvrrp.units import SECOND, Nanoseconds
from tests.borders.nasty import OCTETS, TEXTS, is_harmless
from tests.probes.support import answers, run_probe, says, serve
from tests.support.cluster import Cluster
from tests.support.machine import resource
from tests.support.programs import script

LONG = Nanoseconds(20 * SECOND)
any_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
any_octets = pytest.mark.parametrize("octets", OCTETS.values(), ids=OCTETS)


def harmless_json(value: object) -> bool:
    match value:
        case str():
            return is_harmless(value)
        case list():
            return all(map(harmless_json, value))
        case dict():
            return all(is_harmless(key) and harmless_json(inner) for key, inner in value.items())
        case _:
            return True


# --- programs ---


@pytest.mark.asyncio
@any_octets
async def test_the_output_of_an_exec_check(root_only: Path, octets: bytes) -> None:
    (root_only / "said").write_bytes(octets)
    program = script(root_only / "check", f"#!/bin/sh\ncat {root_only}/said; exit 1\n")
    result = await run_probe(ExecProbeConfig((str(program),), check="web", node="n1"))
    assert not result.passed
    assert is_harmless(result.reason)


@pytest.mark.asyncio
@any_octets
async def test_the_output_of_a_resource(root_only: Path, octets: bytes) -> None:
    (root_only / "said").write_bytes(octets)
    command = Command(("/bin/cat", str(root_only / "said")), ())
    ended: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
    AsyncioCommands().run(command, LONG, ended.set_result)
    output = (await ended).output
    assert output
    assert all(line.isprintable() for line in output.split("\n"))


@pytest.mark.asyncio
@any_text
async def test_a_command_starts_whatever_stands_in_its_environment(text: str) -> None:
    told = tuple((name, text) for name in ("PYVRRP_REASON", "PYVRRP_PEER", "OCF_RESKEY_x"))
    command = Command(("/usr/bin/env",), (*told, ("PYVRRP_ACTION", "stop")))
    ended: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
    AsyncioCommands().run(command, LONG, ended.set_result)
    result = await ended
    assert (result.status, result.trouble) == (0, "")
    assert "PYVRRP_ACTION=stop" in result.output.split("\n")


@any_text
def test_the_guardian_can_be_told_of_a_stop_whatever_stands_in_its_environment(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[StopRecord] = []
    monkeypatch.setattr(GuardianProcess, "register", lambda _, order: told.append(order))
    guardian = GuardianProcess.fork()
    try:
        stop = Command(("/bin/true",), (("PYVRRP_REASON", text),))
        GuardianPort(guardian).register(StopOrder("web", "db", stop, LONG, None, LONG))
    finally:
        guardian.close()
    order = read_registration(registration(told[0])[5:])
    ((_, reason),) = order.environment
    assert is_harmless(reason, 33_000)


@any_text
def test_what_a_resource_says_in_status_events_logs_and_environments(text: str) -> None:
    cluster = Cluster()
    node = cluster.node(100, resources=(resource("disk"), resource("db")))
    node.host.machine.behave("db", "start", 1, says=text)
    cluster.run(7)  # a few seconds after the failure: the node stays away
    assert node.host.machine.done()[-2:] == ["db stop", "disk stop"]
    for told in node.host.machine.environments.values():
        assert all(map(is_harmless, told.values()))
    taken = Snapshots(node.supervisor, cluster.clock).take(Nanoseconds(0))
    assert "does not start" in json.dumps(taken)
    assert harmless_json(taken)
    for event in node.journal.events():
        assert is_harmless(event.text)
        for line in (as_text(0.5, event), as_systemd(0.5, event), as_json(0.5, event)):
            assert line.endswith("\n")
            assert line[:-1].isprintable()
            assert len(line) < 3000


# --- servers ---


@pytest.mark.asyncio
@any_octets
async def test_an_http_answer(octets: bytes) -> None:
    for behaviour in (
        says(octets),
        says(b"HTTP/1.1 500 " + octets + b"\r\n\r\n"),
        says(b"HTTP/1.1 200 OK\r\nX-" + octets + b": 1\r\n\r\n"),
        says(b"HTTP/1.1 302 Found\r\nLocation: " + octets + b"\r\n\r\n"),
        answers("200 OK", octets),
    ):
        async with serve(behaviour) as server:
            result = await run_probe(HttpProbeConfig(server.url, body_regex="healthy"))
        assert not result.passed
        assert is_harmless(result.reason)


@any_octets
def test_a_record_in_etcd(octets: bytes) -> None:
    assert is_harmless(holder_in_words(Record("key", octets, 1, 1)))
    named = {"node": octets.decode(errors="surrogateescape"), "priority": 100, "life": "1"}
    assert is_harmless(holder_in_words(Record("key", json.dumps(named).encode(), 1, 1)))


# --- the control socket ---


@pytest.mark.asyncio
@any_text
async def test_a_control_request(tmp_path: Path, text: str) -> None:
    control = ControlSocket(tmp_path / "s", {})
    await control.open()
    try:
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write(json.dumps({"command": text[:1000]}).encode() + b"\n")
        answer = json.loads(await reader.readline())
        writer.close()
        assert is_harmless(answer["error"])
    finally:
        await control.close()


@any_text
@pytest.mark.parametrize("command", ["status", "drain", "resign", "announce"])
def test_the_answer_of_a_daemon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, command: str
) -> None:
    text = text[:5000]
    router: dict[str, Json] = {
        "name": text, "state": text, "reason": text, "master": text, "family": text,
        "interface": text, "links": [{"interface": text, "peers": [text], "lost": text}],
        "checks": [{"name": text, "reason": text}], "counters": {text: 1},
        "resources": [{"name": text, "state": text, "reason": text}],
        "collisions": [{"sender": text, "addresses": [text]}], "addresses": [{"address": text}],
        "group": {"name": text, "members": [text]}, "etcd_lease": {"key": text, "phase": text},
    }  # fmt: skip
    answer: dict[str, Json] = {
        "node": text, "version": text, "virtual_routers": [router], "changed": [text],
    }  # fmt: skip

    async def tell(_request: Request) -> dict[str, Json]:
        return answer

    async def serve_and_ask() -> None:
        control = ControlSocket(tmp_path / "s", {"status": tell, command: tell})
        await control.open()
        try:
            words = [command, "--socket", str(tmp_path / "s")]
            await asyncio.to_thread(main, words)
            await asyncio.to_thread(main, [*words, "--json"])
        finally:
            await control.close()

    asyncio.run(serve_and_ask())
    shown = capsys.readouterr()
    assert all(line.isprintable() for line in (shown.out + shown.err).split("\n"))


@pytest.mark.parametrize(
    "router",
    [
        {"timers": {"master_down_interval_ms": "soon", "advertisement_interval_ms": []}},
        {"fence": {"held_down_ms": "long"}},
        {"group": {"name": "g", "members": 5}},
        {"since": 1e308},
    ],
)
def test_an_answer_with_values_of_other_types_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], router: dict[str, Json]
) -> None:
    async def tell(_request: Request) -> dict[str, Json]:
        return {"virtual_routers": [router]}

    async def serve_and_ask() -> int:
        control = ControlSocket(tmp_path / "s", {"status": tell})
        await control.open()
        try:
            return await asyncio.to_thread(main, ["status", "--socket", str(tmp_path / "s")])
        finally:
            await control.close()

    if asyncio.run(serve_and_ask()) != 0:
        assert "gave no usable answer" in capsys.readouterr().err


# --- files and names ---


@any_text
def test_a_configuration_with_it_in_every_name(tmp_path: Path, text: str) -> None:
    quoted = json.dumps(text[:3000].encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    file = tmp_path / "pyvrrp.toml"
    file.write_text(
        f"node = {quoted}\ncontrol_socket = {quoted}\n{quoted} = 1\n[[virtual_router]]\n"
        f"name = {quoted}\ninterface = {quoted}\nnetns = {quoted}\n{quoted} = 1\nvrid = 51\n"
        f"addresses = [{quoted}]\ngroup = {quoted}\nresources = [{quoted}]\nchecks = [{quoted}]\n"
        f"[check.{quoted}]\nhttp = {quoted}\nexec = {quoted}\nprocess = {quoted}\n"
        f"[resource.{quoted}]\nagent = {quoted}\nparameters = {{ {quoted} = {quoted} }}\n"
    )
    with pytest.raises(ConfigurationError) as refused:
        load(file, hostname=text)
    assert all(is_harmless(str(problem)) for problem in refused.value.problems)


@any_text
def test_a_host_name_that_is_no_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pyvrrp.toml"
    file.write_text("[[virtual_router]]\nname = 'web'\n")
    with pytest.raises(ConfigurationError) as refused:
        load(file, hostname=text)
    assert all(is_harmless(str(problem)) for problem in refused.value.problems)


def test_a_variable_that_is_not_utf_8_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "pyvrrp.toml"
    file.write_text("[resource.db]\nagent = 'ocf:x:y'\nparameters = { a = '${SECRET}' }\n")
    with pytest.raises(ConfigurationError, match="variable SECRET is not UTF-8"):
        load(file, hostname="n1", environment={"SECRET": os.fsdecode(b"\xff")})


def test_a_word_that_no_program_can_be_given_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pyvrrp.toml"
    file.write_text('[resource.db]\nagent = "lsb:db"\narguments = ["a\\u0000b"]\n')
    with pytest.raises(ConfigurationError, match="without a zero"):
        load(file, hostname="n1")


def test_parameters_that_no_program_can_be_given_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "pyvrrp.toml"
    long = "x" * 32_000
    many = ", ".join(f'p{number} = "{long}"' for number in range(5))
    file.write_text(
        f'[resource.db]\nagent = "ocf:x:y"\nparameters = {{ a = "{long}{long}" }}\n'
        f'[resource.web]\nagent = "ocf:x:y"\nparameters = {{ {many} }}\n'
    )
    with pytest.raises(ConfigurationError) as refused:
        load(file, hostname="n1")
    assert "resource.db.parameters.a: must have at most 32768 octets" in str(refused.value)
    assert "resource.web.parameters: must have at most 131072 octets" in str(refused.value)


def test_the_name_of_a_further_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyvrrp.toml").write_text("")
    further = tmp_path / "pyvrrp.d"
    further.mkdir()
    (further / "\x1b[2J\n\x9b\udcff.toml").write_text("[")
    assert main(["check", str(tmp_path / "pyvrrp.toml")]) == 2
    assert all(line.isprintable() for line in capsys.readouterr().out.split("\n"))


@any_octets
def test_a_state_file(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "n1.json"
    path.write_bytes(octets)
    with pytest.raises(KernelError) as refused:
        StateFile(path).read()
    assert is_harmless(str(refused.value))


def test_the_name_of_an_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "\x1b[2J\x9b\u202e"
    monkeypatch.setattr("netifaces.interfaces", lambda: [name])
    monkeypatch.setattr("netifaces.ifaddresses", lambda asked: {} if asked == name else None)
    monkeypatch.setattr("netifaces.gateways", dict)
    assert [one.name for one in discovery.list_interfaces()] == [r"\x1b[2J\x9b\u202e"]


@pytest.mark.kernel
def test_the_real_name_of_an_interface() -> None:
    netns = f"text-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", netns], check=True)
    try:
        names = (os.fsdecode(b"a\x1b[2J\x9b"), "\u202eb")
        made = ["ip", "-n", netns, "link", "add", names[0], "type", "veth"]
        subprocess.run([*made, "peer", "name", names[1]], check=True)
        asked = ["ip", "netns", "exec", netns, "pyvrrp", "interfaces"]
        done = subprocess.run(asked, check=False, capture_output=True, timeout=30)
        said = (done.stdout + done.stderr).decode()
        assert all(line.isprintable() for line in said.split("\n")), said
    finally:
        subprocess.run(["ip", "netns", "del", netns], check=True)
