"""The daemon as docs/pyvrrp.service runs it: no root, CAP_NET_ADMIN and CAP_NET_RAW alone."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.kernel.wire import Wire, addresses, ip, wire
from tests.support.patience import PATIENCE

pytestmark = [pytest.mark.kernel]

NOBODY = 65534
UNIT = ROOT / "docs" / "pyvrrp.service"
CAPABILITIES = "-all,+net_admin,+net_raw"
# What the kernel then shows in /proc/PID/status: bits 12 and 13.
MASK = "0000000000003000"
# That of this run may be for its owner alone, as below /root.
INTERPRETERS = (os.path.realpath(sys.executable), "/usr/bin/python3")
AS_NOBODY = (
    *("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"),
    *("--no-new-privs", "--inh-caps", CAPABILITIES, "--ambient-caps", CAPABILITIES),
    *("--bounding-set", CAPABILITIES),
)


@dataclass(frozen=True)
class Stage:
    """A directory that anybody may read: a checkout below /root is not."""

    directory: Path
    interpreter: str

    @property
    def socket(self) -> Path:
        return self.directory / "run" / "control.sock"

    def command(self, *words: str) -> list[str]:
        return [self.interpreter, "-m", "pyvrrp", *words]

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.directory), "PATH": os.environ["PATH"]}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    directory = Path(tempfile.mkdtemp(prefix="pyvrrp-nobody-"))
    try:
        directory.chmod(0o755)
        for package in ("pyvrrp", "h11"):
            found = importlib.util.find_spec(package)
            assert found is not None
            assert found.origin is not None
            shutil.copytree(Path(found.origin).parent, directory / package)
        run = directory / "run"
        run.mkdir()
        os.chown(run, NOBODY, NOBODY)
        made = [Stage(directory, interpreter) for interpreter in INTERPRETERS]
        usable = next((one for one in made if runs_for_nobody(one)), None)
        if usable is None:
            pytest.fail(f"only their owner may run {' and '.join(INTERPRETERS)}")
        yield usable
    finally:
        shutil.rmtree(directory)


def runs_for_nobody(made: Stage) -> bool:
    command = [*AS_NOBODY, *made.command("run", "--help")]
    done = subprocess.run(
        command, check=False, capture_output=True, env=made.environment, cwd="/", timeout=30
    )
    return done.returncode == 0


@contextmanager
def daemon(made: Stage, here: Wire, *flags: str) -> Iterator["subprocess.Popen[str]"]:
    words = ("run", "--interface", "e0", "--vrid", "7", "--control-socket", str(made.socket))
    command = ("ip", "netns", "exec", here.left, *AS_NOBODY, *made.command(*words, *flags))
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=made.environment,
        cwd="/",
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


def status(made: Stage) -> dict[str, object]:
    done = subprocess.run(
        made.command("status", "--json", "--socket", str(made.socket)),
        capture_output=True,
        text=True,
        check=False,
        env=made.environment,
        cwd="/",
        timeout=30,
    )
    if done.returncode:
        return {}
    (router,) = json.loads(done.stdout)["virtual_routers"]
    assert isinstance(router, dict)
    return router


def until(
    true: Callable[[], bool], process: "subprocess.Popen[str]", patience: float = PATIENCE
) -> None:
    deadline = time.monotonic() + patience
    while not true():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def kernel_says(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def guardian_of(pid: int) -> int:
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def test_a_daemon_without_root_becomes_master_and_leaves_nothing_behind(stage: Stage) -> None:
    flags = ("--address", "10.9.0.100/24", "--interval", "100ms")
    with wire() as here, daemon(stage, here, *flags) as process:
        until(lambda: status(stage).get("state") == "MASTER", process)
        until(lambda: "10.9.0.100/24" in addresses(here.left), process)
        shown = kernel_says(process.pid)
        assert shown["Uid"].split() == [str(NOBODY)] * 4
        assert {shown[key] for key in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {MASK}
        assert shown["NoNewPrivs"] == "1"
        process.terminate()
        said = process.communicate(timeout=15)[0]
        assert process.returncode == 0, said
        assert addresses(here.left) == ["10.9.0.1/24"]
        assert said.splitlines()[-1].endswith("pyvrrp: stopped")
        assert "ERROR" not in said


def test_its_guardian_needs_no_more_and_removes_the_address_when_it_is_killed(
    stage: Stage,
) -> None:
    # Without a lease nobody but the guardian could have done it.
    flags = ("--address", "10.9.0.100/24", "--interval", "100ms", "--lease", "off")
    with wire() as here, daemon(stage, here, *flags) as process:
        until(lambda: "10.9.0.100/24" in addresses(here.left), process)
        guardian = guardian_of(process.pid)
        process.kill()
        process.wait(10)
        deadline = time.monotonic() + PATIENCE
        while "10.9.0.100/24" in addresses(here.left):
            assert time.monotonic() < deadline, "the guardian left the address there"
            time.sleep(0.01)
        with suppress(FileNotFoundError):  # then it has gone
            while kernel_says(guardian)["State"][0] not in "ZX":
                assert time.monotonic() < deadline, "the guardian stays"
                time.sleep(0.01)


def test_ipv6_needs_no_more(stage: Stage) -> None:
    flags = ("--address", "2001:db8::100/64", "--address", "fe80::100/64", "--interval", "100ms")
    with wire() as here:
        with daemon(stage, here, *flags) as process:
            until(lambda: status(stage).get("state") == "MASTER", process)
            until(lambda: "2001:db8::100/64" in addresses(here.left), process)
            process.terminate()
            assert process.wait(15) == 0
        assert "2001:db8::100" not in ip("-n", here.left, "-6", "addr", "show", "dev", "e0")


def test_a_daemon_without_capabilities_says_which_are_missing(stage: Stage) -> None:
    done = subprocess.run(
        [
            *("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"),
            *stage.command("run", "--interface", "lo", "--vrid", "7", "--address", "192.0.2.10"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=stage.environment,
        cwd="/",
        timeout=30,
    )
    assert done.returncode == 3
    assert done.stderr == (
        "pyvrrp: not enough privileges: CAP_NET_ADMIN (to add and remove addresses) and "
        "CAP_NET_RAW (to send and receive advertisements) missing: run as root, or grant with "
        "systemd's AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW and the same in "
        "CapabilityBoundingSet\n"
    )


def settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_the_unit_grants_exactly_what_is_proved_here() -> None:
    unit = settings()
    assert unit["AmbientCapabilities"] == ["CAP_NET_ADMIN CAP_NET_RAW"]
    assert unit["CapabilityBoundingSet"] == ["CAP_NET_ADMIN CAP_NET_RAW"]
    assert unit["NoNewPrivileges"] == ["yes"]
    # With "mixed" systemd would kill the guardian before it has removed the addresses.
    assert unit["KillMode"] == ["control-group"]


def test_systemd_gives_the_unit_less_than_3_0_points_of_exposure() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=29", "--no-pager", UNIT],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Overall exposure level for pyvrrp.service: " in done.stdout, done.stderr
    assert done.returncode == 0, done.stdout  # it is 1 above the threshold


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = UNIT.read_text(encoding="utf-8")
    # systemd looks whether the program is there; /opt is the operator's.
    runnable = unit.replace("=/opt/pyvrrp/bin/pyvrrp", "=/bin/true")
    assert runnable != unit
    copy = tmp_path / "pyvrrp.service"
    copy.write_text(runnable, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
