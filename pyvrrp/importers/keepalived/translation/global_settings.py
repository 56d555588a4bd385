"""Translate ``global_defs``: mostly defaults of the instances and scripts."""

from pyvrrp.importers.keepalived.features import Feature
from pyvrrp.importers.keepalived.syntax.statements import Statement
from pyvrrp.importers.keepalived.translation.announce import (
    ANNOUNCE_KEYWORDS,
    read_announce,
    read_gap,
)
from pyvrrp.importers.keepalived.translation.context import Context, Document, Handler
from pyvrrp.importers.keepalived.translation.values import (
    boolean,
    number,
    only_value,
    seconds,
)

_GROUPS = {"vrrp_mcast_group4": "224.0.0.18", "vrrp_mcast_group6": "ff02::12"}
_MAIL = ("notification_email_from", "smtp_server", "smtp_helo_name", "smtp_connect_timeout")
_LONGEST_DELAY = 86_400.0


class GlobalSettings:
    """Reads ``global_defs`` into the defaults of the context and the top of the document."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.document: Document = {}
        self.netns = ""
        announce: dict[str, Handler] = {
            f"vrrp_{keyword}": self._announce for keyword in ANNOUNCE_KEYWORDS
        }
        self.handlers: dict[str, Handler] = {
            **announce,
            "vrrp_version": self._version,
            "default_interface": self._interface,
            "script_user": self._user,
            "net_namespace": self.net_namespace,
            "vrrp_garp_interval": self._gap,
            "vrrp_gna_interval": self._gap,
            "vrrp_min_garp": self._min_garp,
            "vrrp_mcast_group4": self._multicast,
            "vrrp_mcast_group6": self._multicast,
            "vrrp_startup_delay": self._startup_delay,
            "vrrp_delay_after_boot": self._startup_delay,
            "vrrp_down_timer_adverts": self._down_timer,
            "v3_checksum_as_v2": self._checksum,
            "vrrp_notify_fifo_script": self._fifo_script,
            "notify_fifo_script": self._fifo_script,
            "smtp_alert": self._smtp_alert,
            "smtp_alert_vrrp": self._smtp_alert,
            "notification_email": self._email,
            "no_email_faults": self._mail,
            **dict.fromkeys(_MAIL, self._mail),
        }

    def read(self, statement: Statement) -> None:
        """Read one ``global_defs`` block."""
        self._context.imported(statement)
        self._context.read("global_defs", statement.block or [], self.handlers)

    def net_namespace(self, statement: Statement) -> None:
        """Read the network namespace of the whole file."""
        self.netns = only_value(statement)
        self._context.imported(statement, f"netns = {self.netns} in every table")

    def _version(self, statement: Statement) -> None:
        self._context.defaults.version = number(only_value(statement), 2, 3)
        self._context.imported(statement)

    def _interface(self, statement: Statement) -> None:
        self._context.defaults.interface = only_value(statement)
        self._context.imported(statement)

    def _user(self, statement: Statement) -> None:
        self._context.defaults.user = only_value(statement)
        self._context.imported(statement, "the user of scripts that name none")

    def _announce(self, statement: Statement) -> None:
        keyword = statement.keyword.removeprefix("vrrp_")
        read_announce(self._context, statement, keyword, self._context.defaults.announce)

    def _gap(self, statement: Statement) -> None:
        read_gap(self._context, statement, self._context.defaults.announce)

    def _min_garp(self, statement: Statement) -> None:
        if boolean(statement):
            self._context.defaults.announce |= {"count": 1, "delay": "0s"}
        self._context.imported(statement)

    def _multicast(self, statement: Statement) -> None:
        usual = _GROUPS[statement.keyword]
        if only_value(statement).lower() == usual:
            self._context.imported(statement, "this is the group of VRRP")
        else:
            what = f"advertisements go to {usual} only; use unicast to keep routers apart"
            self._context.refused(statement, what)

    def _startup_delay(self, statement: Statement) -> None:
        value = seconds(only_value(statement), 0, _LONGEST_DELAY)
        if not self._context.has(statement, Feature.STARTUP_DELAY):
            return
        self.document["startup_delay"] = value
        if statement.keyword == "vrrp_delay_after_boot":
            self._context.changed(statement, "counts from the start of the daemon")
        else:
            self._context.imported(statement)

    def _down_timer(self, statement: Statement) -> None:
        self._context.defaults.down_timer_adverts = number(only_value(statement), 1, 100)
        if self._context.has(statement, Feature.DOWN_TIMER):
            self._context.imported(statement)

    def _checksum(self, statement: Statement) -> None:
        self._context.defaults.rfc9568_checksum = boolean(statement)
        self._context.imported(statement, "and what peers send is verified")

    def _fifo_script(self, statement: Statement) -> None:
        self._context.refused(statement, "no reader of the FIFO is started; use a systemd unit")

    def _smtp_alert(self, statement: Statement) -> None:
        if not boolean(statement):
            self._context.imported(statement)
        elif self._context.has(statement, Feature.MAIL):
            self._context.defaults.mail = True
            self._context.imported(statement)

    def _email(self, statement: Statement) -> None:
        for entry in statement.block or []:
            self._context.defaults.mail_to += entry.words
            self._mail(entry)
        self._mail(statement)

    def _mail(self, statement: Statement) -> None:
        # Mail is sent only with smtp_alert, which is refused if mail is not available.
        self._context.ignored(statement, "has an effect with smtp_alert only")
