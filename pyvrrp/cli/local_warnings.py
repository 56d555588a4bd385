"""Warnings about a configuration that depend on the interfaces of this machine."""

from collections.abc import Iterator

from pyvrrp.config.model.configuration import Configuration, VirtualRouterConfig
from pyvrrp.errors import KernelError, Problem
from pyvrrp.identity import OWNER_PRIORITY, Place
from pyvrrp.net.netlink.interface_state import read_state
from pyvrrp.net.netlink.namespaces import NamespaceSockets
from pyvrrp.packet.datagram import advertisement_octets
from pyvrrp.ports import InterfaceState
from pyvrrp.runtime.links.source_address import becomes_a_source, what_to_set


def local_warnings(configuration: Configuration) -> tuple[Problem, ...]:
    """Return what the interfaces of this machine say against *configuration*.

    An interface that cannot be read gives no warning: it may come later, or be another machine's.
    """
    sockets = NamespaceSockets()
    seen: dict[Problem, None] = {}
    try:
        for router in configuration.virtual_routers:
            state = _state(sockets, router.id.place)
            path = f'virtual_router "{router.name}"'
            warnings = (*_length(router, state), *_addresses(router, state))
            seen |= dict.fromkeys(Problem(f"{path}.addresses", what) for what in warnings)
            for one in router.track_interfaces:
                if not _state(sockets, Place(router.id.place.netns, one.interface)).exists:
                    what = f"{one.interface} does not exist here, so it counts as down"
                    seen[Problem(f"{path}.track_interfaces", what)] = None
    finally:
        sockets.close()
    return tuple(seen)


def _state(sockets: NamespaceSockets, place: Place) -> InterfaceState:
    try:
        return read_state(sockets, place)
    except KernelError:
        return InterfaceState()


def _length(router: VirtualRouterConfig, state: InterfaceState) -> Iterator[str]:
    octets = advertisement_octets(router.version, router.id.family, len(router.addresses))
    if state.exists and octets > state.mtu:
        yield (
            f"an advertisement of {octets} octets does not fit the MTU {state.mtu} of "
            f"{router.id.place}, so this node cannot take part; split the addresses over several "
            "virtual routers of one group"
        )


def _addresses(router: VirtualRouterConfig, state: InterfaceState) -> Iterator[str]:
    if not state.exists or router.priority == OWNER_PRIORITY:
        return
    hosts = {address.ip for address in router.addresses}
    for address in state.addresses:
        if address.ip in hosts and address not in state.ours:
            yield (
                f"{address} is on {router.id.place}, and pyvrrp has not added it: remove it there, "
                f"or set priority = {OWNER_PRIORITY} if this node owns it"
            )
    for source in becomes_a_source(router.addresses, state.addresses):
        yield (
            f"{source} would be the first address of its network on {router.id.place}: as MASTER "
            f"this host sends from it to {source.network}. {what_to_set(source)}"
        )
