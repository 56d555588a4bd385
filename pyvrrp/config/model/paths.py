"""The default paths. Importing this module is cheap: it imports nothing else of pyvrrp."""

from pathlib import Path

CONFIGURATION_FILE = Path("/etc/pyvrrp/pyvrrp.toml")
CONTROL_DIRECTORY = Path("/run/pyvrrp")  # has the control socket of each daemon, NODE.sock
STATE_DIRECTORY = Path("/var/lib/pyvrrp")  # has the state file of each daemon, NODE.json
