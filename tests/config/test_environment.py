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
def test_a_variable_stands_in_braces_and_is_not_expanded_twice(written: str, meant: str) -> None:
    assert expanded(written, A="one", B_2="${A}") == meant


def test_strings_are_expanded_wherever_they_are_and_nothing_else_is() -> None:
    value: dict[str, object] = {"${A}": ["${A}", 1, True, {"x": "${A}"}]}
    assert expanded(value, A="one") == {"${A}": ["one", 1, True, {"x": "one"}]}


def test_a_variable_that_is_not_set_is_a_problem_with_its_path() -> None:
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
def test_what_looks_like_a_variable_and_is_none_is_a_problem(written: str) -> None:
    [problem] = problems({"node": written})
    assert problem.startswith(f'node: "{written}" is no variable; write ${{NAME}}')


def test_tables_nested_deeper_than_python_recurses_do_no_harm() -> None:
    document: dict[str, object] = {"key": "${A}"}
    for _ in range(5000):
        document = {"key": document}
    assert problems(document) == []
