"""The keys of the checks of this machine: exec, process and file."""

from pyvrrp.config.checks.http_values import regex
from pyvrrp.config.checks.kinds import NETNS, CheckContext, CheckKind
from pyvrrp.config.model.configuration import ExecProbeConfig, FileProbeConfig, ProcessProbeConfig
from pyvrrp.config.values.commands import command
from pyvrrp.config.values.scalars import (
    absolute_path,
    boolean,
    integer,
    optional,
    shown,
    text,
    user_name,
    wrong,
)
from pyvrrp.config.values.sections import Key, Section

_LONGEST_NAME = 255
_MANY = 1_000_000


def _process_name(value: object) -> str:
    name = text(value)
    if not 1 <= len(name) <= _LONGEST_NAME or "/" in name or not name.isprintable():
        raise wrong(f"{shown(name)} is not a name of a process; write it as ps shows it")
    return name


EXEC = Key("exec", command, "/bin/true")
USER = Key("user", optional(user_name))
PROCESS = Key("process", _process_name, "init")
COMMAND_LINE = Key("command_line", optional(regex))
AT_LEAST = Key("at_least", optional(integer(0, _MANY)))
AT_MOST = Key("at_most", optional(integer(0, _MANY)))
FILE = Key("file", absolute_path, "/")
PRESENT = Key("present", boolean, default=True)
CONTAINS = Key("contains", optional(regex))


def _exec(section: Section, context: CheckContext) -> ExecProbeConfig:
    return ExecProbeConfig(
        section.read(EXEC),
        user=section.read(USER) or "",
        check=context.check,
        node=context.node,
        netns=section.read(NETNS),
    )


def _process(section: Section, _: CheckContext) -> ProcessProbeConfig:
    at_least = section.read(AT_LEAST)
    at_most = section.read(AT_MOST)
    if at_least is None:
        at_least = 0 if at_most == 0 else 1
    if at_most is not None and at_most < at_least and section.good(AT_LEAST, AT_MOST):
        section.refuse(AT_MOST, f"must be at least at_least, which is {at_least}")
    return ProcessProbeConfig(
        section.read(PROCESS),
        command_line=section.read(COMMAND_LINE) or "",
        at_least=at_least,
        at_most=at_most,
    )


def _file(section: Section, _: CheckContext) -> FileProbeConfig:
    probe = FileProbeConfig(
        section.read(FILE),
        present=section.read(PRESENT),
        contains=section.read(CONTAINS) or "",
    )
    if section.given(CONTAINS) and not probe.present:
        section.refuse(CONTAINS, "has no meaning with present = false")
    return probe


EXEC_KIND = CheckKind("an exec check", EXEC, (USER, NETNS), _exec)
PROCESS_KIND = CheckKind("a process check", PROCESS, (COMMAND_LINE, AT_LEAST, AT_MOST), _process)
FILE_KIND = CheckKind("a file check", FILE, (PRESENT, CONTAINS), _file)
