"""What an errno of the kernel means, for each kind of request: done, not now, or cannot.

Nothing else in the project compares an errno of these requests with anything. An errno that is not
in the table means *not now*: nothing is known, so the request is repeated and nothing is believed.

A look-up by name finds an interface for people. That there is none of that name says nothing about
addresses: they stay on an interface that was renamed. So only a request that named the interface by
its index may conclude from ENODEV that its addresses are gone.
"""

import errno
from enum import Enum


class KernelRequest(Enum):
    """What the kernel was asked for."""

    ADD = "add addresses"
    REMOVE = "remove addresses"
    RENEW = "renew an address lease"
    SEND = "send an advertisement or announcement"
    OPEN = "open a socket"
    LOOK_UP = "find an interface by its name"


class Meaning(Enum):
    """What follows from an answer.

    DONE: what was asked for is the case. NOT_NOW: ask again, the next answer may differ. CANNOT: it
    stays like this until somebody changes the interface, the namespace or the configuration.
    """

    DONE = "done"
    NOT_NOW = "not now"
    CANNOT = "cannot"


_NO_SUCH_FAMILY = (errno.EAFNOSUPPORT, errno.EOPNOTSUPP)  # the kernel runs without IPv6
_NO_IPV6_HERE = (errno.ENXIO, errno.EACCES, errno.EINVAL)  # MTU below 1280, disable_ipv6
_NOT_THERE = (errno.ENODEV, errno.ENOENT)  # no such interface, no such network namespace

_CANNOT_HOLD = dict.fromkeys((*_NO_SUCH_FAMILY, *_NO_IPV6_HERE, *_NOT_THERE), Meaning.CANNOT)

_TABLE: dict[KernelRequest, dict[int, Meaning]] = {
    # EEXIST: an address of the operator is in the place.
    KernelRequest.ADD: _CANNOT_HOLD | {errno.EEXIST: Meaning.CANNOT},
    KernelRequest.RENEW: _CANNOT_HOLD | {errno.EADDRNOTAVAIL: Meaning.CANNOT},
    # An address cannot be on an interface that does not exist, nor on one without its family.
    # Here ENOENT is no proof: a namespace without a name may still be in use.
    KernelRequest.REMOVE: dict.fromkeys(
        (errno.EADDRNOTAVAIL, errno.ENODEV, errno.ENXIO, *_NO_SUCH_FAMILY), Meaning.DONE
    ),
    KernelRequest.SEND: dict.fromkeys((errno.EMSGSIZE, *_NO_SUCH_FAMILY), Meaning.CANNOT),
    KernelRequest.OPEN: dict.fromkeys(
        (*_NO_SUCH_FAMILY, *_NO_IPV6_HERE, *_NOT_THERE), Meaning.CANNOT
    ),
    # The answer is that there is no interface of that name.
    KernelRequest.LOOK_UP: {errno.ENODEV: Meaning.DONE},
}


def meaning(request: KernelRequest, code: int) -> Meaning:
    """Return what the errno *code* means as the answer to *request*; 0: no errno was given."""
    return _TABLE[request].get(code, Meaning.NOT_NOW)
