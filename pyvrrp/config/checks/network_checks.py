"""The keys of the checks of the network: tcp, ping, arp and interface."""

from pyvrrp.config.checks.kinds import NETNS, SOURCE, CheckContext, CheckKind, refuse_other_family
from pyvrrp.config.model.configuration import (
    ArpProbeConfig,
    InterfaceProbeConfig,
    PingProbeConfig,
    TcpProbeConfig,
)
from pyvrrp.config.values.addresses import address
from pyvrrp.config.values.scalars import boolean, interface_name, optional
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.config.values.targets import host_and_port, host_name

TCP = Key("tcp", host_and_port, "127.0.0.1:1")
PING = Key("ping", host_name, "127.0.0.1")
THROUGH = Key("interface", optional(interface_name))
ARP = Key("arp", address, "192.0.2.1")
ON = Key("interface", interface_name, "eth0", required=True)
ABSENT = Key("absent", boolean, default=False)
INTERFACE = Key("interface", interface_name, "eth0")


def _tcp(section: Section, _: CheckContext) -> TcpProbeConfig:
    host, port = section.read(TCP)
    probe = TcpProbeConfig(host, port, source=section.read(SOURCE), netns=section.read(NETNS))
    refuse_other_family(section, TCP, probe.source, host)
    return probe


def _ping(section: Section, _: CheckContext) -> PingProbeConfig:
    probe = PingProbeConfig(
        section.read(PING),
        source=section.read(SOURCE),
        interface=section.read(THROUGH) or "",
        netns=section.read(NETNS),
    )
    refuse_other_family(section, PING, probe.source, probe.host)
    return probe


def _arp(section: Section, _: CheckContext) -> ArpProbeConfig:
    return ArpProbeConfig(
        section.read(ARP),
        section.read(ON),
        absent=section.read(ABSENT),
        netns=section.read(NETNS),
    )


def _interface(section: Section, _: CheckContext) -> InterfaceProbeConfig:
    return InterfaceProbeConfig(section.read(INTERFACE), netns=section.read(NETNS))


TCP_KIND = CheckKind("a tcp check", TCP, (SOURCE, NETNS), _tcp)
PING_KIND = CheckKind("a ping check", PING, (THROUGH, SOURCE, NETNS), _ping)
ARP_KIND = CheckKind("an arp check", ARP, (ON, ABSENT, NETNS), _arp)
INTERFACE_KIND = CheckKind("an interface check", INTERFACE, (NETNS,), _interface)
