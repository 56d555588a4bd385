"""Judges resources: started in order, stopped in reverse, with a lease in etcd on one node only."""

from pyvrrp.identity import InterfaceAddress
from pyvrrp.runtime.base.journal import JournalEvent
from pyvrrp.simulator.judges.observed.judge import Case, Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.rules.invariants import InvariantName


class ResourceJudge(Judge):
    """Compares what runs with the order of the chain.

    A resource that has died by itself counts as running until it is stopped.
    """

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._dead: set[tuple[str, str]] = set()

    def changed(self, node: str, resource: str, *, runs: bool) -> None:
        """Judge a resource that was started or stopped."""
        for router in self._with(node, resource):
            self._case(InvariantName.IN_ORDER)
            names = router.config.resources
            at = names.index(resource)
            if runs:
                self._dead.discard((node, resource))
                missing = [one for one in names[:at] if not self._runs(node, one)]
                if missing:
                    self._broken(
                        InvariantName.IN_ORDER,
                        router.who,
                        f"{resource} was started without {', '.join(missing)}",
                    )
                self._judge_exclusive(router, resource)
            else:
                running = router.node.simulated.resources.running
                above = [one for one in names[at + 1 :] if one in running]
                if above:
                    self._broken(
                        InvariantName.IN_ORDER,
                        router.who,
                        f"{resource} was stopped while {', '.join(above)} runs",
                    )

    def failed(self, router: ObservedRouter, event: JournalEvent) -> None:
        """Record a failure for which a node stays away, unless it restarts the resource."""
        failures = router.failures.instants
        if event.name == "resource_restarting":
            failures.pop()
        else:
            failures.append(router.here())
            ends = router.failures.opens_at()
            if ends is not None:
                at = router.node.time.true_time(ends)
                self._engine.at(max(at, self._engine.now), self._disturbances.note)
        self._disturbances.note()
        self._facts.version += 1

    def stopping(self, node: str, resource: str) -> None:
        """Judge a daemon that begins to stop a resource."""
        for router in self._with(node, resource):
            self._case(InvariantName.ADDRESS_LAST)
            if router.held:
                held = ", ".join(map(str, router.held))
                self._broken(
                    InvariantName.ADDRESS_LAST,
                    router.who,
                    f"stops {resource} while it holds {held}",
                )

    def died(self, node: str, resource: str) -> None:
        """Record that a resource has ended by itself."""
        self._dead.add((node, resource))

    def gained(self, router: ObservedRouter, address: InterfaceAddress) -> None:
        """Judge a node that has got an address."""
        name = router.node.name
        missing = [one for one in router.config.resources if not self._runs(name, one)]
        if missing:
            self._broken(
                InvariantName.ADDRESS_LAST,
                router.who,
                f"{address} appeared while {', '.join(missing)} does not run",
            )

    def _judge_exclusive(self, router: ObservedRouter, resource: str) -> None:
        if router.config.etcd_lease is None:
            return
        self._case(InvariantName.EXCLUSIVE)
        nodes = sorted(
            other.node.name
            for other in self._facts.by_id[router.id]
            if resource in other.node.simulated.resources.running
        )
        if len(nodes) != 1:
            self._broken(
                InvariantName.EXCLUSIVE, router.who, f"{resource} runs on {' and '.join(nodes)}"
            )

    def _runs(self, node: str, resource: str) -> bool:
        running = self._facts.nodes[node].simulated.resources.running
        return resource in running or (node, resource) in self._dead

    def _with(self, node: str, resource: str) -> list[ObservedRouter]:
        return [r for r in self._facts.on_node[node] if resource in r.config.resources]
