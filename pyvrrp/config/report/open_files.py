"""How many files and sockets the daemon may have open with a configuration, at most."""

from collections import defaultdict

from pyvrrp.config.model.configuration import Configuration
from pyvrrp.identity import Family, Place

DAEMON = 128  # itself: 32 clients of the control socket, the log, the guardian, a prober
PER_NAMESPACE = 4  # events, requests, and entering it
PER_CHECK = 4  # a program with its output, or a connection that is handed over
PER_RESOURCE = 3
ANNOUNCING = 1
_READING = 2  # a socket, and an epoll that stands before it
_OF_ADDRESSES = 2  # other hosts that claim them are watched


def open_files_needed(configuration: Configuration) -> int:
    """Return how many descriptors it may need.

    The sockets of an interface are shared by the virtual routers on it. When all interfaces vanish
    and come back at once, the sockets of before are closed while the new ones are opened: that is
    not counted, because the new ones wait if there are too few descriptors.
    """
    sockets: dict[tuple[Place, Family], set[str]] = defaultdict(set)
    for router in configuration.virtual_routers:
        family = router.id.family
        for link in router.links:
            sockets[link.place, family].add("unicast" if link.peers else "multicast")
        sockets[router.id.place, family].add("addresses")
    places = {place for place, _ in sockets}
    count = DAEMON + PER_NAMESPACE * len({place.netns for place in places})
    count += ANNOUNCING * len(places)
    for kinds in sockets.values():
        count += _READING + len(kinds - {"addresses"})
        count += _OF_ADDRESSES * ("addresses" in kinds)
    return (
        count + PER_CHECK * len(configuration.checks) + PER_RESOURCE * len(configuration.resources)
    )
