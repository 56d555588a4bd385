"""One socket that stays open as long as its interface is there."""

from dataclasses import dataclass, field

from pyvrrp.errors import KernelError
from pyvrrp.runtime.links.kept_socket import KeptSocket
from tests.support.clock import FakeClock

DEVICE, UP = (1, 2, 0), (True, 1500)


@dataclass
class OneSocket:
    attached: bool = True
    closed: bool = False

    def is_attached(self) -> bool:
        return self.attached

    def close(self) -> None:
        self.closed = True


@dataclass
class Opener:
    """Opens sockets, or refuses to for the reason that it *says*."""

    clock: FakeClock = field(default_factory=FakeClock)
    says: str = ""
    tried_at: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kept = KeptSocket(self.clock, self._open, lambda: self.told.append(self.kept.refusal))

    def is_open(self) -> bool:
        return self.kept.socket is not None

    def _open(self) -> OneSocket:
        self.tried_at.append(self.clock.now() / 1e9)
        if self.says:
            raise KernelError(self.says)
        return OneSocket()

    @property
    def tries_after(self) -> list[float]:
        return [round(at - self.tried_at[0], 3) for at in self.tried_at[1:]]


def test_it_is_opened_once_for_a_device_and_closed_for_another_one() -> None:
    opener = Opener()
    for _ in range(3):
        opener.kept.open_for(DEVICE, UP)
    first = opener.kept.socket
    assert first is not None
    assert len(opener.tried_at) == 1
    opener.kept.open_for((1, 2, 1), UP)
    assert first.closed
    assert opener.kept.socket is not first


def test_a_socket_whose_interface_is_gone_is_opened_anew_for_the_same_device() -> None:
    opener = Opener()
    opener.kept.open_for(DEVICE, UP)
    first = opener.kept.socket
    assert first is not None
    first.attached = False
    opener.kept.open_for(DEVICE, UP)
    assert first.closed
    assert opener.kept.socket is not None
    assert opener.kept.socket.attached


def test_a_refused_one_is_tried_once_a_second_however_often_it_is_asked_for() -> None:
    opener = Opener(says="no descriptor")
    for _ in range(300):
        opener.kept.open_for(DEVICE, UP)
        opener.clock.run(0.01)
    assert opener.tries_after == [1.0, 2.0, 3.0]
    assert opener.kept.refusal == "no descriptor"
    assert opener.told == []


def test_a_refused_one_is_tried_soon_when_the_interface_has_changed() -> None:
    opener = Opener(says="no IPv6")
    opener.kept.open_for(DEVICE, UP)
    opener.says = ""
    opener.clock.run(0.01)
    opener.kept.open_for(DEVICE, (True, 1280))
    assert not opener.is_open()
    opener.clock.run(0.1)
    assert opener.is_open()
    assert opener.tries_after == [0.1]
    assert opener.told == [""]


def test_an_interface_that_changes_a_hundred_times_a_second_costs_ten_tries_a_second() -> None:
    opener = Opener(says="no IPv6")
    for number in range(200):
        opener.kept.open_for((1, 2, number), UP)
        opener.clock.run(0.01)
    assert len(opener.tried_at) <= 21


def test_another_reason_for_the_refusal_is_told() -> None:
    opener = Opener(says="no IPv6")
    opener.kept.open_for(DEVICE, UP)
    opener.says = "no descriptor"
    opener.clock.run(3.5)
    assert opener.told == ["no descriptor"]


def test_a_closed_one_is_not_tried_again_and_says_why_it_is_closed() -> None:
    opener = Opener(says="no descriptor")
    opener.kept.open_for(DEVICE, UP)
    opener.kept.close("the MTU is too small")
    opener.says = ""
    opener.clock.run(5)
    assert not opener.is_open()
    assert len(opener.tried_at) == 1
    assert opener.kept.refusal == "the MTU is too small"
    opener.kept.open_for(DEVICE, UP)
    assert opener.is_open()
    assert opener.kept.refusal == ""
