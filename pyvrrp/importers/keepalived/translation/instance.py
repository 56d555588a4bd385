"""Translate one ``vrrp_instance`` into a ``[[virtual_router]]`` table."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pyvrrp.config.values.addresses import address
from pyvrrp.config.values.durations import write_duration
from pyvrrp.config.values.scalars import interface_name, wrong
from pyvrrp.importers.keepalived.features import Feature
from pyvrrp.importers.keepalived.syntax.statements import Statement
from pyvrrp.importers.keepalived.translation.addresses import AddressLine, addresses
from pyvrrp.importers.keepalived.translation.announce import ANNOUNCE_KEYWORDS, read_announce
from pyvrrp.importers.keepalived.translation.context import Context, Document, Handler
from pyvrrp.importers.keepalived.translation.hooks import Hooks
from pyvrrp.importers.keepalived.translation.routes import routes, rules
from pyvrrp.importers.keepalived.translation.scripts import Weighted
from pyvrrp.importers.keepalived.translation.tracking import Tracking
from pyvrrp.importers.keepalived.translation.values import (
    boolean,
    number,
    only_value,
    seconds,
    time,
    whole_seconds,
)
from pyvrrp.units import CENTISECOND, Nanoseconds

_OWNER = 255
_PASSWORD = 8
_LONGEST_V3 = Nanoseconds(4095 * CENTISECOND)
_IPV4, _IPV6 = 4, 6
_STATES = frozenset(["MASTER", "BACKUP"])
_GROUPS = frozenset(["224.0.0.18", "ff02::12"])
_TTL = 255
_MOST_DELAY = 1000.0


@dataclass(slots=True)
class _Written:
    """What the instance says. A statement is kept where its fate depends on others."""

    interface: str = ""
    state: Statement | None = None
    priority: int | None = None
    version: Statement | None = None
    interval: Statement | None = None
    nopreempt: Statement | None = None
    preempt_delay: Statement | None = None
    addresses: list[Statement] = field(default_factory=list)
    excluded: list[Statement] = field(default_factory=list)
    password: Statement | None = None
    auth_type: Statement | None = None
    peers: list[str] = field(default_factory=list)
    min_ttl: int = 1
    source: str = ""
    checksum: bool | None = None


class Instance:
    """Reads one instance. ``router`` is its table, without what the groups add."""

    def __init__(
        self,
        context: Context,
        tracked: tuple[dict[str, Weighted], dict[str, Weighted]],
        hooks: Hooks,
    ) -> None:
        self.name = ""
        self.router: Document = {}
        self.tracking = Tracking(context, self.router, tracked)
        self._context = context
        self._written = _Written()
        self._announce: dict[str, object] = dict(context.defaults.announce)
        announce: dict[str, Handler] = dict.fromkeys(ANNOUNCE_KEYWORDS, self._read_announce)
        self._handlers: dict[str, Handler] = {
            **announce,
            **self.tracking.handlers,
            **hooks.handlers(self.router),
            "interface": self._interface,
            "state": self._keep_state,
            "virtual_router_id": self._vrid,
            "priority": self._priority,
            "advert_int": self._interval,
            "version": self._version,
            "authentication": self._authentication,
            "auth_type": self._auth_type,
            "auth_pass": self._auth_pass,
            "virtual_ipaddress": self._addresses,
            "virtual_ipaddress_excluded": self._excluded,
            "virtual_routes": self._routes,
            "virtual_rules": self._rules,
            "nopreempt": self._nopreempt,
            "preempt_delay": self._preempt_delay,
            "unicast_peer": self._peers,
            "unicast_src_ip": self._unicast_source,
            "mcast_src_ip": self._source,
            "track_src_ip": self._track_source,
            "mcast_dst_ip": self._group_address,
            "unicast_ttl": self._unicast_ttl,
            "dont_track_primary": self._dont_track_primary,
            "v3_checksum_as_v2": self._checksum,
            "down_timer_adverts": self._down_timer,
        }

    def read(self, statement: Statement, netns: str) -> None:
        """Read the block of *statement*. Raise WrongValueError if it has no name."""
        self.name = only_value(statement)
        name = self._context.name(self.name, self._context.router_names)
        self._context.read("vrrp_instance", statement.block or [], self._handlers)
        written = self._written
        interface = written.interface or self._context.defaults.interface
        found = list(addresses(self._context, written.addresses, interface))
        family = found[0].version if found else _IPV4
        own = [line for line in found if line.version == family]
        first: Document = {"name": name, "interface": interface}
        if netns:
            first["netns"] = netns
        read = {**first, **self.router}
        self.router.clear()  # the table itself is known to `tracking` and to the hooks
        self.router.update(read)
        version = self._chosen_version(family)
        self.router |= {
            "addresses": [line.element() for line in own],
            "priority": self._chosen_priority(),
            "version": version,
            "advertisement_interval": self._chosen_interval(version),
        }
        other = [line for line in found if line.version != family]
        self._write_excluded(other, interface)
        self._write_preemption()
        self._write_password(version)
        self._write_links()
        self._write_options(version, family)
        if not found:
            self._without_addresses(statement)
        elif name == self.name:
            self._context.imported(statement)
        else:
            self._context.changed(statement, f"{self.name} is now {name}")

    # --- one keyword each ---

    def _interface(self, statement: Statement) -> None:
        self._written.interface = interface_name(only_value(statement))
        self._context.imported(statement)

    def _keep_state(self, statement: Statement) -> None:
        self._written.state = statement

    def _vrid(self, statement: Statement) -> None:
        self.router["vrid"] = number(only_value(statement), 1, 255)
        self._context.imported(statement)

    def _priority(self, statement: Statement) -> None:
        self._written.priority = number(only_value(statement), 1, _OWNER)
        self._context.imported(statement)

    def _interval(self, statement: Statement) -> None:
        time(only_value(statement), 0.01, 255)
        self._written.interval = statement

    def _version(self, statement: Statement) -> None:
        number(only_value(statement), 2, 3)
        self._written.version = statement

    def _read_announce(self, statement: Statement) -> None:
        read_announce(self._context, statement, statement.keyword, self._announce)

    def _authentication(self, statement: Statement) -> None:
        self._context.imported(statement)
        handlers: dict[str, Handler] = {
            "auth_type": self._auth_type,
            "auth_pass": self._auth_pass,
        }
        self._context.read("authentication", statement.block or [], handlers)

    def _auth_type(self, statement: Statement) -> None:
        self._written.auth_type = statement

    def _auth_pass(self, statement: Statement) -> None:
        only_value(statement)
        self._written.password = statement

    def _addresses(self, statement: Statement) -> None:
        self._context.imported(statement)
        self._written.addresses += statement.block or []

    def _excluded(self, statement: Statement) -> None:
        if self._context.has(statement, Feature.EXCLUDED):
            self._context.imported(statement)
            self._written.excluded += statement.block or []

    def _routes(self, statement: Statement) -> None:
        if self._context.has(statement, Feature.ROUTES):
            self._context.imported(statement)
        self._extend("routes", routes(self._context, statement.block or []))

    def _rules(self, statement: Statement) -> None:
        if self._context.has(statement, Feature.RULES):
            self._context.imported(statement)
        self._extend("rules", rules(self._context, statement.block or []))

    def _extend(self, key: str, found: Iterable[Document]) -> None:
        listed = self.router.get(key)
        tables = [*(listed if isinstance(listed, list) else ()), *found]
        if tables:
            self.router[key] = tables

    def _nopreempt(self, statement: Statement) -> None:
        self._written.nopreempt = statement

    def _preempt_delay(self, statement: Statement) -> None:
        time(only_value(statement), 0, _MOST_DELAY)
        self._written.preempt_delay = statement

    def _peers(self, statement: Statement) -> None:
        self._context.imported(statement, "only these nodes are believed")
        for entry in statement.block or []:
            self._context.read_one(entry, self._peer)

    def _peer(self, statement: Statement) -> None:
        parsed = str(address(statement.keyword))
        for option, value in zip(statement.values[::2], statement.values[1::2], strict=False):
            if option == "min_ttl":
                self._written.min_ttl = max(1, number(value, 0, _TTL))
            elif option != "max_ttl":
                raise wrong(f"{option} is not understood")
        if parsed not in self._written.peers:
            self._written.peers.append(parsed)
        if "max_ttl" in statement.values:
            self._context.changed(statement, "there is no highest TTL, only a lowest")
        else:
            self._context.imported(statement)

    def _unicast_source(self, statement: Statement) -> None:
        self._written.source = str(address(only_value(statement)))
        self._context.imported(statement)

    def _source(self, statement: Statement) -> None:
        source = str(address(only_value(statement)))
        if self._context.has(statement, Feature.SOURCE):
            self._written.source = source
            self._context.imported(statement)

    def _track_source(self, statement: Statement) -> None:
        self._context.imported(statement, "without its address a node takes no part, always")

    def _group_address(self, statement: Statement) -> None:
        if only_value(statement).lower() in _GROUPS:
            self._context.imported(statement, "this is the group of VRRP")
        else:
            what = "advertisements go to the group of VRRP only; use unicast to keep routers apart"
            self._context.refused(statement, what)

    def _unicast_ttl(self, statement: Statement) -> None:
        if number(only_value(statement), 0, _TTL) == _TTL:
            self._context.imported(statement)
        else:
            self._context.changed(statement, "advertisements are always sent with TTL 255")

    def _dont_track_primary(self, statement: Statement) -> None:
        if self._context.has(statement, Feature.TRACK_PRIMARY):
            self.router["track_primary"] = False
            self._context.imported(statement)

    def _checksum(self, statement: Statement) -> None:
        self._written.checksum = boolean(statement)
        self._context.imported(statement, "and what peers send is verified")

    def _down_timer(self, statement: Statement) -> None:
        value = number(only_value(statement), 1, 100)
        if value == 3:  # noqa: PLR2004 - the default of the RFC
            self._context.imported(statement, "the default")
        elif self._context.has(statement, Feature.DOWN_TIMER):
            self.router["down_timer_adverts"] = value
            self._context.imported(statement)

    # --- what depends on several keywords ---

    def _chosen_version(self, family: int) -> int:
        statement = self._written.version
        version = self._context.defaults.version
        if statement is not None:
            version = number(only_value(statement), 2, 3)
            if family == _IPV6 and version == 2:  # noqa: PLR2004 - VRRPv2
                self._context.changed(statement, "IPv6 has version 3 only, in keepalived too")
            else:
                self._context.imported(statement)
        return 3 if family == _IPV6 else version

    def _chosen_priority(self) -> int:
        state, priority = self._written.state, self._written.priority
        word = state.values[0] if state is not None and state.values else ""
        if priority is None:
            priority = _OWNER if word == "MASTER" else 100
        if state is None:
            return priority
        if word not in _STATES:
            self._context.ignored(
                state, "is neither MASTER nor BACKUP; every node starts as BACKUP"
            )
        elif word == "MASTER" and priority < _OWNER:
            what = "does not decide the election; every node starts as BACKUP, in keepalived too"
            self._context.imported(state, what)
        else:
            self._context.imported(state)
        return priority

    @property
    def _cancels_nopreempt(self) -> bool:
        state = self._written.state
        return state is not None and state.values[:1] == ["MASTER"]

    def _chosen_interval(self, version: int) -> str:
        statement = self._written.interval
        if statement is None:
            return "1s"
        value = time(statement.values[0], 0.01, 255)
        if version == 2:  # noqa: PLR2004 - VRRPv2
            chosen = whole_seconds(value)
            unit = "whole seconds"
        else:
            steps = max(1, (value + CENTISECOND // 2) // CENTISECOND)
            chosen = min(_LONGEST_V3, Nanoseconds(steps * CENTISECOND))
            unit = "10 ms, at most 40.95 s"
        if chosen == value:
            self._context.imported(statement)
        else:
            what = f"{write_duration(chosen)}: version {version} has {unit}, in keepalived too"
            self._context.imported(statement, what)
        return write_duration(chosen)

    def _write_preemption(self) -> None:
        never, delay = self._written.nopreempt, self._written.preempt_delay
        for statement in (never, delay):
            if statement is None:
                continue
            if self._cancels_nopreempt:
                self._context.ignored(statement, "state MASTER cancels it, in keepalived too")
            elif statement is never:
                self.router["preempt"] = False
                self._context.imported(statement, "preempt = false")
            elif never is not None:
                self._context.ignored(statement, "has no meaning with nopreempt")
            else:
                self.router["preempt_delay"] = seconds(statement.values[0], 0, _MOST_DELAY)
                what = "the delay is exact; keepalived adds one Master_Down_Interval"
                self._context.imported(statement, what)

    def _write_password(self, version: int) -> None:
        kind, password = self._written.auth_type, self._written.password
        word = kind.values[0].strip(";") if kind is not None and kind.values else ""
        if kind is not None and word != "PASS":
            self._context.refused(
                kind, "only PASS is offered; AH protects nothing that PASS does not"
            )
            if password is not None:
                self._context.ignored(password, "belongs to auth_type")
            return
        for statement in filter(None, (kind, password)):
            if version == 3:  # noqa: PLR2004 - VRRPv3
                self._context.ignored(statement, "version 3 has no authentication")
            elif password is None:
                self._context.ignored(statement, "there is no auth_pass")
            elif statement is password:
                self._password(password)
            else:
                self._context.imported(statement)

    def _password(self, statement: Statement) -> None:
        octets = statement.values[0].encode(errors="replace")[:_PASSWORD]
        if not octets.isascii():
            self._context.refused(statement, "has other characters than ASCII")
            return
        self.router["authentication"] = octets.decode()
        if len(statement.values[0]) > _PASSWORD:
            what = "cut to 8 characters, as keepalived does; it protects nothing"
            self._context.imported(statement, what)
        else:
            self._context.imported(statement, "it protects nothing")

    def _write_links(self) -> None:
        written = self._written
        if written.peers:
            own = [written.source] if written.source and written.source not in written.peers else []
            self.router["peers"] = [*written.peers, *own]
            self.router["min_ttl"] = written.min_ttl
        if written.source and Feature.SOURCE in self._context.available:
            self.router["source"] = written.source

    def _write_excluded(self, other: list[AddressLine], interface: str) -> None:
        further = list(addresses(self._context, self._written.excluded, interface))
        if (other or further) and Feature.EXCLUDED in self._context.available:
            self.router["excluded_addresses"] = [line.element() for line in (*other, *further)]
        elif other:
            for statement in self._written.addresses:
                if statement.keyword.partition("/")[0] in {
                    line.address.partition("/")[0] for line in other
                }:
                    self._context.has(statement, Feature.EXCLUDED)

    def _write_options(self, version: int, family: int) -> None:
        if self._announce:
            self.router["announce"] = self._announce
        checksum = self._written.checksum
        if checksum is None:
            checksum = self._context.defaults.rfc9568_checksum
        if checksum and version == 3 and family == _IPV4:  # noqa: PLR2004 - VRRPv3
            self.router["checksum"] = "rfc9568"
        default = self._context.defaults.down_timer_adverts
        if default != 3 and Feature.DOWN_TIMER in self._context.available:  # noqa: PLR2004
            self.router.setdefault("down_timer_adverts", default)

    def _without_addresses(self, statement: Statement) -> None:
        if self._context.has(statement, Feature.NO_ADDRESSES):
            self.router["family"] = "ipv4"
            self._context.imported(statement, "takes part in the election only")
