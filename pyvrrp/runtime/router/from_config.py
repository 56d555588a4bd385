"""From a configuration to what the election and the receive checks need to know."""

from ipaddress import IPv4Address, IPv6Address

from pyvrrp.config.model.configuration import ChecksumPolicy, VirtualRouterConfig
from pyvrrp.identity import Family
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.reception import Expectation
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.parameters import OWNER, Parameters

BELIEVED = {
    ChecksumPolicy.AUTO: frozenset(ChecksumForm),
    ChecksumPolicy.RFC9568: frozenset({ChecksumForm.MESSAGE_ONLY}),
    ChecksumPolicy.RFC5798: frozenset({ChecksumForm.PSEUDO_HEADER}),
}

# After the successor's first advertisement: time for its addresses and its announcement.
LINGER = Nanoseconds(50 * MILLISECOND)


def parameters_of(config: VirtualRouterConfig) -> Parameters:
    """Return the constants of the election; the primary address is not known yet."""
    unspecified = IPv4Address("0.0.0.0") if config.id.family is Family.IPV4 else IPv6Address("::")
    return Parameters(
        version=config.version,
        priority=config.priority,
        advertisement_interval=config.advertisement_interval,
        primary_address=unspecified,
        preempt=config.preempt,
        preempt_delay=config.preempt_delay,
        max_learned_interval=config.max_learned_interval,
        linger=Nanoseconds(0) if config.is_exclusive else LINGER,
    )


def expectation_of(config: VirtualRouterConfig, parameters: Parameters) -> Expectation:
    """Return what the receive checks compare an advertisement with."""
    return Expectation(
        version=config.version,
        primary_address=parameters.primary_address,
        addresses=tuple(address.ip for address in config.addresses),
        interval=config.advertisement_interval,
        owner=config.priority == OWNER,
        checksum=BELIEVED[config.checksum],
        strict=config.strict,
        authentication=config.authentication,
    )


def renewal_limit(config: VirtualRouterConfig) -> Nanoseconds:
    """Return how old the last advertisement may be for the lease to be renewed.

    Three intervals after it the fastest backup takes over. A lease that is renewed no later than
    its own length before that has run out by then, even if this process dies at once. A lease
    longer than two intervals can't keep that promise; its guardian has to.
    """
    patience = 3 * config.advertisement_interval
    lease = config.lease * SECOND
    if lease <= 2 * config.advertisement_interval:
        return Nanoseconds(patience - lease)
    return Nanoseconds(patience)
