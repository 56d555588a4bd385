"""The segment: advertisements under way, each to one receiver, in no order."""

from typing import NamedTuple

from pyvrrp.simulator.exhaustive.routers.node_state import HeardAdvertisement
from pyvrrp.units import Nanoseconds


class MessageUnderWay(NamedTuple):
    """One advertisement on its way to one receiver; ``left`` is how long it may still take."""

    receiver: int
    heard: HeardAdvertisement
    left: Nanoseconds
    late: bool = False


Messages = tuple[MessageUnderWay, ...]  # sorted, because they may overtake each other
NodePair = tuple[int, int]


def sent(messages: Messages, new: list[MessageUnderWay]) -> Messages:
    """Return the messages under way when *new* ones have been sent."""
    return tuple(sorted((*messages, *new)))


def without(messages: Messages, message: MessageUnderWay) -> Messages:
    """Return the messages under way when one of them has arrived or is lost."""
    at = messages.index(message)
    return messages[:at] + messages[at + 1 :]


def postponed(messages: Messages, message: MessageUnderWay, late: Nanoseconds) -> Messages:
    """Return the messages under way when one of them takes longer than it may."""
    return sent(without(messages, message), [message._replace(left=late, late=True)])


def aged(messages: Messages, passed: Nanoseconds) -> Messages:
    """Return the messages under way a while later."""
    return tuple(sorted(one._replace(left=Nanoseconds(one.left - passed)) for one in messages))
