"""Makes the parameters of the election and of the receive checks from a configuration."""

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

# After the first advertisement of the successor: time to add its addresses and announce them.
LINGER = Nanoseconds(50 * MILLISECOND)


def parameters_of(config: VirtualRouterConfig) -> Parameters:
    """Return the parameters of the election. The primary address is still unspecified."""
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
    """Return how old the last advertisement may be when the address lease is renewed.

    The fastest backup takes over three intervals after the last advertisement. The limit is three
    intervals minus the lease, so that the lease has ended by then, even if this process dies right
    after the renewal. That is not possible with a lease longer than two intervals. There the
    guardian removes the addresses.
    """
    patience = 3 * config.advertisement_interval
    lease = config.lease * SECOND
    if lease <= 2 * config.advertisement_interval:
        return Nanoseconds(patience - lease)
    return Nanoseconds(patience)
