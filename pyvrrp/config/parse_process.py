"""Keys at the top of the file about the process of the daemon itself."""

from pyvrrp.config.model.process_options import ControlReaders, ProcessOptions
from pyvrrp.config.values.scalars import name, one_of, optional
from pyvrrp.config.values.sections import Key, Section

CONTROL_GROUP = Key("control_group", optional(name))
CONTROL_READ = Key(
    "control_read", one_of({str(one): one for one in ControlReaders}), ControlReaders.GROUP
)
KEYS: tuple[Key[object], ...] = (CONTROL_GROUP, CONTROL_READ)


def process_options(top: Section) -> ProcessOptions:
    """Return what the keys of *top* say. It reports what is wrong to *top*."""
    return ProcessOptions(
        control_group=top.read(CONTROL_GROUP) or "",
        control_read=top.read(CONTROL_READ),
    )
