"""Targets for files: configurations, scenarios, the state file, files of Heartbeat.

The file system is not asked: an input must not make the tests open what it names.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from pyvrrp.config.files.environment import Expansion
from pyvrrp.config.files.load import _syntax
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.parse import parse
from pyvrrp.config.report.lint import lint
from pyvrrp.config.report.summary import (
    check_in_words,
    etcd_lease_in_words,
    resource_in_words,
    virtual_router_in_words,
)
from pyvrrp.config.values.origins import Origins
from pyvrrp.daemon.state_file import _drained
from pyvrrp.errors import ConfigurationError
from pyvrrp.importers.heartbeat.importer import translated
from pyvrrp.importers.keepalived import importer as keepalived_importer
from pyvrrp.importers.keepalived.recognise import is_keepalived
from pyvrrp.importers.keepalived.syntax.surroundings import Nowhere
from pyvrrp.simulator.scenario.read import read_scenario
from tests.borders.nasty import is_harmless
from tests.fuzz.target import Target

_NOWHERE = Path("/nowhere")
BETWEEN = b"=== haresources ===\n"


def _document(octets: bytes) -> dict[str, object] | None:
    try:
        return tomllib.loads(octets.decode("utf-8-sig"))
    except RecursionError:
        return None
    except ValueError as error:
        assert is_harmless(str(_syntax(str(error))), 70_000)
        return None


def configuration(octets: bytes) -> None:
    """Read a configuration, and say what it is."""
    document = _document(octets)
    if document is None:
        return
    expansion = Expansion({"SECRET": "hunter2"}, Origins())
    document = expansion.document(document)
    assert all(is_harmless(str(problem), 5000) for problem in expansion.problems)
    try:
        read = parse(document, "pyvrrp.toml", node=None, hostname="n1")
    except ConfigurationError as error:
        assert error.problems
        assert all(is_harmless(str(problem), 5000) for problem in error.problems)
        return
    _described(read)


def _described(read: Configuration) -> None:
    lines = [
        *map(str, lint(read)),
        *map(virtual_router_in_words, read.virtual_routers),
        *map(check_in_words, read.checks),
        *map(etcd_lease_in_words, read.leases),
        *map(resource_in_words, read.resources),
    ]
    assert all(line.isprintable() for text in lines for line in text.split("\n"))


def scenario(octets: bytes) -> None:
    """Read a scenario of the simulator."""
    document = _document(octets)
    if document is None:
        return
    try:
        read_scenario(document, "scenario.toml", _NOWHERE)
    except ConfigurationError as error:
        assert all(is_harmless(str(problem), 5000) for problem in error.problems)


def state(octets: bytes) -> None:
    """Read a state file."""
    names = _drained(octets)
    assert names is None or all(isinstance(name, str) for name in names)


def heartbeat(octets: bytes) -> None:
    """Translate ha.cf and haresources."""
    first, _, second = octets.decode(errors="replace").partition(BETWEEN.decode())
    text, report = translated(("ha.cf", first), ("haresources", second))
    assert all(is_harmless(str(line), 5000) for line in report.lines)
    assert all(line.isprintable() for line in text.split("\n"))
    tomllib.loads(text)


class _IncludesItself(Nowhere):
    """Every include finds the same file, which includes itself and has a variable."""

    def matching(self, pattern: str) -> Sequence[str]:
        return (f"/{pattern}",)

    def text(self, path: str) -> str:
        return f"include {path}\n$A=b\nvrrp_script a {{ script b\n}}"


def keepalived(octets: bytes) -> None:
    """Translate a keepalived.conf."""
    text = octets.decode(errors="replace")
    is_keepalived(text)
    found = keepalived_importer.translated(text, "keepalived.conf", _IncludesItself())
    assert all(is_harmless(str(line), 5000) for line in found.report.lines)
    assert all(line.isprintable() for line in found.text.split("\n"))
    tomllib.loads(found.text)
    if found.document:
        try:
            _described(parse(found.document, "keepalived.conf", node=None, hostname="n1"))
        except ConfigurationError as error:
            assert all(is_harmless(str(problem), 5000) for problem in error.problems)


_TOML = (b"[", b"]", b"[[", b"]]", b"=", b'"', b"'", b'"""', b"{", b"}", b",", b"\n", b"#", b"true")
_KEYS = (
    *(b"[[virtual_router]]\n", b"name", b"vrid", b"interface", b"addresses", b"nodes", b"checks"),
    *(b"[check.web]\n", b"http", b"exec", b"tcp", b"ping", b"lease", b"[resource.db]\n", b"agent"),
    *(b"priority", b"weight", b"interval", b'"1s"', b"${SECRET}", b"1e400", b"inf", b"0x7f"),
    *(b"2026-11-28", b"12:00:00", b"192.0.2.10/24", b"2001:db8::1/64", b"links", b"peers"),
)
TARGETS = (
    Target("configuration", configuration, (*_TOML, *_KEYS)),
    Target(
        "scenario", scenario, (*_TOML, b"[[fault]]\n", b"kind", b"at", b"node", b"seed", b"end")
    ),
    Target("state", state, (b'{"drained": [', b"]}", b'"web"', b",", b"\\ud800", b"null")),
    Target(
        "heartbeat",
        heartbeat,
        (
            *(
                b"node ",
                b"ucast eth0 ",
                b"bcast ",
                b"mcast ",
                b"keepalive ",
                b"deadtime ",
                b"ping ",
            ),
            *(
                b"IPaddr::",
                b"IPaddr2::",
                b"192.0.2.10/24/eth0",
                b"::",
                b"\\\n",
                b"auto_failback on",
            ),
            *(BETWEEN, b"web1 ", b"drbddisk::r0", b"Filesystem::/dev/drbd0::/data::ext4", b"ms"),
        ),
    ),
    Target(
        "keepalived",
        keepalived,
        (
            *(b"{", b"}", b"\n", b"#", b"!", b'"', b"'", b"\\", b"\\\n", b"$A=", b"$A", b"${A}"),
            *(b"@x ", b"@^x ", b"~SEQ(A,1,3) ", b"~LST({A,B},{1,2},{3,4}) ", b"${_ENV A}"),
            *(b"vrrp_instance a {\n", b"interface eth0\n", b"virtual_router_id 1\n"),
            *(b"virtual_ipaddress {\n192.0.2.1/24 dev eth1\n}\n", b"track_script { a }\n"),
            *(b'vrrp_script a {\nscript "/bin/true a"\n}\n', b"vrrp_sync_group g {\n"),
            *(b"group { a }\n", b"priority 255\n", b"weight -20 reverse\n", b"include a\n"),
            *(b"authentication {\nauth_type PASS\nauth_pass a\n}\n", b"advert_int 0.1\n"),
            *(b"static_routes {\n", b"virtual_routes {\n", b"global_defs {\n", b"notify a\n"),
        ),
    ),
)
