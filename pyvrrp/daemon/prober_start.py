"""Start a prober, if the configuration has something to ask over a network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyvrrp.config.model.configuration import (
    ArpProbeConfig,
    Configuration,
    EtcdServers,
    HttpProbeConfig,
    PingProbeConfig,
    ProbeConfig,
    TcpProbeConfig,
)

if TYPE_CHECKING:
    from pyvrrp.prober.launch import Launched
    from pyvrrp.prober.process import Prober

_OVER_A_NETWORK = (HttpProbeConfig, TcpProbeConfig, PingProbeConfig, ArpProbeConfig)


@dataclass(frozen=True, slots=True)
class StartedProber:
    """The first prober, None if the system refused it, and what it has to import."""

    words: tuple[str, ...]
    first: "Launched | None"

    def supervised(self, report: Callable[[str], None]) -> "Prober":
        """Return what keeps a prober running. *report* hears why one was lost."""
        from pyvrrp.prober.launch import launch  # noqa: PLC0415 - on demand
        from pyvrrp.prober.process import Prober  # noqa: PLC0415 - on demand

        return Prober(self.first, lambda: launch(self.words), report)


def start_prober_for(configuration: Configuration) -> StartedProber | None:
    """Start a prober; None: nothing is to be asked over a network."""
    routers = configuration.virtual_routers
    used = {name for router in routers for name in router.checks}
    probes = [check.probe for check in configuration.checks if check.name in used]
    leases = [router.etcd_lease for router in routers]
    return start_prober(probes, [lease.servers for lease in leases if lease is not None])


def start_prober(
    probes: Sequence[ProbeConfig], servers: Sequence[EtcdServers] = ()
) -> StartedProber | None:
    """Start a prober for these; None: there is nothing to ask over a network."""
    asked = [*(probe for probe in probes if isinstance(probe, _OVER_A_NETWORK)), *servers]
    if not asked:
        return None
    from pyvrrp.prober.launch import launch, needs  # noqa: PLC0415 - on demand

    words = tuple(needs(asked))
    try:
        return StartedProber(words, launch(words))
    except OSError:
        return StartedProber(words, None)  # it is tried again, and reported then
