"""Helpers that parse TOML and return the result or the problems."""

import tomllib

from pyvrrp.config.model.configuration import CheckConfig, Configuration, VirtualRouterConfig
from pyvrrp.config.parse import parse
from pyvrrp.errors import ConfigurationError

ROUTER = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.10/24"]
"""
BARE_ROUTER = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
"""


def parsed(toml: str, *, node: str | None = None, hostname: str = "web1") -> Configuration:
    return parse(tomllib.loads(toml), "file", node=node, hostname=hostname)


def problems(toml: str, *, node: str | None = None, hostname: str = "web1") -> list[str]:
    try:
        parsed(toml, node=node, hostname=hostname)
    except ConfigurationError as error:
        return [str(problem) for problem in error.problems]
    return []


def router(keys: str = "") -> VirtualRouterConfig:
    return parsed(ROUTER + keys).virtual_routers[0]


def router_problems(keys: str) -> list[str]:
    prefix = 'virtual_router[0] "web".'
    return [problem.removeprefix(prefix) for problem in problems(ROUTER + keys)]


def check(keys: str) -> CheckConfig:
    return parsed(f"{ROUTER}\n[check.web]\n{keys}").checks[0]


def check_problems(keys: str) -> list[str]:
    prefix = "check.web."
    return [p.removeprefix(prefix) for p in problems(f"{ROUTER}\n[check.web]\n{keys}")]
