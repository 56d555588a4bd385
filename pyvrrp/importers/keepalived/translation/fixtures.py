"""Translate what is there in every state: static addresses, routes and rules, and delays."""

from pyvrrp.importers.keepalived.features import Feature
from pyvrrp.importers.keepalived.syntax.statements import Statement
from pyvrrp.importers.keepalived.translation.addresses import addresses
from pyvrrp.importers.keepalived.translation.context import Context, Document
from pyvrrp.importers.keepalived.translation.routes import routes, rules
from pyvrrp.importers.keepalived.translation.values import seconds

_LONGEST_DELAY = 255.0


class Fixtures:
    """Reads the blocks. ``document`` has the keys for the top of the configuration."""

    def __init__(self, context: Context) -> None:
        self.document: Document = {}
        self._context = context
        self._delays: dict[str, Document] = {}

    def addresses(self, statement: Statement) -> None:
        """Read ``static_ipaddress``."""
        if self._has(statement):
            interface = self._context.defaults.interface
            found = addresses(self._context, statement.block or [], interface)
            self._extend(
                "static_addresses",
                [
                    {"address": line.address, "interface": interface, **line.options}
                    for line in found
                ],
            )

    def routes(self, statement: Statement) -> None:
        """Read ``static_routes``."""
        if self._has(statement):
            self._extend("static_routes", list(routes(self._context, statement.block or [])))

    def rules(self, statement: Statement) -> None:
        """Read ``static_rules``."""
        if self._has(statement):
            self._extend("static_rules", list(rules(self._context, statement.block or [])))

    def delays(self, statement: Statement) -> None:
        """Read ``interface_up_down_delays``: an interface, its down delay, and its up delay."""
        if self._has(statement, Feature.INTERFACE_DELAY):
            for entry in statement.block or []:
                self._context.read_one(entry, self._delay)

    def add_delay(self, router: Document) -> None:
        """Add the delay of the interface of *router*."""
        if delay := self._delays.get(str(router.get("interface"))):
            router["interface_delay"] = delay

    def _delay(self, statement: Statement) -> None:
        down, up, *_ = [
            *(seconds(word, 0, _LONGEST_DELAY) for word in statement.values),
            "0s",
            "0s",
        ]
        self._delays[statement.keyword] = {"up": up, "down": down}
        self._context.imported(statement)

    def _has(self, statement: Statement, feature: Feature = Feature.STATIC) -> bool:
        if self._context.has(statement, feature):
            self._context.imported(statement)
            return True
        for entry in statement.block or []:
            self._context.has(entry, feature)
        return False

    def _extend(self, key: str, tables: list[Document]) -> None:
        listed = self.document.setdefault(key, [])
        if isinstance(listed, list):
            listed += tables
