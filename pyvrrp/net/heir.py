"""Who stops resources when the daemon cannot: implementations of `pyvrrp.ports.Heir`."""

from pyvrrp.ports import Legacy


class NoHeir:
    """Nobody: a daemon without a guardian leaves its resources running when it dies."""

    def inherit(self, legacy: Legacy) -> None:
        """Take no note of it."""

    def disinherit(self, router: str, resource: str) -> None:
        """Forget nothing."""

    def acting(self) -> bool:
        """Never."""
        return False

    def interventions(self) -> int:
        """None."""
        return 0
