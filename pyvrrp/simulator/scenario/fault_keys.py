"""One ``[[fault]]`` table of a scenario, and a fault written as one."""

from collections.abc import Mapping

from pyvrrp.config.values.durations import duration, duration_from, write_duration
from pyvrrp.config.values.scalars import (
    array_of,
    boolean,
    integer,
    name,
    one_of,
    shown,
    text,
    wrong,
)
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.simulator.scenario.fault import (
    MUTATION_NAMES,
    Direction,
    Fault,
    FaultKind,
    ServiceHealth,
)
from pyvrrp.units import CENTISECOND, SECOND, Nanoseconds

DAY = Nanoseconds(86_400 * SECOND)
_NOTHING = Nanoseconds(0)


def _chance(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise wrong(f"must be a number from 0 to 1, not {shown(value)}")
    return float(value)


def _signed(value: object) -> Nanoseconds:
    written = text(value)
    if written.startswith("-"):
        return Nanoseconds(-duration(written[1:]))
    return duration(written)


def _groups(value: object) -> tuple[tuple[str, ...], ...]:
    groups = array_of(array_of(name, "names"), "groups, each an array of names")(value)
    if len(groups) < 2:  # noqa: PLR2004 - one group is not cut from anything
        raise wrong("must have two groups or more")
    return groups


def _optional_name(value: object) -> str:
    return "" if value is None or value == "" else name(value)


AT = Key("at", duration_from(_NOTHING, DAY), "0s", required=True)
KIND: Key[FaultKind] = Key("kind", one_of({str(k): k for k in FaultKind}), "crash", required=True)
NODE = Key("node", _optional_name)
FOR = Key("for", duration_from(_NOTHING, DAY), "0s")
BY = Key("by", duration_from(_NOTHING, DAY), "0s")
STEP = Key("by", _signed, "0s", required=True)
CHANCE = Key("chance", _chance, 0.5)
LOSING = Key("chance", _chance, 1.0)
DIRECTION: Key[Direction] = Key("direction", one_of({str(d): d for d in Direction}), "both")
GROUPS = Key("groups", _groups, [["n1"], ["n2"]], required=True)
ONE_WAY = Key("one_way", boolean, default=False)
STATE: Key[ServiceHealth] = Key("state", one_of({str(h): h for h in ServiceHealth}), "500")
CHECK = Key("check", _optional_name)
MUTATION: Key[str] = Key("mutation", one_of({"": "", **{m: m for m in MUTATION_NAMES}}), "")
PRIORITY = Key("priority", integer(0, 255), 250)
INTERVAL = Key("interval", duration_from(CENTISECOND, Nanoseconds(4095 * CENTISECOND)), "40.95s")
COUNT = Key("count", integer(1, 10_000), 1)
HIDDEN = Key("hidden", boolean, default=False)
INTERFACE = Key("interface", lambda value: "" if value is None else text(value))

_PLAIN: tuple[Key[object], ...] = (AT, KIND, NODE)
_BY_KIND: Mapping[FaultKind, tuple[Key[object], ...]] = {
    FaultKind.CRASH: (FOR,),
    FaultKind.STOP: (FOR,),
    FaultKind.START: (),
    FaultKind.DRAIN: (FOR,),
    FaultKind.UNDRAIN: (),
    FaultKind.RESIGN: (FOR,),
    FaultKind.UNDO_RESIGN: (),
    FaultKind.PRIORITY: (FOR, PRIORITY),
    FaultKind.FREEZE: (FOR,),
    FaultKind.SUSPEND: (FOR, HIDDEN),
    FaultKind.LINK_DOWN: (FOR, INTERFACE),
    FaultKind.PARTITION: (FOR, GROUPS, ONE_WAY),
    FaultKind.LOSS: (FOR, CHANCE, DIRECTION, INTERFACE),
    FaultKind.DELAY: (FOR, BY, INTERFACE),
    FaultKind.DUPLICATE: (FOR, CHANCE, INTERFACE),
    FaultKind.REORDER: (FOR, CHANCE, BY, INTERFACE),
    FaultKind.REFLECT: (FOR, INTERFACE),
    FaultKind.KERNEL_SLOW: (FOR, BY),
    FaultKind.KERNEL_REFUSES: (FOR,),
    FaultKind.SEND_REFUSED: (FOR,),
    FaultKind.SERVICE: (FOR, STATE, BY, CHECK),
    FaultKind.DELETE_ADDRESS: (),
    FaultKind.RECREATE_INTERFACE: (FOR, INTERFACE),
    FaultKind.CHANGE_MAC: (INTERFACE,),
    FaultKind.WALL_STEP: (STEP,),
    FaultKind.INJECT: (MUTATION, COUNT),
    FaultKind.ETCD: (FOR, LOSING),
    FaultKind.FOREIGN: (FOR, PRIORITY),
    FaultKind.FORGE: (PRIORITY, INTERVAL, COUNT),
}
NEEDS_NO_NODE = frozenset(
    {FaultKind.PARTITION, FaultKind.INJECT, FaultKind.FORGE, FaultKind.FOREIGN, FaultKind.ETCD}
)
OF_ANY_HOST = frozenset(
    {
        FaultKind.LINK_DOWN,
        FaultKind.LOSS,
        FaultKind.DELAY,
        FaultKind.DUPLICATE,
        FaultKind.REORDER,
        FaultKind.REFLECT,
    }
)
MUST_END = frozenset({FaultKind.FREEZE, FaultKind.SUSPEND, FaultKind.FOREIGN})


def keys_of(kind: FaultKind) -> tuple[Key[object], ...]:
    """Return the keys that a fault of this kind may have."""
    return (*_PLAIN, *_BY_KIND[kind])


def fault(section: Section) -> Fault:
    """Return the fault that *section* describes; with defaults where it has problems."""
    kind = section.read(KIND)
    if section.good(KIND) and section.given(KIND):
        section.refuse_unknown(keys_of(kind))
        if kind not in NEEDS_NO_NODE and not section.given(NODE):
            section.refuse(NODE, f"is required for {kind}")
        if kind in MUST_END and not section.given(FOR):
            section.refuse(FOR, f"is required for {kind}")
    return Fault(
        at=section.read(AT),
        kind=kind,
        node=section.read(NODE),
        duration=section.read(FOR),
        by=section.read(STEP if kind is FaultKind.WALL_STEP else BY),
        chance=_read_chance(section, kind),
        direction=section.read(DIRECTION),
        groups=section.read(GROUPS) if kind is FaultKind.PARTITION else (),
        one_way=section.read(ONE_WAY),
        health=section.read(STATE),
        check=section.read(CHECK),
        mutation=section.read(MUTATION),
        priority=section.read(PRIORITY),
        interval=section.read(INTERVAL),
        count=section.read(COUNT),
        hidden=section.read(HIDDEN),
        interface=section.read(INTERFACE),
    )


def _read_chance(section: Section, kind: FaultKind) -> float:
    key = next((key for key in (CHANCE, LOSING) if key in keys_of(kind)), None)
    return 0.0 if key is None else section.read(key)


def as_table(what: Fault) -> dict[str, object]:
    """Return *what* as the table that `fault` reads, without default values."""
    values: dict[str, object] = {
        "at": write_duration(what.at),
        "kind": str(what.kind),
        "node": what.node,
        "for": write_duration(what.duration) if what.duration else "",
        "by": ("-" if what.by < 0 else "") + write_duration(Nanoseconds(abs(what.by))),
        "chance": what.chance,
        "direction": str(what.direction),
        "groups": [list(group) for group in what.groups],
        "one_way": what.one_way,
        "state": str(what.health),
        "check": what.check,
        "mutation": what.mutation,
        "priority": what.priority,
        "interval": write_duration(what.interval),
        "count": what.count,
        "hidden": what.hidden,
        "interface": what.interface,
    }
    allowed = {key.name: key for key in keys_of(what.kind)}
    return {
        key: value
        for key, value in values.items()
        if key in allowed
        and value != ""
        and (allowed[key].required or value != _default(allowed[key]))
    }


def _default(key: Key[object]) -> object:
    return key.default
