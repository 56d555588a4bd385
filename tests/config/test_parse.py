"""The document as a whole."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyvrrp.config.checks.check import KEYS as CHECK_KEYS
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.parse import KEYS, parse
from pyvrrp.config.router.policies import ANNOUNCE_KEYS, HOLD_DOWN_KEYS
from pyvrrp.config.router.virtual_router import KEYS as ROUTER_KEYS
from pyvrrp.errors import ConfigurationError
from tests.config.documents import ROUTER, parsed, problems

ALLOWED = (
    "unknown key; allowed are check, control_group, control_read, control_socket, "
    "delay_after_boot, guardian, hook, lock_memory, max_held, nice, node, realtime_priority, "
    "resource, startup_delay, state_file, virtual_router"
)
SECOND_ROUTER = ROUTER.replace("web", "mail").replace("51", "52").replace("2.10", "2.11")


def test_a_small_file_is_a_configuration() -> None:
    configuration = parsed(ROUTER)
    assert configuration.node == "web1"
    assert configuration.guardian is True
    assert configuration.control_socket == Path("/run/pyvrrp/web1.sock")
    assert configuration.checks == ()


def test_the_name_of_the_node_is_that_of_the_option_else_the_file_else_the_host() -> None:
    with_node = 'node = "web7"\n' + ROUTER
    assert parsed(with_node, node="web9").node == "web9"
    assert parsed(with_node).node == "web7"
    assert parsed(ROUTER).node == "web1"
    assert parsed(with_node).control_socket == Path("/run/pyvrrp/web7.sock")


def test_a_host_name_that_cannot_be_a_name_makes_the_key_node_required() -> None:
    assert problems(ROUTER, hostname="(none)") == [
        'node: is required here: the host name "(none)" cannot be a name'
    ]
    assert problems('node = "a"\n' + ROUTER, hostname="(none)") == []


def test_a_node_named_on_the_command_line_is_checked_too() -> None:
    [problem] = problems(ROUTER, node="../x")
    assert problem.startswith('--node: "../x" cannot be a name; use 1 to 64 letters')


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("", "virtual_router: is required"),
        (
            "virtual_router = 5",
            "virtual_router: must be an array of tables, [[virtual_router]], not 5",
        ),
        (
            "virtual_router = []",
            "virtual_router: has no entry; at least one [[virtual_router]] is needed",
        ),
        (
            '[virtual_router]\nname = "x"',
            (
                "virtual_router: must be an array of tables; write [[virtual_router]], in double "
                "brackets"
            ),
        ),
        ("virtual_router = [5]", "virtual_router[0]: must be a table, not 5"),
        (f"check = []\n{ROUTER}", "check: must be a table, not an array"),
        (f"{ROUTER}\n[check]\nweb = 'x'", 'check.web: must be a table, not "x"'),
        (f"guardian = 'on'\n{ROUTER}", 'guardian: must be true or false, not "on"'),
        (f"node = 5\n{ROUTER}", "node: must be a string, not 5"),
        (f"control_socket = 'x'\n{ROUTER}", 'control_socket: must be an absolute path, not "x"'),
        (
            f"control_socket = '/{'x' * 107}'\n{ROUTER}",
            "control_socket: must have at most 107 bytes, which is the kernel's limit",
        ),
        (
            f"virtual_routers = []\n{ROUTER}",
            'virtual_routers: unknown key, did you mean "virtual_router"?',
        ),
        (
            f"'a b' = 1\n{ROUTER}",
            f'"a b": {ALLOWED}',
        ),
        (
            f"big = 0x{'f' * 9000}\n{ROUTER}",
            f"big: {ALLOWED}",
        ),
    ],
)
def test_a_wrong_document_is_refused_with_what_is_allowed(toml: str, problem: str) -> None:
    assert problems(toml) == [problem]


def test_a_huge_number_is_refused_without_printing_it() -> None:
    toml = ROUTER.replace("51", f"0x{'f' * 9000}")
    assert problems(toml) == [
        'virtual_router[0] "web".vrid: must be from 1 to 255, not a huge number'
    ]


def test_the_problems_of_a_check_with_a_wrong_name_are_reported_too() -> None:
    found = problems(f'{ROUTER}\n[check."a b"]\nhttp = "x"')
    assert [problem.partition(": ")[0] for problem in found] == ['check."a b".http', 'check."a b"']


def test_all_problems_are_reported_at_once_with_their_source_and_path() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(
            {
                "guardian": 1,
                "virtual_router": [{"name": "web", "interface": "eth0", "vrid": 300}],
                "check": {"web": {"tcp": "x", "rise": 0}},
            },
            "pyvrrp.toml",
            node=None,
            hostname="web1",
        )
    assert sorted(str(caught.value).splitlines()) == [
        "pyvrrp.toml: check.web.rise: must be from 1 to 100, not 0",
        'pyvrrp.toml: check.web.tcp: "x" is not "host:port"; an IPv6 address goes in brackets',
        "pyvrrp.toml: guardian: must be true or false, not 1",
        'pyvrrp.toml: virtual_router[0] "web".addresses: is required',
        'pyvrrp.toml: virtual_router[0] "web".vrid: must be from 1 to 255, not 300',
    ]


def test_control_characters_of_a_file_are_escaped_in_problems() -> None:
    [problem] = problems(ROUTER.replace('"eth0"', '"\\u001b[2J\\n\\\\"'))
    assert '"\\x1b[2J\\n\\\\"' in problem
    assert problem.isprintable()


# what two virtual routers must not share


def test_two_virtual_routers_with_different_vrids_are_accepted() -> None:
    assert [router.name for router in parsed(ROUTER + SECOND_ROUTER).virtual_routers] == [
        "web",
        "mail",
    ]


def test_a_second_virtual_router_of_the_same_name_is_refused() -> None:
    toml = ROUTER + SECOND_ROUTER.replace("mail", "web")
    assert problems(toml) == [
        'virtual_router[1] "web".name: "web" is the name of virtual_router[0] "web" already'
    ]


def test_a_vrid_that_is_used_twice_on_an_interface_for_one_family_is_refused() -> None:
    toml = ROUTER + SECOND_ROUTER.replace("52", "51")
    assert problems(toml) == [
        (
            'virtual_router[1] "mail".vrid: 51 is used on eth0 for IPv4 by virtual_router[0] "web" '
            "already"
        )
    ]


@pytest.mark.parametrize(("old", "new"), [("eth0", "eth1"), ('"192.0.2.11/24"', '"fe80::1"')])
def test_a_vrid_may_be_used_again_on_another_interface_or_family(old: str, new: str) -> None:
    assert problems(ROUTER + SECOND_ROUTER.replace("52", "51").replace(old, new)) == []


def test_a_vrid_and_its_addresses_may_be_used_again_in_another_network_namespace() -> None:
    twin = ROUTER.replace("web", "mail") + 'netns = "blue"'
    assert problems(ROUTER + twin) == []


def test_an_address_of_two_virtual_routers_on_one_interface_is_refused() -> None:
    toml = ROUTER + SECOND_ROUTER.replace("192.0.2.11/24", "192.0.2.10")
    assert problems(toml) == [
        (
            'virtual_router[1] "mail".addresses: 192.0.2.10 belongs to virtual_router[0] "web" on '
            "eth0 already"
        )
    ]


def test_wrong_values_are_not_compared() -> None:
    broken = ROUTER.replace("51", "999").replace("eth0", "a/b").replace("web", "w b")
    found = problems(broken + broken)
    assert not [problem for problem in found if "already" in problem]


# every document gives a configuration or a list of problems

ALL_KEYS = sorted(
    {
        key.name
        for keys in (KEYS, ROUTER_KEYS, CHECK_KEYS, ANNOUNCE_KEYS, HOLD_DOWN_KEYS)
        for key in keys
    }
    | {"web", "web1", "a b", ""}
)
WORDS = [
    *("web", "1s", "10ms", "auto", "off", "fe80::1", "192.0.2.1/24", "eth0", "http://x/", "x:80"),
    *("200-299", "/x", "$", "%", "[", "(", "\x00", "\ud800", "GET", "rfc9568"),
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 300)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(WORDS)
    | st.dates()
)
KEY_NAMES = st.sampled_from(ALL_KEYS) | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY_NAMES, inner, max_size=6),
    max_leaves=20,
)


def table(keys: list[str]) -> st.SearchStrategy[Mapping[str, object]]:
    return st.dictionaries(st.sampled_from(keys), VALUES, max_size=8)


def outcome(document: Mapping[str, object]) -> Configuration | list[str]:
    try:
        return parse(document, "file", node=None, hostname="web1")
    except ConfigurationError as error:
        return [str(problem) for problem in error.problems]


def is_sound(result: Configuration | list[str]) -> bool:
    """Return whether *result* is a configuration, or problems that are printable lines."""
    if isinstance(result, Configuration):
        return bool(result.virtual_routers)
    return bool(result) and all(problem.isprintable() for problem in result)


@settings(max_examples=25)  # `tests/campaign` tries many more
@given(st.dictionaries(KEY_NAMES, VALUES))
def test_any_document_gives_a_configuration_or_a_list_of_problems(
    document: Mapping[str, object],
) -> None:
    assert is_sound(outcome(document))


@settings(max_examples=40)
@given(
    st.lists(table([key.name for key in ROUTER_KEYS]), min_size=1, max_size=2),
    st.dictionaries(st.just("web"), table([key.name for key in CHECK_KEYS])),
)
def test_any_values_of_known_keys_give_a_configuration_or_a_list_of_problems(
    routers: list[Mapping[str, object]], checks: Mapping[str, object]
) -> None:
    good = {"name": "web", "interface": "eth0", "vrid": 51, "addresses": ["192.0.2.1", "fe80::1"]}
    document = {"virtual_router": [{**good, **router} for router in routers], "check": checks}
    assert is_sound(outcome(document))
