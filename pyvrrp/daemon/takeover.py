"""The composition root of ``pyvrrp takeover``: one watched server, one address."""

import asyncio
import os
import signal

from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.model.takeover import TakeoverConfig, watched_host
from pyvrrp.daemon.logs import LogFormat
from pyvrrp.daemon.on_demand import StartedProber, start_prober
from pyvrrp.daemon.process_setup import Foundation
from pyvrrp.daemon.rights.process_rights import give_up_rights, require_rights
from pyvrrp.errors import KernelError
from pyvrrp.net.guardian.parent import GuardianProcess
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.takeover.takeover import Takeover
from pyvrrp.units import in_words


def run(config: TakeoverConfig, guardian: GuardianProcess | None, log_format: LogFormat) -> int:
    """Run until a signal asks to stop; return the exit status.

    Raise KernelError at start only, for example if the address is already on this host.
    """
    rights = Configuration("", (config.router,), (config.check,))
    require_rights(rights)
    prober = start_prober([config.check.probe])  # before anything is opened
    give_up_rights(rights, guardian)
    with asyncio.Runner() as runner:
        return runner.run(_live(config, guardian, log_format, prober))


async def _live(
    config: TakeoverConfig,
    guardian: GuardianProcess | None,
    log_format: LogFormat,
    prober: StartedProber | None,
) -> int:
    foundation = Foundation(guardian, log_format, prober)
    refusals: list[str] = []

    def refused(reason: str) -> None:
        refusals.append(reason)
        foundation.stop.set()

    takeover = Takeover(config, foundation.ports, foundation.journal, refused)
    try:
        with foundation.dies_of_defects():
            foundation.obey({signal.SIGHUP: foundation.ask_to_stop})
            _greet(config, foundation.journal)
            takeover.start()
            foundation.ready()
            await foundation.asked_to_stop()
            await _stopped(takeover)
            foundation.journal.record("stopped", "stopped")
    finally:
        with foundation.dies_of_defects():
            await foundation.close()
    if refusals:
        raise KernelError(refusals[0])
    return 0


def _greet(config: TakeoverConfig, journal: Journal) -> None:
    policy = config.check.policy
    journal.record(
        "started",
        f"watches {config.check.name} of {watched_host(config.check.probe)} every "
        f"{in_words(policy.interval)}; takes {config.router.addresses[0]} on "
        f"{config.router.id.place} after {policy.fall} failures in a row, if nobody has it",
        fields={"pid": os.getpid()},
    )


async def _stopped(takeover: Takeover) -> None:
    done = asyncio.Event()
    takeover.stop(done.set)
    await done.wait()
