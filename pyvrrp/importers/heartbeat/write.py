"""A configuration document as TOML text."""

from collections.abc import Iterator, Mapping, Sequence

from pyvrrp.config.values.sections import toml_key


def written(document: Mapping[str, object]) -> str:
    """Return *document*, of plain values, tables and arrays of tables, as TOML."""
    plain = {key: value for key, value in document.items() if not _is_tables(value)}
    parts = ["\n".join(_pairs(plain))] if plain else []
    for key, value in document.items():
        if isinstance(value, Mapping):
            parts += [
                "\n".join((f"[{toml_key(key)}.{toml_key(name)}]", *_pairs(_table(inner))))
                for name, inner in value.items()
            ]
        elif _is_tables(value) and isinstance(value, Sequence):
            parts += [
                "\n".join((f"[[{toml_key(key)}]]", *_pairs(_table(inner)))) for inner in value
            ]
    return "\n\n".join(parts) + "\n"


def _is_tables(value: object) -> bool:
    if isinstance(value, Mapping):
        return True
    listed = isinstance(value, list) and bool(value)
    return listed and all(isinstance(inner, Mapping) for inner in value)  # type: ignore[attr-defined]


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _pairs(table: Mapping[str, object]) -> Iterator[str]:
    return (f"{toml_key(key)} = {_value(value)}" for key, value in table.items())


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Mapping():
            return f"{{ {', '.join(_pairs(value))} }}"
        case list() | tuple():
            return f"[{', '.join(_value(inner) for inner in value)}]"
        case _:
            return _string(str(value))


def _string(text: str) -> str:
    # A dollar sign before a brace would be taken for a variable of the environment.
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'
