"""Keys at the top of the file about the process of the daemon itself."""

from pyvrrp.config.model.process_options import ControlReaders, ProcessOptions
from pyvrrp.config.values.scalars import boolean, integer, name, one_of, optional
from pyvrrp.config.values.sections import Key, Section

CONTROL_GROUP = Key("control_group", optional(name))
CONTROL_READ = Key(
    "control_read", one_of({str(one): one for one in ControlReaders}), ControlReaders.GROUP
)
REALTIME_PRIORITY = Key("realtime_priority", optional(integer(1, 99)))
NICE = Key("nice", optional(integer(-20, 19)))
LOCK_MEMORY = Key("lock_memory", boolean, default=False)
KEYS: tuple[Key[object], ...] = (
    *(CONTROL_GROUP, CONTROL_READ, REALTIME_PRIORITY, NICE, LOCK_MEMORY),
)


def process_options(top: Section) -> ProcessOptions:
    """Return what the keys of *top* say. It reports what is wrong to *top*."""
    options = ProcessOptions(
        control_group=top.read(CONTROL_GROUP) or "",
        control_read=top.read(CONTROL_READ),
        realtime_priority=top.read(REALTIME_PRIORITY) or 0,
        nice=top.read(NICE) or 0,
        lock_memory=top.read(LOCK_MEMORY),
    )
    if options.realtime_priority and options.nice:
        top.refuse(NICE, "has no effect with realtime_priority; use one of the two")
    return options
