"""Three nodes with a lease in etcd, and a switch that comes apart in every way: never two holders.

Each node runs pyvrrp and a member of a real etcd. One client is beside the best node and one beside
the other two. Whatever is cut, powered off, stopped or killed, there is no instant at which two
kernels have the address. The time without a holder stays within the limits of docs/lease.md.
"""

from collections.abc import Iterator

from plays.play import Play
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions
from services.etcd_lease import (
    ADDRESSES,
    EXPIRED,
    LOST_LEADER,
    PROOF,
    SETTLE,
    VIP,
    leased,
)
from services.etcd_member import EtcdMember

NEEDS = ("pyvrrp",)


class Trio:
    """The three nodes and their members of etcd."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.cut_at = 0.0  # when n1 was cut off, with the client near and without the client far
        self.nodes = [play.node(name, f"{each}/24") for name, each in ADDRESSES.items()]
        self.members = [EtcdMember(node, ADDRESSES[node.name], ADDRESSES) for node in self.nodes]
        for node in self.nodes:
            node.pyvrrp(leased(member.url for member in self.members))
            node.echo()
        self.clients = [
            play.client("near", VIP, "10.9.0.8/24"),
            play.client("far", VIP, "10.9.0.9/24"),
        ]

    def split(self, *sides: str) -> None:
        """Let only those hear each other that stand in one side, named by their digits.

        The client near stands beside n1, far beside n2.
        """
        hosts = {node.name[-1]: node.host for node in self.nodes}
        beside = {"1": self.clients[0].host, "2": self.clients[1].host}
        self.play.lan.split(
            *([hosts[n] for n in side] + [beside[n] for n in side if n in beside] for side in sides)
        )

    def part(self, one: str, two: str) -> None:
        """Let these two not hear each other; the third hears both."""
        hosts = {node.name[-1]: node.host for node in self.nodes}
        self.play.lan.part((hosts[one], hosts[two]))

    def back_to_n1(self, what: str, within: float = LOST_LEADER) -> None:
        """Heal the switch, and see the best node get its address back."""
        self.play.mark(what)
        self.play.lan.unite()
        self.play.wait_for_holder(VIP, "n1", within=within, what=f"n1 has it back: {what}")


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    with Play("every cut of three nodes", "100 ms, ttl 6 s, real etcd", options.listen) as play:
        trio = Trio(play)
        play.begin()
        for member in trio.members:
            member.start()
        for node in trio.nodes:
            node.start()
        play.mark("start")
        play.wait_for_holder(VIP, "n1", within=10.0)
        for client in trio.clients:
            client.start()
        _alone(trio)
        _all_apart(trio)
        _pairs(trio)
        _stopped(trio)
        _powered_off(trio)
        _without_etcd(trio)
        for client in trio.clients:
            client.finish()
        play.never_two(VIP)
        near, far = trio.clients
        until = trio.cut_at + LOST_LEADER
        play.at_most("far misses", far.longest_outage(trio.cut_at, until), LOST_LEADER)
        play.figure("near misses", f"{near.longest_outage(trio.cut_at, until):.1f} s, till healed")
    yield play.result()


def _alone(trio: Trio) -> None:
    """Cut each node off from the two others."""
    play = trio.play
    cut = trio.cut_at = play.mark("n1 alone")
    trio.split("1", "23")
    play.wait_for_holder(VIP, "", within=PROOF + NOISE, since=cut, what="n1 lets go")
    play.wait_for_holder(VIP, "n2", within=LOST_LEADER, since=cut)
    trio.back_to_n1("healed")
    for alone, others in (("2", "13"), ("3", "12")):
        play.mark(f"n{alone} alone")
        trio.split(alone, others)
        play.sleep(2.0)
        play.equal(f"who has it while n{alone} is alone", play.holders(VIP), ["n1"])
        trio.play.lan.unite()
        play.sleep(SETTLE)


def _all_apart(trio: Trio) -> None:
    play = trio.play
    cut = play.mark("all apart")
    trio.split("1", "2", "3")
    play.wait_for_holder(VIP, "", within=PROOF + NOISE, since=cut, what="n1 lets go again")
    play.sleep(3.0)
    play.equal("who has it while all are apart", play.holders(VIP), [])
    trio.back_to_n1("all healed", within=LOST_LEADER + 1.0)


def _pairs(trio: Trio) -> None:
    """Cut two nodes from each other while the third hears both: etcd has a majority."""
    play = trio.play
    play.sleep(SETTLE)
    for one, two in (("1", "2"), ("1", "3")):
        play.mark(f"n{one} and n{two} do not hear each other")
        trio.part(one, two)
        play.sleep(2.0)
    trio.back_to_n1("pairs healed", within=LOST_LEADER)
    play.sleep(SETTLE)


def _stopped(trio: Trio) -> None:
    """Stop the holder's daemon; the kernel takes its address away before the key expires."""
    play, n1 = trio.play, trio.nodes[0]
    stopped = play.mark("n1 is stopped (SIGSTOP)")
    n1.pause()
    play.wait_for_holder(VIP, "", within=1.0 + 1.5 + NOISE, since=stopped, what="n1's lease ends")
    limit = EXPIRED
    play.wait_for_holder(VIP, "n2", within=limit, since=stopped)
    n1.resume()
    trio.back_to_n1("SIGCONT", within=2.0 + NOISE)


def _powered_off(trio: Trio) -> None:
    """Switch the holder off, and its member of etcd with it."""
    play, n1 = trio.play, trio.nodes[0]
    died = play.mark("n1's power fails")
    n1.power_off()
    play.wait_for_holder(VIP, "n2", within=LOST_LEADER, since=died)
    n1.power_on()
    trio.members[0].start()
    n1.start()
    trio.back_to_n1("n1 is switched on", within=5.0)


def _without_etcd(trio: Trio) -> None:
    play = trio.play
    gone = play.mark("etcd is killed everywhere")
    for member in trio.members:
        member.stop()
    play.wait_for_holder(VIP, "", within=PROOF + NOISE, since=gone, what="n1 lets go without etcd")
    play.sleep(1.0)
    play.equal("who has it without etcd", play.holders(VIP), [])
    back = play.mark("etcd is started again")
    for member in trio.members:
        member.start()
    # A member takes about a second to start.
    play.wait(lambda: len(play.holders(VIP)) == 1, "a node has it again", 15.0)
    play.at_most("a node has it again", play.longest_gap(VIP, back), LOST_LEADER + 1.0)
