"""Translate ``vrrp_sync_group``: the members, and what the group tracks."""

from pyvrrp.config.values.scalars import wrong
from pyvrrp.importers.base.names import Names
from pyvrrp.importers.keepalived.features import Feature
from pyvrrp.importers.keepalived.syntax.statements import Statement
from pyvrrp.importers.keepalived.translation.context import Context, Document, Handler
from pyvrrp.importers.keepalived.translation.hooks import Hooks
from pyvrrp.importers.keepalived.translation.instance import Instance
from pyvrrp.importers.keepalived.translation.values import boolean, only_value


class Groups:
    """Reads the groups. ``tables`` has the ``[group.NAME]`` tables that are needed."""

    def __init__(self, context: Context, instances: dict[str, Instance], hooks: Hooks) -> None:
        self._context = context
        self._hooks = hooks
        self._instances = instances
        self._names = Names()
        self._members: list[Statement] = []
        self._tracked: list[Statement] = []
        self._weights_count = False
        self.tables: dict[str, Document] = {}
        self.grouped: dict[str, bool] = {}  # members, and whether their weights count
        self._handlers: dict[str, Handler] = {
            "group": self._group,
            "track_interface": self._of_the_group,
            "track_script": self._of_the_group,
            "track_file": self._of_the_group,
            "track_process": self._of_the_group,
            "sync_group_tracking_weight": self._weights,
        }

    def read(self, statement: Statement) -> None:
        """Read one group."""
        written = only_value(statement)
        self._members, self._tracked, self._weights_count = [], [], False
        table: Document = {}
        handlers = {**self._hooks.handlers(table), **self._handlers}
        self._context.read("vrrp_sync_group", statement.block or [], handlers)
        if not self._members:
            raise wrong(f"{written} has no member")
        group = self._context.name(written, self._names)
        members: list[Instance] = []
        for entry in self._members:
            members += self._member(entry, group)
        for entry in self._tracked:
            self._share(entry, members)
        if table and self._context.has(statement, Feature.GROUP_TABLES):
            self.tables[group] = table
        what = "" if group == written else f"{written} is now {group}"
        self._context.imported(statement, what)

    def _group(self, statement: Statement) -> None:
        self._context.imported(statement)
        for word in statement.values:
            self._members.append(Statement([word], word, statement.source))
        for entry in statement.block or []:
            self._members += [Statement([word], word, entry.source) for word in entry.words]

    def _member(self, entry: Statement, group: str) -> list[Instance]:
        instance = self._instances.get(entry.keyword)
        if instance is None:
            self._context.refused(entry, "there is no vrrp_instance of this name")
            return []
        if "group" in instance.router:
            self._context.refused(entry, f"is in the group {instance.router['group']} already")
            return []
        instance.router["group"] = group
        self.grouped[entry.keyword] = self._weights_count
        self._context.imported(entry)
        return [instance]

    def _of_the_group(self, statement: Statement) -> None:
        self._tracked.append(statement)

    def _share(self, statement: Statement, members: list[Instance]) -> None:
        """Let every member track what the group tracks. The report has each line once."""
        lines = len(self._context.report.lines)
        for instance in members:
            del self._context.report.lines[lines:]
            self._context.read_one(statement, instance.tracking.handlers[statement.keyword])
        if not members:
            self._context.refused(statement, "the group has no member")

    def _weights(self, statement: Statement) -> None:
        self._weights_count = boolean(statement)
        self._context.imported(statement)
