"""Write a configuration document as a TOML file."""

from collections.abc import Iterator, Mapping, Sequence

from pyvrrp.config.values.toml import toml_key, toml_value


def written(document: Mapping[str, object]) -> str:
    """Return *document* as TOML. It consists of plain values, tables and arrays of tables."""
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
    pairs = table.items()
    return (f"{toml_key(key)} = {toml_value(_without_variables(value))}" for key, value in pairs)


def _without_variables(value: object) -> object:
    """Return *value* with ``$$`` for each dollar sign: ``${NAME}`` would be a variable."""
    match value:
        case str():
            return value.replace("$", "$$")
        case list() | tuple():
            return [_without_variables(inner) for inner in value]
        case Mapping():
            return {key: _without_variables(inner) for key, inner in value.items()}
        case _:
            return value
