"""The command ``pyvrrp``. Each of its commands is a module.

A command that may hold addresses has a guardian. It is forked here, before anything else is
imported: it keeps all memory that the process has at that moment. So this module imports next to
nothing.
"""

import sys
from collections.abc import Sequence

TYPE_CHECKING = False  # typing itself would take 0.4 MB
if TYPE_CHECKING:
    from pyvrrp.net.guardian.parent import GuardianProcess

COMMANDS = {  # the name of each command, and its module below pyvrrp.cli
    "run": "run",
    "check": "check",
    "plan": "plan",
    "status": "operate.status",
    "reload": "operate.reload",
    "drain": "operate.drain",
    "undrain": "operate.undrain",
    "resign": "operate.resign",
    "priority": "operate.priority",
    "announce": "operate.announce",
    "takeover": "takeover",
    "decode": "captures.decode",
    "simulate": "simulation.simulate",
    "verify": "simulation.verify",
    "interfaces": "interfaces",
    "import-heartbeat": "import_heartbeat",
    "import-keepalived": "import_keepalived",
}
WITH_GUARDIAN = ("run", "takeover")
HELP = frozenset({"-h", "--help"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    has_guardian = words[:1] and words[0] in WITH_GUARDIAN and HELP.isdisjoint(words)
    if has_guardian:
        _leave_the_first_process()
    guardian = _fork_guardian() if has_guardian else None
    try:
        from pyvrrp.cli.base.command_line import run_command  # noqa: PLC0415 - after the fork

        return run_command(words, COMMANDS, guardian)
    finally:
        if guardian is not None:
            guardian.close()


def _leave_the_first_process() -> None:
    """Continue in a child if this process is PID 1, which must reap all orphans of a container."""
    from pyvrrp.net.system.first_process import stand_aside  # noqa: PLC0415 - before the guardian

    try:
        stand_aside()
    except OSError as error:
        what = "cannot leave PID 1 to a process that reaps orphans"
        print(f"pyvrrp: {what}: {error.strerror}", file=sys.stderr)


def _fork_guardian() -> "GuardianProcess | None":
    """Return the guardian. If it cannot be started, report that on standard error, return None."""
    from pyvrrp.net.guardian.parent import GuardianProcess  # noqa: PLC0415 - not for other commands

    try:
        return GuardianProcess.fork()
    except OSError as error:
        what = "cannot start the guardian, only address leases protect"
        print(f"pyvrrp: {what}: {error.strerror}", file=sys.stderr)
        return None
