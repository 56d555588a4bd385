"""What outlives the daemon: written as a whole, and never guessed at."""

import contextlib
import errno
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pyvrrp.daemon.state_file import StateFile
from pyvrrp.errors import KernelError


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "new" / "n1.json")
    assert state.read() == frozenset()
    state.write({"web", "db"})
    assert state.read() == {"db", "web"}
    assert json.loads(state.path.read_text()) == {"drained": ["db", "web"]}
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o600
    state.write(())
    assert state.read() == frozenset()
    assert [entry.name for entry in state.path.parent.iterdir()] == ["n1.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"drained": "web"}',
        b'{"drained": [1]}',
        b"[" * 100_000,
        b" " * 1024 * 1024 + b'{"drained": []} ',
    ],
    ids=["empty", "binary", "array", "no key", "text", "numbers", "deep", "large"],
)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "n1.json"
    path.write_bytes(content)
    with pytest.raises(KernelError, match=f"the state file {path} is damaged"):
        StateFile(path).read()


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match="is a directory: nobody can tell"):
        StateFile(tmp_path).read()


def test_a_directory_that_cannot_be_made_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KernelError, match=r"cannot write the state file .*: File exists"):
        StateFile(tmp_path / "file" / "n1.json").write({"web"})


def test_what_cannot_be_written_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = StateFile(tmp_path / "n1.json")
    state.write({"web"})
    monkeypatch.setattr("os.urandom", bytes)  # so that the name can be guessed
    (tmp_path / ".n1.json.0000000000000000.new").mkdir()
    with pytest.raises(KernelError, match=r"cannot write the state file .*: File exists"):
        state.write({"web", "db"})
    assert state.read() == {"web"}


def test_half_a_file_is_not_left_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = StateFile(tmp_path / "n1.json")
    state.write({"web"})

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(KernelError, match="No space left on device"):
        state.write({"web", "db"})
    assert [file.name for file in tmp_path.iterdir()] == ["n1.json"]
    assert state.read() == {"web"}


def test_a_file_system_that_cannot_sync_a_directory_remembers_the_order_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, sync = StateFile(tmp_path / "n1.json"), os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        sync(descriptor)

    monkeypatch.setattr("os.fsync", only_files)
    state.write({"web"})
    assert state.read() == {"web"}


def test_what_is_not_wanted_any_more_is_not_written(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "n1.json")
    state.write({"db"})
    state.is_wanted = False
    with pytest.raises(KernelError, match="was not replaced: the order was refused"):
        state.write({"web"})
    assert state.read() == {"db"}
    assert [file.name for file in tmp_path.iterdir()] == ["n1.json"]


def plant_link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def plant_pipe(path: Path, _victim: Path) -> None:
    os.mkfifo(path)


def plant_hard_link(path: Path, victim: Path) -> None:
    path.hardlink_to(victim)


def plant_writable_file(path: Path, _victim: Path) -> None:
    path.write_text('{"drained": []}')
    path.chmod(0o666)


@pytest.mark.parametrize(
    ("plant", "why"),
    [
        (plant_link, "is a symbolic link"),
        (plant_pipe, "is not a regular file"),
        (plant_hard_link, "has another name"),
        (plant_writable_file, "is writable by everybody"),
    ],
)
def test_a_state_file_that_another_user_can_have_put_there_is_not_read(
    tmp_path: Path, plant: Callable[[Path, Path], None], why: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text('{"drained": []}')
    path = tmp_path / "n1.json"
    plant(path, victim)
    with pytest.raises(KernelError, match=why):
        StateFile(path).read()


@pytest.mark.kernel
def test_a_state_file_of_another_user_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "n1.json"
    path.write_text('{"drained": []}')
    os.chown(path, 65534, 65534)
    with pytest.raises(KernelError, match="belongs to user 65534"):
        StateFile(path).read()


@pytest.mark.parametrize("name", ["n1.json", ".n1.json.new", ".n1.json.0000000000000000.new"])
def test_nothing_is_written_through_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("os.urandom", bytes)  # so that the name can be guessed
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / name).symlink_to(victim)
    state = StateFile(tmp_path / "n1.json")
    with contextlib.suppress(KernelError):
        state.write({"web"})
    assert victim.read_text() == "precious"


def test_each_write_uses_a_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    rename = os.rename

    def note(before: str, after: str, **directories: int) -> None:
        made.append(before)
        rename(before, after, **directories)

    monkeypatch.setattr("os.rename", note)
    state = StateFile(tmp_path / "n1.json")
    state.write({"web"})
    state.write({"db"})
    assert len(set(made)) == 2
