"""Read one ``[resource.NAME]`` table."""

from pyvrrp.config.model.resources import AgentClass, ResourceConfig
from pyvrrp.config.resources.agents import Agent, agent, parameters
from pyvrrp.config.values.commands import arguments as further_words
from pyvrrp.config.values.commands import command
from pyvrrp.config.values.durations import duration_from
from pyvrrp.config.values.scalars import array_of, boolean, integer, optional, refuse_repeated
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

_HOUR = Nanoseconds(3600 * SECOND)
_DAY = Nanoseconds(24 * _HOUR)
_SHORTEST = Nanoseconds(100 * MILLISECOND)
_HIGHEST_STATUS = 255


def _statuses(value: object) -> tuple[int, ...]:
    statuses = array_of(integer(1, _HIGHEST_STATUS), "exit statuses")(value)
    refuse_repeated(statuses)
    return statuses


AGENT = Key("agent", optional(agent))
PARAMETERS = Key("parameters", parameters, {})
ARGUMENTS = Key("arguments", further_words, [])
START = Key("start", optional(command))
STOP = Key("stop", optional(command))
MONITOR = Key("monitor", optional(command))
NOT_RUNNING = Key("not_running", _statuses, [7])
START_TIMEOUT = Key("start_timeout", duration_from(_SHORTEST, _HOUR), "60s")
STOP_TIMEOUT = Key("stop_timeout", duration_from(_SHORTEST, _HOUR), "60s")
MONITOR_TIMEOUT = Key("monitor_timeout", duration_from(_SHORTEST, _HOUR), "20s")
MONITOR_INTERVAL = Key("monitor_interval", duration_from(_SHORTEST, _HOUR), "10s")
MAX_RESTARTS = Key("max_restarts", integer(0, 1000), 3)
RESTART_WINDOW = Key("restart_window", duration_from(SECOND, _DAY), "10min")
EXCLUSIVE = Key("exclusive", boolean, default=False)

_COMMANDS: tuple[Key[object], ...] = (START, STOP, MONITOR)
KEYS: tuple[Key[object], ...] = (
    *(AGENT, PARAMETERS, ARGUMENTS, *_COMMANDS, NOT_RUNNING),
    *(START_TIMEOUT, STOP_TIMEOUT, MONITOR_TIMEOUT, MONITOR_INTERVAL),
    *(MAX_RESTARTS, RESTART_WINDOW, EXCLUSIVE),
)


def resource(section: Section, name: str, node: str) -> ResourceConfig:
    """Return the resource that *section* describes for *node*.

    If the section has problems, the result has default values in the place of wrong ones.
    """
    section.refuse_unknown(KEYS)
    chosen = section.read(AGENT)
    given, arguments = section.read(PARAMETERS), section.read(ARGUMENTS)
    start, stop, monitor = (
        _commands(section)
        if chosen is None
        else tuple(chosen.call(action, arguments) for action in ("start", "stop", "monitor"))
    )
    _refuse_keys_of_others(section, chosen)
    return ResourceConfig(
        name=name,
        start=start,
        stop=stop,
        monitor=monitor,
        agent_class=AgentClass.COMMAND if chosen is None else chosen.agent_class,
        environment=(
            ("PYVRRP_NODE", node),
            *(() if chosen is None else chosen.environment(name, given)),
        ),
        start_timeout=section.read(START_TIMEOUT),
        stop_timeout=section.read(STOP_TIMEOUT),
        monitor_timeout=section.read(MONITOR_TIMEOUT),
        monitor_interval=section.read(MONITOR_INTERVAL),
        max_restarts=section.read(MAX_RESTARTS),
        restart_window=section.read(RESTART_WINDOW),
        not_running=section.read(NOT_RUNNING),
        exclusive=section.read(EXCLUSIVE),
    )


def _commands(section: Section) -> tuple[tuple[str, ...], ...]:
    if not section.given(AGENT):
        if not any(map(section.given, _COMMANDS)):
            section.refuse_whole("needs an agent, or the commands start, stop and monitor")
        else:
            for key in (START, STOP):
                if not section.given(key):
                    section.refuse(key, "is required without an agent")
    replacement = ("/bin/true",)  # never run: the section has a problem
    return (
        section.read(START) or replacement,
        section.read(STOP) or replacement,
        section.read(MONITOR) or (),
    )


def _refuse_keys_of_others(section: Section, chosen: Agent | None) -> None:
    if chosen is None and section.given(AGENT):
        return  # the agent is wrong, so its class is not known
    agent_class = AgentClass.COMMAND if chosen is None else chosen.agent_class
    replaced = () if chosen is None else _COMMANDS
    for key in filter(section.given, replaced):
        section.refuse(key, "has no meaning with an agent, which has its own commands")
    if agent_class is not AgentClass.OCF and section.given(PARAMETERS):
        section.refuse(PARAMETERS, "has a meaning for an OCF agent only")
    if agent_class not in {AgentClass.LSB, AgentClass.HEARTBEAT} and section.given(ARGUMENTS):
        section.refuse(ARGUMENTS, 'has a meaning for "heartbeat:" and "lsb:" only')
    if agent_class is not AgentClass.COMMAND and section.given(NOT_RUNNING):
        section.refuse(NOT_RUNNING, "cannot be set: the class of the agent defines it")
