"""Environment variables in the configuration."""

import pytest

from pyvrrp.config.files.environment import Expansion
from pyvrrp.config.values.origins import ONE_FILE


def expanded(value: object, **environment: str) -> object:
    expansion = Expansion(environment, ONE_FILE)
    document = expansion.document({"key": value})
    assert expansion.problems == []
    return document["key"]


def problems(document: dict[str, object]) -> list[str]:
    expansion = Expansion({}, ONE_FILE)
    expansion.document(document)
    return [str(problem) for problem in expansion.problems]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("${A}", "one"),
        ("x${A}y${B_2}z", "xoney${A}z"),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("ok$", "ok$"),
        ("$A", "$A"),
        ("", ""),
    ],
)
def test_a_variable_in_braces_is_expanded_once(written: str, meant: str) -> None:
    assert expanded(written, A="one", B_2="${A}") == meant


def test_all_strings_are_expanded_but_no_keys() -> None:
    value: dict[str, object] = {"${A}": ["${A}", 1, True, {"x": "${A}"}]}
    assert expanded(value, A="one") == {"${A}": ["one", 1, True, {"x": "one"}]}


def test_a_variable_that_is_not_set_is_reported_with_its_path() -> None:
    document: dict[str, object] = {
        "node": "${A}",
        "virtual_router": [{"name": "web", "addresses": ["192.0.2.1", "${B}"]}, {"name": "${C}"}],
        "check": {"web": {"headers": {"X-Y": "${D}"}}},
    }
    assert problems(document) == [
        "node: the environment variable A is not set",
        'virtual_router[0] "web".addresses[1]: the environment variable B is not set',
        "virtual_router[1].name: the environment variable C is not set",
        "check.web.headers.X-Y: the environment variable D is not set",
    ]


@pytest.mark.parametrize("written", ["${", "${A", "${}", "${1}", "${A-b}", "${A:-x}"])
def test_a_malformed_variable_is_reported(written: str) -> None:
    [problem] = problems({"node": written})
    assert problem.startswith(f'node: "{written}" is not a variable; write ${{NAME}}')


def test_tables_that_are_nested_very_deeply_raise_no_exception() -> None:
    document: dict[str, object] = {"key": "${A}"}
    for _ in range(5000):
        document = {"key": document}
    assert problems(document) == []
