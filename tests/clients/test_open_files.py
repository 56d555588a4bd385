"""The limit on open files, of this process and of what it starts."""

import json
import resource
import subprocess
import sys

import pytest

from pyvrrp.clients.processes.open_files import require, too_few_for
from pyvrrp.errors import KernelError

PROGRAM = """
import json, resource, subprocess, sys
from pyvrrp.clients.processes.open_files import give_earlier_limit, raise_limit
NOFILE = resource.RLIMIT_NOFILE
resource.setrlimit(NOFILE, (200, 700))
raise_limit()
ask = "import resource, sys; sys.stdin.read(); print(resource.getrlimit(resource.RLIMIT_NOFILE))"
child = subprocess.Popen([sys.executable, "-c", ask], stdin=-1, stdout=-1, text=True)
give_earlier_limit(child.pid)
print(json.dumps([resource.getrlimit(NOFILE), child.communicate("")[0]]))
"""


def test_this_process_gets_the_hard_limit_and_programs_the_earlier_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    own, of_child = json.loads(done.stdout)
    assert own == [700, 700]
    assert of_child == "(200, 700)\n"


def test_too_few_is_said_with_what_to_set() -> None:
    assert too_few_for(1000, most=1000) == ""
    assert too_few_for(1001, most=1000) == (
        "1001 open files may be needed, and the hard limit is 1000: set LimitNOFILE=1001 in the "
        "systemd unit, or ulimit -Hn 1001 before the start"
    )
    assert too_few_for(10**9, most=resource.RLIM_INFINITY) == ""


def test_what_is_not_allowed_is_refused() -> None:
    require(1)
    with pytest.raises(KernelError, match="open files may be needed"):
        require(10**12)
