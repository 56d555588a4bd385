"""Every state, event and condition of RFC 9568 and RFC 3768 section 6.4: next state, actions."""

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.identity import Version
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import (
    Action,
    AddAddresses,
    AnnounceAddresses,
    CountSuppressed,
    NewMasterReason,
    RemoveAddresses,
    ReportSplitBrain,
    ReportTransition,
    SendAdvertisement,
)
from pyvrrp.virtual_router.events import (
    AddressesGone,
    AdvertisementReceived,
    Event,
    Shutdown,
    Startup,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import Backup, Heard, Init, Master, Releasing, Rival, State
from pyvrrp.virtual_router.transitions import step
from tests.virtual_router.examples import (
    HIGH,
    LOW,
    OWN,
    OWNER2,
    OWNER3,
    PATIENT2,
    PATIENT3,
    T0,
    V2,
    V3,
    after,
    heard,
)

INIT = Init("link down")
WAITING = Backup(after(2000), SECOND, Heard(HIGH, 200))
EXPIRED = Backup(T0, SECOND, Heard(HIGH, 200))
MASTER = Master(after(500))
DUE = Master(T0)
RELEASING = Releasing(after(500), "fenced")
OVERTAKEN = {  # by Master_Down_Interval
    Version.V3: Releasing(Nanoseconds(T0 + 3_609_375_000), "fenced", overtaken=True),
    Version.V2: Releasing(Nanoseconds(T0 + 3_609_375_000), "fenced", overtaken=True),
}
SILENT = (
    SendAdvertisement(100),
    AddAddresses(),
    ReportTransition(
        "BACKUP", "MASTER", "192.0.2.20 was silent for 3.609 s", NewMasterReason.NO_RESPONSE
    ),
)
OWNS = (
    SendAdvertisement(255),
    AddAddresses(),
    ReportTransition("INIT", "MASTER", "address owner", NewMasterReason.PRIORITY),
)
LISTENS = (ReportTransition("INIT", "BACKUP", "ready, listening for a master"),)
LOSES = (
    SendAdvertisement(100),
    RemoveAddresses(),
    ReportTransition("MASTER", "BACKUP", "192.0.2.20 has priority 101"),
)
TIES = (
    SendAdvertisement(100),
    RemoveAddresses(),
    ReportTransition("MASTER", "BACKUP", "192.0.2.20 has priority 100 too and the higher address"),
)
FAST = Nanoseconds(200_000_000)  # 20 cs
SLOW = Nanoseconds(4_000_000_000)  # 400 cs


@dataclass(frozen=True)
class Row:
    name: str
    parameters: Parameters
    state: State
    event: Event
    then: State
    actions: tuple[Action, ...] = ()


def rival(sender: IPv4Address) -> Rival:
    return Rival(sender, T0, after(1500), frozenset({sender}))


def losing(sender: IPv4Address, priority: int, *answer: Action) -> tuple[Action, ...]:
    return (*answer, ReportSplitBrain(sender, priority), AnnounceAddresses())


ROWS = [
    # --- both versions alike
    *(
        Row(f"v{int(p.version)}/{name}", used, state, event, then, actions)
        for p, owner, patient in ((V3, OWNER3, PATIENT3), (V2, OWNER2, PATIENT2))
        for name, used, state, event, then, actions in (
            ("init/startup", p, INIT, Startup(), Backup(after(3609.375), SECOND), LISTENS),
            ("init/startup-of-the-owner", owner, INIT, Startup(), Master(after(1000)), OWNS),
            ("init/advertisement", p, INIT, heard(200), INIT, ()),
            ("init/release", p, INIT, heard(0), INIT, ()),
            ("init/timer", p, INIT, TimerFired(), INIT, ()),
            ("init/addresses-gone", p, INIT, AddressesGone(), INIT, ()),
            ("init/shutdown-for-the-same-reason", p, INIT, Shutdown("link down"), INIT, ()),
            (
                "init/shutdown-for-another-reason",
                p,
                INIT,
                Shutdown("drained"),
                Init("drained"),
                (ReportTransition("INIT", "INIT", "drained"),),
            ),
            (
                "backup/shutdown",
                p,
                WAITING,
                Shutdown("drained"),
                Init("drained"),
                (ReportTransition("BACKUP", "INIT", "drained"),),
            ),
            ("backup/startup", p, WAITING, Startup(), WAITING, ()),
            ("backup/addresses-gone", p, WAITING, AddressesGone(), WAITING, ()),
            ("backup/timer-too-early", p, WAITING, TimerFired(), WAITING, ()),
            ("backup/timer", p, EXPIRED, TimerFired(), Master(after(1000)), SILENT),
            (
                "backup/timer-when-nobody-was-heard",
                p,
                Backup(T0, SECOND),
                TimerFired(),
                Master(after(1000)),
                (
                    SendAdvertisement(100),
                    AddAddresses(),
                    ReportTransition(
                        "BACKUP",
                        "MASTER",
                        "nobody was heard for 3.609 s",
                        NewMasterReason.NO_RESPONSE,
                    ),
                ),
            ),
            (
                "backup/timer-after-a-release",
                p,
                Backup(T0, SECOND, Heard(HIGH, 0)),
                TimerFired(),
                Master(after(1000)),
                (
                    SendAdvertisement(100),
                    AddAddresses(),
                    ReportTransition(
                        "BACKUP",
                        "MASTER",
                        "192.0.2.20 released the addresses",
                        NewMasterReason.PRIORITY,
                    ),
                ),
            ),
            (
                "backup/higher",
                p,
                WAITING,
                heard(200),
                Backup(after(3609.375), SECOND, Heard(HIGH, 200)),
                (),
            ),
            (
                "backup/equal-from-the-lower-address",
                p,
                WAITING,
                heard(100, LOW),
                Backup(after(3609.375), SECOND, Heard(LOW, 100)),
                (),
            ),
            (
                "backup/release",
                p,
                WAITING,
                heard(0),
                Backup(after(609.375), SECOND, Heard(HIGH, 0)),
                (),
            ),
            (
                "backup/release-that-lengthens-the-wait",
                p,
                EXPIRED,
                heard(0, LOW),
                Backup(after(609.375), SECOND, Heard(LOW, 0)),
                (),
            ),
            (
                "backup/lower-leaves-the-timer-alone",
                p,
                WAITING,
                heard(99, LOW),
                replace(WAITING, lower=Heard(LOW, 99)),
                (),
            ),
            (
                "backup/lower-without-preemption-is-obeyed",
                patient,
                WAITING,
                heard(99, LOW),
                Backup(after(3609.375), SECOND, Heard(LOW, 99)),
                (),
            ),
            (
                "backup/release-without-preemption",
                patient,
                WAITING,
                heard(0),
                Backup(after(609.375), SECOND, Heard(HIGH, 0)),
                (),
            ),
            (
                "backup/timer-without-preemption",
                patient,
                EXPIRED,
                TimerFired(),
                Master(after(1000)),
                SILENT,
            ),
            (
                "master/shutdown",
                p,
                MASTER,
                Shutdown("fenced"),
                RELEASING,
                (RemoveAddresses(),),
            ),
            ("master/startup", p, MASTER, Startup(), MASTER, ()),
            ("master/addresses-gone", p, MASTER, AddressesGone(), MASTER, ()),
            ("master/timer-too-early", p, MASTER, TimerFired(), MASTER, ()),
            ("master/timer", p, DUE, TimerFired(), Master(after(1000)), (SendAdvertisement(100),)),
            (
                "master/release-is-answered-and-restarts-the-timer",
                p,
                MASTER,
                heard(0, LOW),
                Master(after(1000), reasserted_at=T0),
                (SendAdvertisement(100),),
            ),
            (
                "master/higher",
                p,
                MASTER,
                heard(101),
                Backup(after(3609.375), SECOND, Heard(HIGH, 101)),
                LOSES,
            ),
            (
                "master/higher-without-preemption",
                patient,
                MASTER,
                heard(101),
                Backup(after(3609.375), SECOND, Heard(HIGH, 101)),
                LOSES,
            ),
            (
                "master/equal-from-the-higher-address",
                p,
                MASTER,
                heard(100),
                Backup(after(3609.375), SECOND, Heard(HIGH, 100)),
                TIES,
            ),
            ("releasing/startup", p, RELEASING, Startup(), RELEASING, ()),
            ("releasing/higher", p, RELEASING, heard(200), OVERTAKEN[p.version], ()),
            (
                "releasing/overtaken-and-gone",
                *(p, OVERTAKEN[p.version], AddressesGone(), Init("fenced")),
                (ReportTransition("MASTER", "INIT", "fenced"),),
            ),
            ("releasing/lower", p, RELEASING, heard(50, LOW), RELEASING, ()),
            ("releasing/release", p, RELEASING, heard(0), RELEASING, ()),
            ("releasing/timer-too-early", p, RELEASING, TimerFired(), RELEASING, ()),
            (
                "releasing/timer",
                p,
                Releasing(T0, "fenced"),
                TimerFired(),
                Releasing(after(1000), "fenced"),
                (SendAdvertisement(100),),
            ),
            (
                "releasing/shutdown-for-another-reason",
                p,
                RELEASING,
                Shutdown("stopping"),
                Releasing(after(500), "stopping"),
                (),
            ),
            (
                "releasing/addresses-gone",
                p,
                RELEASING,
                AddressesGone(),
                Init("fenced"),
                (
                    SendAdvertisement(0),
                    SendAdvertisement(0),
                    ReportTransition("MASTER", "INIT", "fenced"),
                ),
            ),
        )
    ),
    # --- RFC 9568 alone: losing advertisements are answered, intervals learned
    Row(
        "v3/master/lower-is-answered-and-the-timer-keeps-its-phase",
        V3,
        MASTER,
        heard(99),
        Master(after(500), reasserted_at=T0, rival=rival(HIGH)),
        losing(HIGH, 99, SendAdvertisement(100)),
    ),
    Row(
        "v3/master/equal-from-the-lower-address-is-answered",
        V3,
        MASTER,
        heard(100, LOW),
        Master(after(500), reasserted_at=T0, rival=rival(LOW)),
        losing(LOW, 100, SendAdvertisement(100)),
    ),
    Row(
        "v3/master/equal-from-the-own-address-is-answered",
        V3,
        MASTER,
        heard(100, OWN),
        Master(after(500), reasserted_at=T0, rival=rival(OWN)),
        losing(OWN, 100, SendAdvertisement(100)),
    ),
    Row(
        "v3/master/lower-is-not-answered-twice-within-the-skew",
        V3,
        replace(MASTER, reasserted_at=after(-609)),
        heard(99),
        Master(after(500), reasserted_at=after(-609), rival=rival(HIGH)),
        losing(HIGH, 99, CountSuppressed()),
    ),
    Row(
        "v3/master/release-is-not-answered-twice-within-the-skew",
        V3,
        replace(MASTER, reasserted_at=after(-609)),
        heard(0),
        Master(after(500), reasserted_at=after(-609)),
        (CountSuppressed(),),
    ),
    Row(
        "v3/owner/lower-is-answered",
        OWNER3,
        MASTER,
        heard(200),
        Master(after(500), reasserted_at=T0, rival=rival(HIGH)),
        losing(HIGH, 200, SendAdvertisement(255)),
    ),
    Row(
        "v3/owner/another-owner-of-the-higher-address-wins",
        OWNER3,
        MASTER,
        heard(255),
        Backup(after(3003.90625), SECOND, Heard(HIGH, 255)),
        (
            SendAdvertisement(255),
            RemoveAddresses(),
            ReportTransition(
                "MASTER", "BACKUP", "192.0.2.20 has priority 255 too and the higher address"
            ),
        ),
    ),
    Row(
        "v3/backup/learns-a-longer-interval",
        V3,
        WAITING,
        heard(200, interval=SLOW),
        Backup(after(14437.5), SLOW, Heard(HIGH, 200)),
    ),
    Row(
        "v3/backup/learns-a-shorter-interval",
        V3,
        WAITING,
        heard(200, interval=FAST),
        Backup(after(721.875), FAST, Heard(HIGH, 200)),
    ),
    Row(
        "v3/backup/release-takes-the-skew-of-the-learned-interval-and-learns-nothing",
        V3,
        Backup(after(2000), SLOW, Heard(HIGH, 200)),
        heard(0, interval=FAST),
        Backup(after(2437.5), SLOW, Heard(HIGH, 0)),
    ),
    Row(
        "v3/backup/lower-is-not-learned",
        V3,
        WAITING,
        heard(50, LOW, SLOW),
        replace(WAITING, lower=Heard(LOW, 50)),
    ),
    Row(
        "v3/backup/lower-without-preemption-is-learned",
        PATIENT3,
        WAITING,
        heard(50, LOW, FAST),
        Backup(after(721.875), FAST, Heard(LOW, 50)),
    ),
    Row(
        "v3/backup/becomes-master-with-its-own-interval",
        V3,
        replace(EXPIRED, master_adver_interval=FAST),
        TimerFired(),
        Master(after(1000)),
        (
            *SILENT[:2],
            ReportTransition(
                "BACKUP",
                "MASTER",
                "192.0.2.20 was silent for 721.875 ms",
                NewMasterReason.NO_RESPONSE,
            ),
        ),
    ),
    Row(
        "v3/master/yields-and-learns",
        V3,
        MASTER,
        heard(101, interval=FAST),
        Backup(after(721.875), FAST, Heard(HIGH, 101)),
        LOSES,
    ),
    # --- RFC 3768 alone: losing advertisements are dropped in silence, intervals never learned
    Row(
        "v2/master/lower-is-not-answered",
        V2,
        MASTER,
        heard(99),
        Master(after(500), rival=rival(HIGH)),
        losing(HIGH, 99),
    ),
    Row(
        "v2/master/equal-from-the-lower-address-is-not-answered",
        V2,
        MASTER,
        heard(100, LOW),
        Master(after(500), rival=rival(LOW)),
        losing(LOW, 100),
    ),
    Row(
        "v2/backup/does-not-learn",
        V2,
        WAITING,
        heard(200, interval=SLOW),
        Backup(after(3609.375), SECOND, Heard(HIGH, 200)),
    ),
    Row(
        "v2/master/yields-and-does-not-learn",
        V2,
        MASTER,
        heard(101, interval=SLOW),
        Backup(after(3609.375), SECOND, Heard(HIGH, 101)),
        LOSES,
    ),
]


@pytest.mark.rfc("9568:6.4:transitions")
@pytest.mark.rfc("3768:6.4:transitions")
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_transition_matrix(row: Row) -> None:
    assert step(row.state, row.event, row.parameters, T0) == (row.then, row.actions)


@pytest.mark.rfc("9568:6.4.3:address-comparison")
@pytest.mark.parametrize(
    ("own", "peer", "yields"),
    [
        (IPv4Address("10.0.0.2"), IPv4Address("200.0.0.1"), True),
        (IPv4Address("10.0.1.2"), IPv4Address("10.0.0.9"), False),
        (IPv6Address("fe80::1:0"), IPv6Address("fe80::ffff"), False),
        (IPv6Address("fe80::ffff"), IPv6Address("fe80::1:0"), True),
        (IPv6Address("fe80::7fff"), IPv6Address("fe80::8000"), True),
    ],
)
def test_equal_priorities_compare_addresses_as_unsigned_numbers_in_network_order(
    own: IPv4Address | IPv6Address, peer: IPv4Address | IPv6Address, yields: bool
) -> None:
    parameters = replace(V3, primary_address=own)
    state, _ = step(MASTER, AdvertisementReceived(peer, 100, SECOND), parameters, T0)
    assert isinstance(state, Backup) is yields


@pytest.mark.rfc("9568:6.1:owner-preempts")
@pytest.mark.parametrize("version", list(Version))
def test_the_owner_preempts_even_with_preemption_off(version: Version) -> None:
    owner = replace(PATIENT3, version=version, priority=255)
    waiting = Backup(after(2000), SECOND, Heard(HIGH, 255))
    assert step(waiting, heard(254, LOW), owner, T0) == (
        replace(waiting, lower=Heard(LOW, 254)),
        (),
    )


@pytest.mark.rfc("9568:6.4.3:adver-timer")
def test_a_late_advertisement_does_not_shift_the_ones_after_it() -> None:
    assert step(DUE, TimerFired(), V3, after(3)) == (Master(after(1000)), (SendAdvertisement(100),))


def test_advertisements_missed_while_late_are_not_sent_in_a_burst() -> None:
    assert step(DUE, TimerFired(), V3, after(2500)) == (
        Master(after(3500)),
        (SendAdvertisement(100),),
    )


@pytest.mark.rfc("9568:6.4.2:another-advertisement-before-the-skew")
def test_a_successor_heard_before_the_skew_runs_out_is_obeyed() -> None:
    released, _ = step(WAITING, heard(0), V3, T0)
    assert step(released, heard(100, LOW), V3, after(600)) == (
        Backup(after(4209.375), SECOND, Heard(LOW, 100)),
        (),
    )


@pytest.mark.rfc("9568:6.4.1:startup")
def test_a_restart_forgets_the_learned_interval() -> None:
    learned, _ = step(WAITING, heard(200, interval=SLOW), V3, T0)
    stopped, _ = step(learned, Shutdown("restart"), V3, after(10))
    assert step(stopped, Startup(), V3, after(20)) == (Backup(after(3629.375), SECOND), LISTENS)


def test_exactly_one_interval_late_is_not_due_again_at_once() -> None:
    assert step(DUE, TimerFired(), V3, after(1000)) == (
        Master(after(2000)),
        (SendAdvertisement(100),),
    )
