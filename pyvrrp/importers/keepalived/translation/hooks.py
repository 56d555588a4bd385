"""Translate notify scripts, notify FIFOs and mail into ``[hook.NAME]`` tables."""

from collections.abc import Sequence

from pyvrrp.config.values.scalars import wrong
from pyvrrp.importers.base.names import Names
from pyvrrp.importers.keepalived.features import Feature
from pyvrrp.importers.keepalived.syntax.statements import Statement
from pyvrrp.importers.keepalived.syntax.words import UnreadableTextError, command_words
from pyvrrp.importers.keepalived.translation.context import Context, Document, Handler
from pyvrrp.importers.keepalived.translation.scripts import Scripts, command_of
from pyvrrp.importers.keepalived.translation.values import boolean, only_value

# The states that a keyword is about.
_STATES: dict[str, tuple[str, ...]] = {
    "notify_master": ("master",),
    "notify_backup": ("backup",),
    "notify_fault": ("fault",),
    "notify_stop": ("stop",),
    "notify_deleted": ("deleted",),
    "notify_master_rx_lower_pri": ("lower_priority",),
    "notify": ("master", "backup", "fault", "stop"),
}
_FIFO_STATES = ("master", "backup", "fault", "stop", "lower_priority")
_MAIL_STATES = ("master", "backup", "fault", "stop")
KEYWORDS = (*_STATES, "smtp_alert")
GROUP_KEYWORDS = ("notify", "notify_master", "notify_backup", "notify_fault", "notify_stop")


class Hooks:
    """Makes the tables, one for each program that is run in the same way."""

    def __init__(self, context: Context, scripts: Scripts) -> None:
        self.tables: dict[str, Document] = {}
        self._context = context
        self._scripts = scripts
        self._names = Names()
        self._known: dict[str, str] = {}
        self._without_mail: set[int] = set()
        self._everywhere: list[str] = []  # of FIFOs, which hear of all instances

    def handlers(self, table: Document) -> dict[str, Handler]:
        """Return the handlers of the keywords of an instance or group, whose table is *table*."""

        def notify(statement: Statement) -> None:
            self._notify(statement, table)

        def mail(statement: Statement) -> None:
            self._mail(statement, table)

        return {**dict.fromkeys(_STATES, notify), "smtp_alert": mail}

    def fifo(self, statement: Statement) -> None:
        """Read ``notify_fifo`` or ``vrrp_notify_fifo``."""
        if self._context.has(statement, Feature.HOOKS):
            table: Document = {
                "fifo": only_value(statement),
                "on": list(_FIFO_STATES),
                "arguments": "keepalived",
            }
            self._everywhere.append(self._table("fifo", table))
            self._context.imported(statement)

    def finish(self, tables: Sequence[Document]) -> None:
        """Add to *tables* the hooks that every instance has: FIFOs, and mail by default."""
        for table in tables:
            if self._context.defaults.mail and id(table) not in self._without_mail:
                _add(table, self._mail_hook())
            for name in self._everywhere:
                _add(table, name)

    def _notify(self, statement: Statement, table: Document) -> None:
        if not self._context.has(statement, Feature.HOOKS):
            return
        if statement.keyword == "notify_deleted" and not statement.values:
            self._context.imported(statement, "a removed instance is reported as deleted")
            return
        user = self._user(statement)
        hook: Document = {
            "command": command_of(self._context, statement),
            "on": list(_STATES[statement.keyword]),
            "arguments": "keepalived" if statement.keyword == "notify" else "none",
            "user": user,
        }
        name = self._table(statement.keyword.replace("_", "-"), hook)
        _add(table, name)
        self._context.imported(statement, f"hook.{name}")

    def _user(self, statement: Statement) -> str:
        try:
            words = command_words(statement.text)
        except UnreadableTextError as error:
            raise wrong(str(error)) from None
        return words[2] if len(words) > 2 else self._scripts.default_user()  # noqa: PLR2004

    def _mail(self, statement: Statement, table: Document) -> None:
        if not boolean(statement):
            self._without_mail.add(id(table))
            self._context.imported(statement)
        elif self._context.has(statement, Feature.MAIL):
            if not self._context.defaults.mail_to:
                raise wrong("there is no notification_email in global_defs")
            _add(table, self._mail_hook())
            self._context.imported(statement)

    def _mail_hook(self) -> str:
        table: Document = {"mail": self._context.defaults.mail_to, "on": list(_MAIL_STATES)}
        return self._table("mail", table)

    def _table(self, kind: str, table: Document) -> str:
        key = repr(table)
        if key not in self._known:
            self._known[key] = self._names.unused(kind)
            self.tables[self._known[key]] = table
        return self._known[key]


def _add(table: Document, name: str) -> None:
    listed = table.setdefault("hooks", [])
    if isinstance(listed, list) and name not in listed:
        listed.append(name)
