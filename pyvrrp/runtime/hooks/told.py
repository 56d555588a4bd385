"""What a hook is told: the arguments of keepalived, and the environment."""

from dataclasses import dataclass

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.model.hooks import HookConfig, HookEvent
from pyvrrp.identity import Address
from pyvrrp.ports import Command


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened to a virtual router. *sequence* counts them from the start on."""

    event: HookEvent
    state: str
    previous: str
    reason: str
    sequence: int
    priority: int
    peer: Address | None


# keepalived has no word for what comes before a claim.
KEEPALIVED_WORDS = {
    HookEvent.PRE_MASTER: "PRE_MASTER",
    HookEvent.MASTER: "MASTER",
    HookEvent.BACKUP: "BACKUP",
    HookEvent.FAULT: "FAULT",
    HookEvent.STOP: "STOP",
    HookEvent.LOWER_PRIORITY: "MASTER_RX_LOWER_PRI",
}


def command_of(hook: HookConfig, router: VirtualRouterConfig, told: Told, node: str) -> Command:
    """Return the command that tells *hook* what happened."""
    arguments: tuple[str, ...] = ()
    if hook.keepalived_arguments:
        word = KEEPALIVED_WORDS[told.event]
        arguments = ("INSTANCE", router.name, word, str(told.priority))
    environment = (
        ("PYVRRP_HOOK", hook.name),
        ("PYVRRP_NODE", node),
        ("PYVRRP_NAME", router.name),
        ("PYVRRP_EVENT", str(told.event)),
        ("PYVRRP_STATE", told.state),
        ("PYVRRP_PREVIOUS", told.previous),
        ("PYVRRP_REASON", told.reason),
        ("PYVRRP_SEQUENCE", str(told.sequence)),
        ("PYVRRP_PRIORITY", str(told.priority)),
        ("PYVRRP_ADDRESSES", " ".join(str(address) for address in router.addresses)),
        ("PYVRRP_PEER", "" if told.peer is None else str(told.peer)),
        ("PYVRRP_INTERFACE", router.id.place.interface),
        ("PYVRRP_NETNS", router.id.place.netns),
        ("PYVRRP_VRID", str(router.id.vrid)),
    )
    return Command((*hook.command, *arguments), environment, user=hook.user)
