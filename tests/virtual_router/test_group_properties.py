"""What holds for every group, whatever its members come from."""

from dataclasses import replace
from ipaddress import IPv4Address

from hypothesis import given, settings
from hypothesis import strategies as st

from pyvrrp.identity import Version
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import Action, AddAddresses, RemoveAddresses
from pyvrrp.virtual_router.events import AddressesGone
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.rules.group import Member, consequences
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, Releasing, State
from pyvrrp.virtual_router.transitions import step

NOW = Nanoseconds(10**12)
MOST_ROUNDS = 6
OWN = Parameters(Version.V3, 100, SECOND, IPv4Address("192.0.2.10"), linger=Nanoseconds(50_000_000))

times = st.integers(-5, 5).map(lambda tenths: Nanoseconds(NOW + tenths * 100_000_000))
reasons = st.sampled_from(["fenced", "link down", "drained", "starting"])
states: st.SearchStrategy[State] = st.one_of(
    st.builds(Init, reasons),
    st.builds(
        Backup,
        times,
        st.just(SECOND),
        holds_until=st.one_of(st.none(), times),
        leaves=st.booleans(),
        defers=st.booleans(),
    ),
    st.builds(Master, times),
    st.builds(Releasing, times, reasons, st.booleans()),
    st.builds(HandingOver, times, reasons, st.booleans()),
)


def member(
    state: State, hindrance: str | None, order: str | None, removed: bool, exclusive: bool
) -> Member:
    holds = isinstance(state, Backup) and state.holds_until is not None
    gone = removed and not holds and not isinstance(state, Master | HandingOver)
    return Member("", state, hindrance, order, "", addresses_gone=gone, is_exclusive=exclusive)


members = st.lists(
    st.builds(
        member,
        states,
        st.one_of(st.none(), st.sampled_from(["fenced", "link down"])),
        st.one_of(st.none(), st.just("drained")),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
).map(lambda some: [replace(one, name=f"router {i}") for i, one in enumerate(some)])


def settled(group: list[Member]) -> tuple[list[Member], int]:
    """Deliver what follows, through the real step, until nothing follows; return the rounds."""
    for rounds in range(MOST_ROUNDS):
        told = consequences(group, "edge")
        if not told:
            return group, rounds
        for number, event in told:
            if isinstance(event, AddressesGone):
                assert not any(isinstance(one.state, Master) for one in group)
                assert group[number].addresses_gone
            state, actions = step(group[number].state, event, OWN, NOW)
            gone = group[number].addresses_gone and not asks_for_addresses(actions)
            group = [*group]
            group[number] = replace(group[number], state=state, addresses_gone=gone)
    raise AssertionError(f"no end after {MOST_ROUNDS} rounds: {group}")


def asks_for_addresses(actions: tuple[Action, ...]) -> bool:
    return any(isinstance(action, AddAddresses | RemoveAddresses) for action in actions)


@settings(max_examples=150, deadline=None)
@given(group=members)
def test_what_follows_comes_to_an_end_and_leaves_no_member_behind(group: list[Member]) -> None:
    at_rest, _ = settled(group)
    is_master = any(isinstance(one.state, Master) for one in at_rest)
    is_out = any(isinstance(one.state, Init | Backup) for one in at_rest)
    assert not (is_master and is_out)


@settings(max_examples=150, deadline=None)
@given(group=members)
def test_nothing_follows_from_a_group_at_rest(group: list[Member]) -> None:
    at_rest, _ = settled(group)
    assert consequences(at_rest, "edge") == []


@settings(max_examples=150, deadline=None)
@given(group=members)
def test_a_hindered_member_keeps_every_member_from_being_master_or_backup(
    group: list[Member],
) -> None:
    hindered = [replace(group[0], hindrance="link down"), *group[1:]]
    at_rest, _ = settled(hindered)
    assert not any(isinstance(one.state, Master | Backup | HandingOver) for one in at_rest)


@settings(max_examples=150, deadline=None)
@given(group=members)
def test_goodbye_is_told_to_all_members_that_leave_and_only_when_all_addresses_are_gone(
    group: list[Member],
) -> None:
    told = [n for n, event in consequences(group, "edge") if isinstance(event, AddressesGone)]
    leaving = [n for n, one in enumerate(group) if isinstance(one.state, Releasing)]
    assert told in ([], leaving)
    if told:
        assert all(group[number].addresses_gone for number in leaving)
        assert not any(isinstance(one.state, Master) for one in group)
