"""A test that leaves something open fails itself."""

import socket
import subprocess
import sys
import threading
import warnings

import pytest

from pyvrrp.clients.processes.spawn import drop_privileges
from tests.support import leaks
from tests.support.leaks import nothing_left_open


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "_PATIENCE", 0.0)


def test_a_socket_that_stays_open_is_named() -> None:
    with (
        pytest.raises(AssertionError, match=r"left open: descriptor \d+: socket:"),
        nothing_left_open(),
    ):
        left = socket.socket()
    left.close()


def test_a_thread_that_goes_on_is_named() -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="goes-on")
    with pytest.raises(AssertionError, match="thread goes-on"), nothing_left_open():
        thread.start()
    end.set()
    thread.join()


def test_a_process_that_goes_on_is_named() -> None:
    with pytest.raises(AssertionError, match="child process"), nothing_left_open():
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    child.communicate()


def test_a_socket_in_a_cycle_is_closed_with_a_warning_in_this_test() -> None:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with nothing_left_open():
            cycle: list[object] = [socket.socket()]
            cycle.append(cycle)
            del cycle
    assert "unclosed" in str(found[0].message)


def test_what_is_closed_is_not_named() -> None:
    with nothing_left_open(), socket.socket():
        pass


def test_a_thread_that_has_lost_its_privileges_is_named() -> None:
    found: list[str] = []

    def lose_them() -> None:  # in a thread, so that the tests after this one have them
        try:
            with nothing_left_open():
                drop_privileges()
        except AssertionError as error:
            found.append(str(error))

    thread = threading.Thread(target=lose_them)
    thread.start()
    thread.join()
    assert found == ["left open: no_new_privs"]
