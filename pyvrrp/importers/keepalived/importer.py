"""Translate a keepalived.conf into a configuration of pyvrrp, with a report on every line."""

from dataclasses import dataclass

from pyvrrp.importers.base.report import Fate, Report, SourceLine
from pyvrrp.importers.base.write import written
from pyvrrp.importers.keepalived.features import AVAILABLE, Feature
from pyvrrp.importers.keepalived.syntax.lines import LineReader
from pyvrrp.importers.keepalived.syntax.statements import Statement, statements
from pyvrrp.importers.keepalived.syntax.surroundings import FileSurroundings
from pyvrrp.importers.keepalived.translation.context import Context, Document, Handler
from pyvrrp.importers.keepalived.translation.fixtures import Fixtures
from pyvrrp.importers.keepalived.translation.global_settings import GlobalSettings
from pyvrrp.importers.keepalived.translation.groups import Groups
from pyvrrp.importers.keepalived.translation.hooks import Hooks
from pyvrrp.importers.keepalived.translation.instance import Instance
from pyvrrp.importers.keepalived.translation.scripts import Scripts, Weighted
from pyvrrp.importers.keepalived.translation.tracking import Processes, TrackFiles

# What others refer to comes first, wherever it is in the file.
_ORDER = (
    ("global_defs", "net_namespace"),
    ("garp_group", "vrrp_script", "vrrp_track_process", "track_file", "vrrp_track_file"),
    ("static_ipaddress", "static_routes", "static_rules", "interface_up_down_delays"),
    ("vrrp_instance",),
    ("vrrp_sync_group",),
)
_FIFOS = ("notify_fifo", "vrrp_notify_fifo")


@dataclass(frozen=True, slots=True)
class Translation:
    """A configuration document, and the report. The document is empty if it cannot be made."""

    document: Document
    report: Report

    @property
    def text(self) -> str:
        """The document as TOML."""
        return written(self.document) if self.document else ""


def translated(
    text: str,
    file: str,
    surroundings: FileSurroundings,
    *,
    identifier: str = "",
    native_checks: bool = False,
    available: frozenset[Feature] = AVAILABLE,
) -> Translation:
    """Return the translation of *text*, the content of *file*.

    *identifier* is what ``@ID`` is compared with. With *native_checks*, scripts that only ask one
    thing become native checks. *available* are the features that may be used.
    """
    report = Report()
    reader = LineReader(surroundings, report, identifier)
    found = statements(reader.lines(text, file), report)
    context = Context(report, surroundings, native_checks, available)
    document = _Translator(context).document(found)
    if not document["virtual_router"]:
        report.add(SourceLine(file, 0), Fate.REFUSED, "has no vrrp_instance that can run")
        document = {}
    order = {name: number for number, name in enumerate(dict.fromkeys(_files(report, file)))}
    report.lines.sort(key=lambda line: (order[line.source.file], _position(line.source)))
    return Translation(document, report)


def _files(report: Report, first: str) -> list[str]:
    return [first, *(line.source.file for line in report.lines)]


def _position(source: SourceLine) -> tuple[bool, int]:
    return source.number == 0, source.number


class _Translator:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._global = GlobalSettings(context)
        self._scripts = Scripts(context)
        processes: dict[str, Weighted] = {}
        self._tracked = (self._scripts.tracked, processes)
        self._instances: dict[str, Instance] = {}
        self._hooks = Hooks(context, self._scripts)
        self._global.handlers |= dict.fromkeys(_FIFOS, self._hooks.fifo)
        self._groups = Groups(context, self._instances, self._hooks)
        self._track_files = TrackFiles(context)
        self._fixtures = Fixtures(context)
        self._handlers: dict[str, Handler] = {
            "global_defs": self._global.read,
            "net_namespace": self._global.net_namespace,
            "vrrp_script": self._scripts.read,
            "vrrp_track_process": Processes(context, processes).read,
            "track_file": self._track_files.read,
            "vrrp_track_file": self._track_files.read,
            "garp_group": self._garp_group,
            "interface_up_down_delays": self._fixtures.delays,
            "static_ipaddress": self._fixtures.addresses,
            "static_routes": self._fixtures.routes,
            "static_rules": self._fixtures.rules,
            "vrrp_instance": self._instance,
            "vrrp_sync_group": self._groups.read,
        }

    def document(self, found: list[Statement]) -> Document:
        """Return the document for the statements of a file."""
        in_order = {keyword for keywords in _ORDER for keyword in keywords}
        for keywords in _ORDER:
            mine = [statement for statement in found if statement.keyword in keywords]
            self._context.read("", mine, self._handlers)
        others = [statement for statement in found if statement.keyword not in in_order]
        self._context.read("", others, {})
        for name, instance in self._instances.items():
            weights_count = self._groups.grouped.get(name, False)
            instance.tracking.finish(
                grouped=name in self._groups.grouped, weights_count=weights_count
            )
            if instance.router.get("checks"):
                instance.router["hold_down"] = {"initial": "0s"}
            self._fixtures.add_delay(instance.router)
        self._hooks.finish([instance.router for instance in self._instances.values()])
        document: Document = {
            **self._global.document,
            **self._fixtures.document,
            "virtual_router": [
                instance.router for instance in self._instances.values() if instance.router
            ],
        }
        if self._context.checks:
            document["check"] = self._context.checks
        tables = (
            ("group", self._groups.tables),
            ("track_file", self._track_files.tables),
            ("hook", self._hooks.tables),
        )
        document |= {key: value for key, value in tables if value}
        return document

    def _instance(self, statement: Statement) -> None:
        instance = Instance(self._context, self._tracked, self._hooks)
        instance.read(statement, self._global.netns)
        if instance.name in self._instances:
            self._context.refused(statement, f"{instance.name} is defined twice")
            return
        self._instances[instance.name] = instance

    def _garp_group(self, statement: Statement) -> None:
        for entry in (statement, *(statement.block or [])):
            self._context.ignored(entry, "the pause between announcements is set by garp_interval")
