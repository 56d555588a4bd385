"""Tables of pyvrrp's configuration, as scenarios write them."""

from collections.abc import Sequence


def virtual_router(
    name: str,
    vrid: int,
    addresses: Sequence[str],
    interval_ms: int,
    *keys: str,
    interface: str = "eth0",
) -> str:
    """Return the table of a virtual router; *keys* are further lines of it."""
    listed = ", ".join(f'"{address}"' for address in addresses)
    return "\n".join(
        (
            "\n[[virtual_router]]",
            f'name = "{name}"',
            f'interface = "{interface}"',
            f"vrid = {vrid}",
            f"addresses = [{listed}]",
            f'advertisement_interval = "{interval_ms}ms"',
            *keys,
            "",
        )
    )


def http_check(
    name: str,
    *keys: str,
    url: str = "http://127.0.0.1:8080/health",
    interval: str = "200ms",
    timeout: str = "200ms",
) -> str:
    """Return the table of a check; *keys* are further lines of it. Two passes, two failures."""
    lines = (f'http = "{url}"', f'interval = "{interval}"', f'timeout = "{timeout}"')
    return "\n".join((f"\n[check.{name}]", *lines, "rise = 2", "fall = 2", *keys, ""))


def fenced_by_web(hold_down: str, *, interval: str = "200ms", timeout: str = "200ms") -> str:
    """Return the last keys of a virtual router that is fenced by its web server, and the check.

    *hold_down* is such as `initial = "0s"`.
    """
    keys = f'checks = ["web"]\nhold_down = {{ {hold_down} }}\n'
    return keys + http_check("web", interval=interval, timeout=timeout)


def two_in_a_group(interval_ms: int, preference: str) -> str:
    """Return two virtual routers, lan on eth0 and wan on eth1, that move together."""
    keys = (preference, 'group = "edge"')
    return virtual_router(
        "lan", 51, ["10.9.1.100/24"], interval_ms, *keys, interface="eth0"
    ) + virtual_router("wan", 52, ["10.9.2.100/24"], interval_ms, *keys, interface="eth1")
