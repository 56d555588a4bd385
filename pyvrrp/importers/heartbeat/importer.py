"""Translate ha.cf and haresources of Heartbeat into a configuration of pyvrrp."""

import tomllib
from collections.abc import Callable

from pyvrrp.config.parse import parse
from pyvrrp.errors import ConfigurationError
from pyvrrp.importers.base.report import Fate, Report, SourceLine
from pyvrrp.importers.base.write import written
from pyvrrp.importers.heartbeat.ha_cf import Reader
from pyvrrp.importers.heartbeat.haresources import read_haresources
from pyvrrp.importers.heartbeat.translate import Input, Translator


def translated(
    ha_cf: tuple[str, str],
    haresources: tuple[str, str],
    node: str | None = None,
    exists: Callable[[str], bool] = bool,
) -> tuple[str, Report]:
    """Return the TOML text and the report for two files, which are given as name and text.

    The TOML text is empty if something is wrong. If *node* is given, it is written as the name of
    this node. *exists* returns whether a path exists on this machine; by default all paths do.
    """
    report = Report()
    found = Reader(report).read(ha_cf[1], ha_cf[0])
    groups = read_haresources(haresources[1], haresources[0], report)
    if node is not None and found.nodes and node not in found.nodes:
        known = ", ".join(found.nodes)
        what = f"{node} is not one of the nodes {known}"
        report.add(SourceLine(ha_cf[0], 0), Fate.WRONG, what)
    translator = Translator(Input(found, ha_cf[0], groups), report, exists)
    text = _text(translator, haresources[0], node or next(iter(found.nodes), ""), node, report)
    report.sort(ha_cf[0], haresources[0])
    return text, report


def _text(
    translator: Translator, file: str, any_node: str, node: str | None, report: Report
) -> str:
    translator.pings()
    document = translator.document(node)
    if not document["virtual_router"] and not report.has(Fate.WRONG):
        what = "has no group with an address, so there is nothing to configure"
        report.add(SourceLine(file, 0), Fate.WRONG, what)
    if report.has(Fate.WRONG):
        return ""
    text = written(document)
    try:
        parse(tomllib.loads(text), file, node=any_node, hostname=any_node)
    except ConfigurationError as error:
        for problem in error.problems:
            report.add(SourceLine(file, 0), Fate.WRONG, f"cannot be translated: {problem}")
        return ""
    return text
