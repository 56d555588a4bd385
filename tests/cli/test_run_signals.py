"""Signals that arrive while the daemon is being started."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
def test_a_daemon_that_reads_its_configuration_is_not_ended_by_a_question(
    tmp_path: Path, number: int
) -> None:
    pipe = tmp_path / "pyvrrp.toml"
    os.mkfifo(pipe)
    command = (sys.executable, "-m", "pyvrrp", "run", "--config", str(pipe))
    with subprocess.Popen(command, stderr=subprocess.PIPE) as daemon:
        with pipe.open("wb") as configuration:  # it waits until the daemon reads
            daemon.send_signal(number)
            configuration.write(b"node = 5\n")
        _, errors = daemon.communicate(timeout=60)
    assert daemon.returncode == 2
    assert b"node: must be" in errors
