"""A scenario file to a Scenario, or every problem it has."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_interface
from pathlib import Path

from pyvrrp.config.files.load import load
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.parse import parse
from pyvrrp.config.values.durations import duration_from
from pyvrrp.config.values.scalars import (
    WrongValueError,
    array_of,
    escaped,
    integer,
    interface_name,
    name,
    netns_name,
    optional,
    shown,
    table,
    text,
    wrong,
)
from pyvrrp.config.values.sections import Key, Section, path_with_name, suggestion
from pyvrrp.errors import ConfigurationError, Problem
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.simulator.scenario import fault_keys
from pyvrrp.simulator.scenario.scenario import (
    ClientSpec,
    Fault,
    Kind,
    NodeSpec,
    Scenario,
    own_addresses,
)
from pyvrrp.simulator.world.network import Cable
from pyvrrp.units import MICROSECOND, MILLISECOND, SECOND, Nanoseconds

_NOTHING = Nanoseconds(0)
_YEAR = Nanoseconds(366 * fault_keys.DAY)
_MOST_BYTES = 4 * 1024 * 1024
_up_to_a_second = duration_from(_NOTHING, SECOND)


def _tables(value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise wrong("must be an array of tables, in double brackets")
    return value


def _interfaces(value: object) -> Mapping[str, tuple[InterfaceAddress, ...]]:
    def address(written: object) -> InterfaceAddress:
        try:
            return ip_interface(text(written))
        except ValueError:
            raise wrong(f"{shown(written)} is no address with a prefix") from None

    listed = array_of(address, "addresses with prefix")
    return {interface_name(key): listed(entry) for key, entry in table(value).items()}


NAME = Key("name", text, "scenario")
DESCRIPTION = Key("description", text, "")
SEED = Key("seed", integer(0, 2**63 - 1), 0)
DURATION = Key("duration", duration_from(SECOND, fault_keys.DAY), "60s")
CONFIG = Key("config", optional(text))
CONFIGURATION = Key("configuration", optional(table))
NETWORK = Key("network", table, {})
NODES = Key("node", _tables, [], required=True)
CLIENTS = Key("client", _tables, [])
FAULTS = Key("fault", _tables, [])
KEYS: tuple[Key[object], ...] = (
    *(NAME, DESCRIPTION, SEED, DURATION, CONFIG, CONFIGURATION, NETWORK, NODES, CLIENTS, FAULTS),
)

DELAY = Key("delay", _up_to_a_second, "100us")
JITTER = Key("jitter", _up_to_a_second, "50us")
KERNEL_DELAY = Key("kernel_delay", duration_from(MICROSECOND, SECOND), "2ms")
NETWORK_KEYS: tuple[Key[object], ...] = (DELAY, JITTER, KERNEL_DELAY)

NODE_NAME = Key("name", name, "unnamed", required=True)
START = Key("start", duration_from(_NOTHING, fault_keys.DAY), "0s")
OFFSET = Key("offset", duration_from(_NOTHING, _YEAR), "0s")
DRIFT = Key("drift_ppm", integer(-100_000, 100_000), 0)
SWITCH = Key("switch", integer(0, 100), 0)
ADDRESSES = Key("addresses", _interfaces, {})
NODE_KEYS: tuple[Key[object], ...] = (
    *(NODE_NAME, CONFIG, CONFIGURATION, START, OFFSET, DRIFT, SWITCH, ADDRESSES),
)

INTERFACE = Key("interface", optional(interface_name))
NETNS = Key("netns", netns_name, "")
PERIOD = Key("period", duration_from(MILLISECOND, Nanoseconds(60 * SECOND)), "200ms")
CLIENT_KEYS: tuple[Key[object], ...] = (NODE_NAME, INTERFACE, NETNS, PERIOD, SWITCH)


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in *path*; paths in it are relative to its directory.

    Raise ConfigurationError with all problems at once.
    """
    source = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES)
        document = tomllib.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(
            source, [Problem("", f"cannot be read: {error.strerror}")]
        ) from error
    except RecursionError as error:
        problem = Problem("", "nests arrays or tables too deeply")
        raise ConfigurationError(source, [problem]) from error
    except ValueError as error:
        problem = Problem("", f"is not TOML: {escaped(str(error))}")
        raise ConfigurationError(source, [problem]) from error
    return read_scenario(document, source, path.parent)


def read_scenario(document: Mapping[str, object], source: str, directory: Path) -> Scenario:
    """Return the scenario that *document* describes; files it names are read."""
    top = Section(document, "", [])
    top.refuse_unknown(KEYS)
    title, description, seed = top.read(NAME), top.read(DESCRIPTION), top.read(SEED)
    duration = top.read(DURATION)
    reader = _Reader(top, directory)
    network = Section(top.read(NETWORK), "network.", top.problems)
    network.refuse_unknown(NETWORK_KEYS)
    nodes = reader.nodes()
    places = list(dict.fromkeys(p for n in nodes for p in n.own))
    clients = reader.clients(places)
    scenario = Scenario(
        nodes=nodes,
        clients=clients,
        faults=reader.faults(nodes, clients),
        name=title,
        description=description,
        seed=seed,
        duration=duration,
        cable=Cable(network.read(DELAY), network.read(JITTER)),
        kernel_delay=network.read(KERNEL_DELAY),
        documents=reader.documents,
    )
    if top.problems:
        raise ConfigurationError(source, top.problems)
    return scenario


@dataclass(slots=True)
class _Reader:
    top: Section
    directory: Path
    documents: dict[str, Mapping[str, object]]

    def __init__(self, top: Section, directory: Path) -> None:
        self.top = top
        self.directory = directory
        self.documents = {}

    def nodes(self) -> tuple[NodeSpec, ...]:
        """Return the nodes, each with its configuration."""
        entries = self._sections(NODES)
        if self.top.given(NODES) and self.top.good(NODES) and not entries:
            self.top.refuse(NODES, "has no entry; at least one [[node]] is needed")
        nodes: list[NodeSpec] = []
        for section in entries:
            section.refuse_unknown(NODE_KEYS)
            node = self._node(section, len(nodes))
            if any(other.name == node.name for other in nodes):
                section.refuse(NODE_NAME, f"{shown(node.name)} is another node's name already")
            nodes.append(node)
        return tuple(nodes)

    def clients(self, places: Sequence[Place]) -> tuple[ClientSpec, ...]:
        """Return the clients, each on a segment that a node is on."""
        clients: list[ClientSpec] = []
        for section in self._sections(CLIENTS):
            section.refuse_unknown(CLIENT_KEYS)
            interface = section.read(INTERFACE)
            if interface is None:
                interface = places[0].interface if places else "eth0"
            client = ClientSpec(
                section.read(NODE_NAME),
                interface,
                section.read(NETNS),
                section.read(PERIOD),
                section.read(SWITCH),
            )
            if places and client.place not in places:
                listed = ", ".join(str(place) for place in places)
                section.refuse(INTERFACE, f"no node is on {client.place}; there are {listed}")
            clients.append(client)
        return tuple(clients)

    def faults(self, nodes: Sequence[NodeSpec], clients: Sequence[ClientSpec]) -> tuple[Fault, ...]:
        """Return the faults, in the order of the file."""
        machines = [node.name for node in nodes]
        hosts = [*machines, *(client.name for client in clients)]
        faults: list[Fault] = []
        for section in self._sections(FAULTS):
            fault = fault_keys.fault(section)
            known = hosts if fault.kind in fault_keys.OF_ANY_HOST else machines
            if fault.node and fault.node not in known:
                what = f"there is no node {shown(fault.node)}{suggestion(fault.node, known)}"
                section.refuse(fault_keys.NODE, what)
            for group in fault.groups:
                for host in group:
                    if host not in hosts:
                        what = f"there is no host {shown(host)}{suggestion(host, hosts)}"
                        section.refuse(fault_keys.GROUPS, what)
            self._refuse_unknown_check(section, fault, nodes)
            faults.append(fault)
        return tuple(faults)

    def _refuse_unknown_check(
        self, section: Section, fault: Fault, nodes: Sequence[NodeSpec]
    ) -> None:
        if fault.kind is not Kind.SERVICE or not fault.check:
            return
        for node in nodes:
            known = [check.name for check in node.configuration.checks]
            if node.name == fault.node and fault.check not in known:
                what = f"there is no check {shown(fault.check)}{suggestion(fault.check, known)}"
                section.refuse(fault_keys.CHECK, what)

    def _sections(self, key: Key[Sequence[object]]) -> list[Section]:
        found: list[Section] = []
        for index, entry in enumerate(self.top.read(key)):
            path = path_with_name(f"{key.name}[{index}]", entry)
            try:
                found.append(Section(table(entry), f"{path}.", self.top.problems))
            except WrongValueError as error:
                self.top.report(path, error)
        return found

    def _node(self, section: Section, index: int) -> NodeSpec:
        node_name = section.read(NODE_NAME)
        configuration = self._configuration(section, node_name)
        self._refuse_several_links(configuration)
        own = dict(own_addresses(configuration, index))
        for interface, addresses in section.read(ADDRESSES).items():
            for place in own:
                if place.interface == interface:
                    own[place] = addresses
        return NodeSpec(
            name=node_name,
            configuration=configuration,
            own=own,
            start=section.read(START),
            offset=section.read(OFFSET),
            drift_ppm=section.read(DRIFT),
            switch=section.read(SWITCH),
        )

    def _refuse_several_links(self, configuration: Configuration) -> None:
        for router in configuration.virtual_routers:
            what = "has several interfaces: the invariants judge a virtual router by one link"
            problem = Problem(f'virtual_router "{router.name}"', what)
            if router.further_links and problem not in self.top.problems:
                self.top.problems.append(problem)

    def _configuration(self, section: Section, node: str) -> Configuration:
        where = next(
            (s for s in (section, self.top) if s.given(CONFIG) or s.given(CONFIGURATION)), None
        )
        nothing = Configuration(node, ())
        if where is None:
            if section.good(NODE_NAME):
                section.refuse(CONFIG, 'is required: config = "FILE" or a table [configuration]')
            return nothing
        if where.given(CONFIG) and where.given(CONFIGURATION):
            where.refuse(CONFIG, "excludes configuration: write one of the two")
            return nothing
        try:
            document = where.read(CONFIGURATION)
            if document is None:
                file = where.read(CONFIG)
                return (
                    nothing
                    if file is None
                    else load(self.directory / file, node=node, hostname=node)
                )
            self.documents[node] = document
            return parse(document, "", node=node, hostname=node)
        except ConfigurationError as error:
            prefix = f"{error.source}: " if error.source else f"{where.prefix}configuration."
            for problem in error.problems:
                found = replace(problem, path=f"{prefix}{problem.path}".rstrip(".: "))
                if found not in self.top.problems:
                    self.top.problems.append(found)
            return nothing
