"""Reads a scenario file, or reports every problem that it has."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pyvrrp.config.files.load import load
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.parse import parse
from pyvrrp.config.values.scalars import WrongValueError, shown, table
from pyvrrp.config.values.sections import Key, Section, path_with_name, suggestion
from pyvrrp.errors import ConfigurationError, Problem
from pyvrrp.foreign_text import escaped
from pyvrrp.identity import Place
from pyvrrp.simulator.scenario import fault_keys, keys
from pyvrrp.simulator.scenario.fault import Fault, FaultKind
from pyvrrp.simulator.scenario.own_addresses import own_addresses
from pyvrrp.simulator.scenario.scenario import ClientSpec, NetworkDelay, NodeSpec, Scenario

_MOST_BYTES = 4 * 1024 * 1024


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
    """Return the scenario that *document* describes; read the files that it names."""
    top = Section(document, "", [])
    top.refuse_unknown(keys.KEYS)
    title, description, seed = top.read(keys.NAME), top.read(keys.DESCRIPTION), top.read(keys.SEED)
    duration = top.read(keys.DURATION)
    reader = _Reader(top, directory)
    network = Section(top.read(keys.NETWORK), "network.", top.problems)
    network.refuse_unknown(keys.NETWORK_KEYS)
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
        network_delay=NetworkDelay(network.read(keys.DELAY), network.read(keys.JITTER)),
        kernel_delay=network.read(keys.KERNEL_DELAY),
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
        entries = self._sections(keys.NODES)
        if self.top.given(keys.NODES) and self.top.good(keys.NODES) and not entries:
            self.top.refuse(keys.NODES, "has no entry; at least one [[node]] is needed")
        nodes: list[NodeSpec] = []
        for section in entries:
            section.refuse_unknown(keys.NODE_KEYS)
            node = self._node(section, len(nodes))
            if any(other.name == node.name for other in nodes):
                section.refuse(keys.NODE_NAME, f"{shown(node.name)} is another node's name already")
            nodes.append(node)
        return tuple(nodes)

    def clients(self, places: Sequence[Place]) -> tuple[ClientSpec, ...]:
        """Return the clients, each on a segment that a node is on."""
        clients: list[ClientSpec] = []
        for section in self._sections(keys.CLIENTS):
            section.refuse_unknown(keys.CLIENT_KEYS)
            interface = section.read(keys.INTERFACE)
            if interface is None:
                interface = places[0].interface if places else "eth0"
            client = ClientSpec(
                section.read(keys.NODE_NAME),
                interface,
                section.read(keys.NETNS),
                section.read(keys.PERIOD),
                section.read(keys.SWITCH),
            )
            if places and client.place not in places:
                listed = ", ".join(str(place) for place in places)
                section.refuse(keys.INTERFACE, f"no node is on {client.place}; there are {listed}")
            clients.append(client)
        return tuple(clients)

    def faults(self, nodes: Sequence[NodeSpec], clients: Sequence[ClientSpec]) -> tuple[Fault, ...]:
        """Return the faults, in the order of the file."""
        machines = [node.name for node in nodes]
        hosts = [*machines, *(client.name for client in clients)]
        faults: list[Fault] = []
        for section in self._sections(keys.FAULTS):
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
        if fault.kind is not FaultKind.SERVICE or not fault.check:
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
        node_name = section.read(keys.NODE_NAME)
        configuration = self._configuration(section, node_name)
        self._refuse_several_links(configuration)
        own = dict(own_addresses(configuration, index))
        for interface, addresses in section.read(keys.ADDRESSES).items():
            for place in own:
                if place.interface == interface:
                    own[place] = addresses
        return NodeSpec(
            name=node_name,
            configuration=configuration,
            own=own,
            start=section.read(keys.START),
            offset=section.read(keys.OFFSET),
            drift_ppm=section.read(keys.DRIFT),
            switch=section.read(keys.SWITCH),
        )

    def _refuse_several_links(self, configuration: Configuration) -> None:
        for router in configuration.virtual_routers:
            what = "has several interfaces: the invariants judge a virtual router by one link"
            problem = Problem(f'virtual_router "{router.name}"', what)
            if router.further_links and problem not in self.top.problems:
                self.top.problems.append(problem)

    def _configuration(self, section: Section, node: str) -> Configuration:
        where = next(
            (s for s in (section, self.top) if s.given(keys.CONFIG) or s.given(keys.CONFIGURATION)),
            None,
        )
        nothing = Configuration(node, ())
        if where is None:
            if section.good(keys.NODE_NAME):
                section.refuse(
                    keys.CONFIG, 'is required: config = "FILE" or a table [configuration]'
                )
            return nothing
        if where.given(keys.CONFIG) and where.given(keys.CONFIGURATION):
            where.refuse(keys.CONFIG, "excludes configuration: write one of the two")
            return nothing
        try:
            document = where.read(keys.CONFIGURATION)
            if document is None:
                file = where.read(keys.CONFIG)
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
