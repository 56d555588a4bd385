"""What proves that no other node holds the addresses, for a virtual router that needs to know."""

from typing import Protocol

from pyvrrp.units import Nanoseconds


class Proof(Protocol):
    """Asked whenever an address may come or stay, and waited for when the addresses are gone."""

    @property
    def is_valid(self) -> bool:
        """Whether the addresses may be there for the length of another kernel lease."""

    @property
    def valid_until(self) -> Nanoseconds | None:
        """Until when that is so unless it is proven anew; None: for ever."""

    @property
    def is_settled(self) -> bool:
        """Whether priority 0 may be sent: the proof is given up, or that takes too long.

        When it becomes true, it calls `Router.proof_settled`.
        """

    def run_out(self) -> None:
        """Take note that something was about to happen on a proof that is not valid any more."""


class NothingToProve:
    """For virtual routers without a lease in etcd."""

    is_valid = True
    valid_until = None
    is_settled = True

    def run_out(self) -> None:
        """Never asked."""
