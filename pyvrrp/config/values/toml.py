"""Write keys and values as TOML."""

import re
from collections.abc import Mapping

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")  # a key that needs no quotes


def toml_key(key: str) -> str:
    """Return *key* as it is written in TOML: in quotes if it needs them."""
    return key if BARE_KEY.fullmatch(key) else _string(key)


def toml_value(value: object) -> str:
    """Return *value* as TOML on one line.

    It is a string, a number, a truth value, a list or a table; anything else is written as the
    string that `str` returns for it.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case Mapping():
            pairs = (f"{toml_key(str(key))} = {toml_value(inner)}" for key, inner in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case list() | tuple():
            return f"[{', '.join(toml_value(inner) for inner in value)}]"
        case _:
            return _string(str(value))


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'
