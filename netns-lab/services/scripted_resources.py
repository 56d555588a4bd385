"""Resources of the lab that fail on command and write down what they did.

`disk` is a fake drbdadm: it is primary on one node at a time, by a lock on a file that both nodes
reach, so that a second primary is refused like DRBD refuses it. What `orders/NODE.RESOURCE.ACTION`
says happens instead of the action: `fail`, or `hang`.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from plays.node import LabNode
from pyvrrp.testing.errors import BenchError

ORDER = ("disk", "mount", "app")

_AGENT = """#!/bin/sh
shared={shared}
own=$1
node=${{own##*/}}
name=$PYVRRP_RESOURCE
action=$2
note() {{ printf '%s %s %s %s\\n' "$(date +%s.%N)" "$node" "$name" "$1" >>"$shared/trace"; }}

case $(cat "$shared/orders/$node.$name.$action" 2>/dev/null) in
fail) note "$action-failed"; echo "told to fail"; exit 1 ;;
hang) note "$action-hangs"; trap '' TERM; while :; do sleep 0.1; done ;;
esac
case $action in
start)
    note start
    if [ "$name" = disk ]; then
        setsid "$0" "$own" primary >/dev/null 2>&1 &
        for i in 1 2 3 4 5; do [ -e "$own/disk" ] || sleep 0.05; done
        [ -e "$own/disk" ] || {{ echo "State change failed: peer is primary"; exit 1; }}
    fi
    : >"$own/$name"
    ;;
stop)
    note stop
    if [ "$name" = disk ] && [ -e "$own/disk" ]; then
        kill "$(cat "$own/disk.pid")" 2>/dev/null
        while kill -0 "$(cat "$own/disk.pid")" 2>/dev/null; do sleep 0.01; done
    fi
    rm -f "$own/$name"
    note stopped
    ;;
primary)
    exec flock --nonblock "$shared/primary" "$0" "$own" hold
    ;;
hold)
    echo $$ >"$own/disk.pid"
    : >"$own/disk"
    exec sleep 1000
    ;;
monitor)
    [ -e "$own/$name" ] || exit 7
    [ "$name" != disk ] || kill -0 "$(cat "$own/disk.pid")" || exit 7
    ;;
switch)
    note switch
    ;;
esac
"""


@dataclass(frozen=True, slots=True)
class ResourceStep:
    """One thing a resource did."""

    time: float
    node: str
    resource: str
    action: str


class ScriptedResources:
    """The agent of all nodes, its orders, and its notes."""

    def __init__(self, directory: Path) -> None:
        self.shared = directory / "shared"
        (self.shared / "orders").mkdir(parents=True)
        self.agent = directory / "agent"
        self.agent.write_text(_AGENT.format(shared=self.shared), encoding="utf-8")
        self.agent.chmod(0o755)

    def tell(self, node: LabNode, resource: str, action: str, what: str = "") -> None:
        """Have *action* `fail` or `hang` from now on; empty: work again."""
        order = self.shared / "orders" / f"{node.name}.{resource}.{action}"
        if what:
            order.write_text(what, encoding="utf-8")
        else:
            order.unlink(missing_ok=True)

    def lose(self, node: LabNode, resource: str) -> None:
        """Let it die on a node, without a stop."""
        (node.directory / resource).unlink(missing_ok=True)

    def steps(self, since: float = 0.0) -> list[ResourceStep]:
        """Return what was done since then."""
        trace = self.shared / "trace"
        lines = trace.read_text(encoding="utf-8").splitlines() if trace.exists() else []
        steps = [ResourceStep(float(at), *rest) for at, *rest in map(str.split, lines)]
        return [step for step in steps if step.time >= since]

    def done(self, node: str, since: float = 0.0) -> list[str]:
        """Return what was done on one node, such as `start disk`."""
        return [f"{step.action} {step.resource}" for step in self.steps(since) if step.node == node]

    def overlaps(self) -> list[str]:
        """Return what ran on two nodes at once, by what they wrote down."""
        running: dict[str, set[str]] = {}
        found = []
        for step in self.steps():
            nodes = running.setdefault(step.resource, set())
            if step.action == "start":
                nodes.add(step.node)
            elif step.action == "stopped":
                nodes.discard(step.node)
            if len(nodes) > 1:
                found.append(f"{step.resource} on {' and '.join(sorted(nodes))}")
        return found

    def wait(self, node: str, what: str, since: float, patience: float = 10.0) -> float:
        """Wait until *node* has done *what* since then, and return when it did."""
        end = time.time() + patience
        while time.time() < end:
            for step in self.steps(since):
                if step.node == node and f"{step.action} {step.resource}" == what:
                    return step.time
            time.sleep(0.01)
        raise BenchError(f"{node} did not {what} within {patience} s: {self.done(node, since)}")
