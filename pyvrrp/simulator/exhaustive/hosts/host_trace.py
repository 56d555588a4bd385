"""A trace of hosts for people: what happened, when, and the state of every virtual router then."""

from pyvrrp.simulator.exhaustive.hosts.host_moves import HostMove
from pyvrrp.simulator.exhaustive.hosts.host_space import HostSpace, HostStep
from pyvrrp.simulator.exhaustive.hosts.live_router import name_of
from pyvrrp.simulator.exhaustive.hosts.router_state import HostState, RouterState
from pyvrrp.simulator.exhaustive.outcomes import Path, TraceLine, WorldState, timeline
from pyvrrp.simulator.exhaustive.routers.trace import action_text, state_word


def tell_hosts(space: HostSpace, path: Path[HostStep], last: WorldState) -> tuple[TraceLine, ...]:
    """Return the steps of *path*, which leads to *last*, as people read them."""
    return tuple(
        TraceLine(
            seconds,
            _text(space, before, step),
            tuple(_host(space.host(after, index)) for index in range(space.size)),
        )
        for seconds, before, step, after in timeline(path, last)
    )


def _host(host: HostState) -> str:
    """Return the states of one host in a fixed width.

    A star says that the kernel has the addresses, # that the fence is closed, ! that the link is
    down, ~ that it is a last resort.
    """
    if not host.is_running:
        return "dead".ljust(12 * len(host.routers))
    return " ".join(_router(one).ljust(11) for one in host.routers)


def _router(one: RouterState) -> str:
    marks = [
        mark
        for mark, is_set in (
            ("*", one.held),
            ("#", one.is_fenced),
            ("!", one.is_cut_off),
            ("~", one.stands),
        )
        if is_set
    ]
    return f"{state_word(one.state)}{''.join(marks)}"


def _text(space: HostSpace, before: WorldState, step: HostStep) -> str:
    if step.what == "tick":
        return "time passes, and nothing more happens"
    if step.node is None or step.move is None:
        return step.what
    done = space.moved(before, step.node, step.move).actions
    several = space.scope.segments > 1
    whose = f"{name_of(step.move.router)} of node {step.node + 1}" if several else ""
    words = [f"{whose or f'node {step.node + 1}'}: {_what(step.move)}"]
    for number, action in done:
        text = action_text(action)
        if text:
            words.append(f"{name_of(number)} {text}" if several else text)
    return "; ".join(words)


def _what(move: HostMove) -> str:
    if move.heard is not None:
        return f"hears priority {move.heard.priority} of {move.heard.sender}"
    return "" if move.what is None else move.what.value
