"""Three nodes and one etcd on a fourth host, cut off, killed and started again: never two holders.

The nodes hear each other while one of them does not reach etcd, and they reach etcd while they do
not hear each other. In both cases the key in etcd decides.
"""

from collections.abc import Iterator

from plays.play import Play
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions
from services.etcd_lease import ADDRESSES, EXPIRED, PROOF, VIP, leased
from services.etcd_member import EtcdMember

NEEDS = ("pyvrrp",)
_STORE = "10.9.0.50"
_SHORT = 2.0


class EtcdNodes:
    """The play, its nodes, and the host with the only etcd."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.nodes = [play.node(name, f"{address}/24") for name, address in ADDRESSES.items()]
        self.store = play.node("store", f"{_STORE}/24")
        self.etcd = EtcdMember(self.store, _STORE, {"store": _STORE})
        for node in self.nodes:
            node.pyvrrp(leased([self.etcd.url]))
            node.echo()
        self.client = play.client("client", VIP, "10.9.0.9/24")


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    with Play("one etcd for three nodes", "100 ms, ttl 6 s, real etcd", options.listen) as play:
        stage = EtcdNodes(play)
        play.begin()
        stage.etcd.start()
        for node in stage.nodes:
            node.start()
        play.mark("start")
        play.wait_for_holder(VIP, "n1", within=8.0)
        stage.client.start()
        _cuts(stage)
        _killed(stage)
        stopped = _stopped_in_order(stage)
        _without_etcd(stage)
        stage.client.finish()
        play.never_two(VIP)
        lost = stage.client.lost(stopped, stopped + 1.0)
        play.check("requests lost in an orderly stop", lost, "1 to 500", passed=1 <= lost <= 500)
    yield play.result()


def _cuts(stage: EtcdNodes) -> None:
    """Cut the nodes off from etcd, from each other, and the holder alone from etcd."""
    play, store = stage.play, stage.store.host
    n1, n2, n3 = (node.host for node in stage.nodes)
    play.mark("n2 and n3 do not reach etcd")
    play.lan.part((n2, store), (n3, store))
    play.sleep(_SHORT)
    play.equal("who has it meanwhile", play.holders(VIP), ["n1"])
    play.mark("the nodes do not hear each other, but reach etcd")
    play.lan.part((n1, n2), (n2, n3), (n1, n3))
    play.sleep(_SHORT)
    play.equal("who has it although nobody hears it", play.holders(VIP), ["n1"])
    cut = play.mark("n1 does not reach etcd, but is heard")
    play.lan.part((n1, store))
    play.wait_for_holder(VIP, "", within=PROOF + NOISE, since=cut, what="n1 lets go")
    play.wait_for_holder(VIP, "n2", within=EXPIRED, since=cut)
    play.mark("n1 reaches it again")
    play.lan.unite()
    play.wait_for_holder(VIP, "n1", within=3.0)


def _killed(stage: EtcdNodes) -> None:
    play, n1 = stage.play, stage.nodes[0]
    play.mark("n1's daemon is killed (SIGKILL), with its guardian")
    n1.kill()
    play.wait_for_holder(VIP, "n2", within=EXPIRED)
    play.mark("n1's daemon is started again")
    n1.start()
    play.wait_for_holder(VIP, "n1", within=4.0)


def _stopped_in_order(stage: EtcdNodes) -> float:
    play = stage.play
    stopped = play.mark("n1's daemon is stopped in order")
    stage.nodes[0].stop()
    play.wait_for_holder(VIP, "n2", within=1.0)
    return stopped


def _without_etcd(stage: EtcdNodes) -> None:
    play = stage.play
    play.mark("etcd is killed")
    stage.etcd.stop()
    play.wait_for_holder(VIP, "", within=PROOF + NOISE, what="n2 lets go")
    back = play.mark("etcd is started again")
    stage.etcd.start()
    play.wait(lambda: len(play.holders(VIP)) == 1, "a node has it again", 15.0)
    play.at_most("a node has it again", play.longest_gap(VIP, back), EXPIRED + 2.0)
