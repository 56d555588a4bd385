"""Through which file a network namespace is entered. The guardian imports this module.

A namespace is given by its name (`ip netns`), by an absolute path, or as ``pid:NUMBER`` by a
process in it.
"""

PID = "pid:"
_NAMED = "/run/netns/"


def namespace_path(netns: str) -> str:
    """Return the path of the file of the namespace that *netns* names."""
    if netns.startswith("/"):
        return netns
    if netns.startswith(PID):
        return f"/proc/{netns.removeprefix(PID)}/ns/net"
    return _NAMED + netns


def is_by_name(netns: str) -> bool:
    """Return whether *netns* is a name, as `ip netns` lists them."""
    return bool(netns) and not netns.startswith(("/", PID))
