"""The usual changes of a pair of routers, each with the limits of the protocol."""

from experiments.experiment import Experiment
from results.setting import HAND_OVER, NOISE, ChangeLimits

_START = 2.0  # seconds a daemon may take from its process to its first timer
_FENCE_OPENS = 1.8  # two passes in a row, a second apart, and a slow one
# The kernel lets frames out of a device that gets carrier again up to a second later (linkwatch).
# FRR takes its macvlan down while BACKUP, so its first second as a master may be silent.
_MACVLAN_WAKES = 1.0


def cut(experiment: Experiment, old: str, new: str) -> None:
    """Take the port of *old* down; *new* must be master after Master_Down_Interval."""
    limit = _down_interval(experiment, new) + NOISE
    experiment.change(
        f"{old}'s port goes down",
        lambda: experiment.segment.cut(experiment.host(old)),
        old=old,
        new=new,
        limits=ChangeLimits(
            outage=limit + _wakes(experiment, new),
            first_advertisement=limit,
            both_answered=_both_answered(experiment),
        ),
        patience=limit + 2 + _wakes(experiment, new),
        sudden=True,
    )


def heal(experiment: Experiment, higher: str, lower: str, *, outage: bool = True) -> None:
    """Take the port of *higher* up again; it must get the address back from *lower*."""
    limit = _down_interval(experiment, higher) + NOISE
    experiment.change(
        f"{higher}'s port comes up",
        lambda: experiment.segment.heal(experiment.host(higher)),
        old=lower,
        new=higher,
        limits=ChangeLimits(
            outage=0.1 + NOISE + _wakes(experiment, higher) if outage else None,
            first_advertisement=limit,
            both_answered=_both_answered(experiment),
            both_held=_both(experiment),
        ),
        patience=limit + 2,
    )


def stop(experiment: Experiment, old: str, new: str) -> None:
    """Stop *old* in an orderly way; *new* must be master after Skew_Time."""
    priority = experiment.routers[new].settings.priority
    skew = experiment.setting.skew_time(priority)
    # FRR's first advertisement as a master over IPv6 does not reach the wire: count one more.
    silent = experiment.setting.interval if experiment.routers[new].virtual_mac else 0.0
    experiment.change(
        f"{old} is stopped",
        experiment.routers[old].stop,
        old=old,
        new=new,
        limits=ChangeLimits(
            outage=skew + NOISE + _wakes(experiment, new),
            first_advertisement=skew + silent + NOISE,
            released=skew + silent + NOISE,
            both_held=_both(experiment),
        ),
        patience=skew + silent + 3,
    )


def kill_daemon(experiment: Experiment, old: str, new: str) -> None:
    """SIGKILL the daemon of *old*: its guardian must hand over to *new*."""
    skew = experiment.setting.skew_time(experiment.routers[new].settings.priority)
    # As for `stop`: FRR's first advertisement over IPv6 does not reach the wire.
    silent = experiment.setting.interval if experiment.routers[new].virtual_mac else 0.0
    limit = skew + silent + NOISE
    experiment.change(
        f"{old}'s daemon gets SIGKILL",
        experiment.routers[old].kill_daemon,
        old=old,
        new=new,
        limits=ChangeLimits(
            outage=_wakes(experiment, new),
            first_advertisement=limit,
            released=limit + HAND_OVER,
            both_held=_both(experiment),
        ),
        patience=limit + 2,
        sudden=True,
    )


def start(experiment: Experiment, higher: str, lower: str) -> None:
    """Start *higher* again; it must get the address back from *lower*."""
    opens = _FENCE_OPENS if experiment.setting.check else 0.0
    limit = _down_interval(experiment, higher) + _START + opens + NOISE
    experiment.change(
        f"{higher} is started",
        experiment.routers[higher].start,
        old=lower,
        new=higher,
        limits=ChangeLimits(
            outage=0.1 + NOISE + _wakes(experiment, higher),
            first_advertisement=limit,
            both_answered=_both_answered(experiment),
            both_held=_both(experiment),
        ),
        patience=limit + 2,
    )


def _down_interval(experiment: Experiment, node: str) -> float:
    router = experiment.routers[node]
    silent = experiment.setting.interval if router.virtual_mac else 0.0
    return experiment.setting.master_down_interval(router.settings.priority) + silent


def _both(experiment: Experiment) -> float:
    """Return how long two may overlap: an advertisement's way, or one interval for FRR.

    FRR stays master while its port is down and is not heard before its next advertisement.
    """
    frr = any(router.virtual_mac for router in experiment.routers.values())
    return NOISE + (experiment.setting.interval if frr else 0.0)


def _both_answered(experiment: Experiment) -> float | None:
    """Who answers a frame to a shared virtual MAC is the switch's choice: not judged for FRR."""
    frr = any(router.virtual_mac for router in experiment.routers.values())
    return None if frr else _both(experiment)


def _wakes(experiment: Experiment, node: str) -> float:
    return _MACVLAN_WAKES if experiment.routers[node].virtual_mac else 0.0
