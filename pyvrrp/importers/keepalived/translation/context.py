"""What all parts of the translation share: the report, the surroundings, the global settings."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pyvrrp.config.values.scalars import NAME, WrongValueError
from pyvrrp.config.values.sections import suggestion
from pyvrrp.importers.base.names import Names
from pyvrrp.importers.base.report import Fate, Report
from pyvrrp.importers.keepalived.features import AVAILABLE, Feature
from pyvrrp.importers.keepalived.keywords import FIXED, KNOWN, Fixed
from pyvrrp.importers.keepalived.syntax.statements import Statement
from pyvrrp.importers.keepalived.syntax.surroundings import FileSurroundings

Document = dict[str, object]
Handler = Callable[[Statement], None]

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]")
_MOST_SUGGESTIONS = 100  # each takes a millisecond
_LONGEST_NAME = 56  # leaves room for a number


@dataclass(slots=True)
class Defaults:
    """The settings of ``global_defs`` that instances and scripts inherit."""

    version: int = 2
    interface: str = "eth0"
    user: str = ""  # of scripts
    announce: dict[str, object] = field(default_factory=dict)
    rfc9568_checksum: bool = False
    down_timer_adverts: int = 3
    mail: bool = False
    mail_to: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Context:
    """The report, the surroundings, and the names that were given."""

    report: Report
    surroundings: FileSurroundings
    native_checks: bool = False
    available: frozenset[Feature] = AVAILABLE
    defaults: Defaults = field(default_factory=Defaults)
    checks: dict[str, Document] = field(default_factory=dict)
    router_names: Names = field(default_factory=Names)
    check_names: Names = field(default_factory=Names)
    _unknown_keywords: int = 0

    def add(self, statement: Statement, fate: Fate, what: str = "") -> None:
        """Report what becomes of *statement*."""
        text = f"{statement.keyword}: {what}" if what else statement.keyword
        self.report.add(statement.source, fate, text)

    def imported(self, statement: Statement, what: str = "") -> None:
        """Report that *statement* means the same here."""
        self.add(statement, Fate.IMPORTED, what)

    def changed(self, statement: Statement, what: str) -> None:
        """Report that *statement* means something else here."""
        self.add(statement, Fate.CHANGED, what)

    def ignored(self, statement: Statement, what: str) -> None:
        """Report that *statement* is not needed."""
        self.add(statement, Fate.IGNORED, what)

    def refused(self, statement: Statement, what: str) -> None:
        """Report that *statement* has an effect that cannot be had."""
        self.add(statement, Fate.REFUSED, what)

    def has(self, statement: Statement, feature: Feature) -> bool:
        """Return whether *feature* is available. If it is not, refuse *statement*."""
        if feature in self.available:
            return True
        self.refused(statement, f"needs {feature}, which this version does not have")
        return False

    def read(
        self, place: str, statements: Sequence[Statement], handlers: Mapping[str, Handler]
    ) -> None:
        """Call the handler of each statement. *place* names the block in the table of keywords."""
        for statement in statements:
            handler = handlers.get(statement.keyword)
            fixed = FIXED[place].get(statement.keyword)
            if handler is not None:
                self.read_one(statement, handler)
            elif fixed is not None:
                self._fixed(statement, fixed)
            else:
                self._unknown(place, statement)

    def read_one(self, statement: Statement, handler: Handler) -> None:
        """Call *handler*. A wrong value is reported with its line."""
        try:
            handler(statement)
        except WrongValueError as error:
            self.refused(statement, "; ".join(problem.what for problem in error.problems))

    def _fixed(self, statement: Statement, fixed: Fixed) -> None:
        self.add(statement, fixed.fate, fixed.why)

    def _unknown(self, place: str, statement: Statement) -> None:
        self._unknown_keywords += 1
        few = self._unknown_keywords <= _MOST_SUGGESTIONS
        hint = suggestion(statement.keyword, KNOWN[place]) if few else ""
        similar = hint if "did you mean" in hint else ""
        self.refused(statement, f"unknown keyword{similar}")

    def name(self, written: str, names: Names) -> str:
        """Return *written* as a name of pyvrrp that *names* has not given yet."""
        name = _NOT_IN_NAMES.sub("-", written[:_LONGEST_NAME]).lstrip("._-") or "unnamed"
        return names.unused(name if NAME.fullmatch(name) else "unnamed")
