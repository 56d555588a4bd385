"""A concern of a test's own."""

from pyvrrp.runtime.router.concern import BaseConcern, RouterControl
from pyvrrp.units import Nanoseconds


class OwnConcern(BaseConcern):
    name = "own"

    def __init__(self, router: RouterControl) -> None:
        self.router = router
        self.waits_for: str | None = None
        self.until: Nanoseconds | None = None
        self.let_go = True
        self.heard: list[str] = []

    def start(self) -> None:
        self.heard.append("start")

    def claim_due(self) -> None:
        self.heard.append("claim due")

    def may_claim(self) -> str | None:
        return self.waits_for

    def may_hold_until(self) -> Nanoseconds | None:
        return self.until

    def hold_expired(self) -> None:
        self.router.obstacle(self, "own limit has passed")

    def has_let_go(self) -> bool:
        return self.let_go

    def claimed(self) -> None:
        self.heard.append("claimed")

    def released(self) -> None:
        self.heard.append("released")

    def advertisement(self) -> None:
        self.heard.append("advertisement")
