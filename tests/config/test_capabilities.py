"""Which capabilities a configuration needs, and for what."""

import tomllib

import pytest

from pyvrrp.config.parse import parse
from pyvrrp.config.report.capabilities import ALL, capability_in_words, capability_needs

ROUTER = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.10/24"]
"""
BASE = {"CAP_NET_ADMIN": "required", "CAP_NET_RAW": "required"}
RUN = {"CAP_SETUID": "wanted", "CAP_SETGID": "wanted", "CAP_KILL": "wanted"}
END = dict.fromkeys(["CAP_SYS_PTRACE", "CAP_SYS_RESOURCE", "CAP_DAC_READ_SEARCH"], "useful")
NOBODY = dict.fromkeys(["CAP_SETUID", "CAP_SETGID", "CAP_KILL"], "useful")


def needs(more: str, *, as_root: bool, top: str = "") -> dict[str, str]:
    text = top + ROUTER + more
    made = parse(tomllib.loads(text), "test", node=None, hostname="n1")
    found = capability_needs(made, as_root=as_root)
    return {need.capability: need.importance.value for need in found}


@pytest.mark.parametrize(
    ("more", "without_root", "further_as_root"),
    [
        ("", {}, {}),
        ('netns = "blue"', {"CAP_SYS_ADMIN": "required"}, {}),
        ('netns = "/run/docker/netns/x"', {"CAP_SYS_ADMIN": "required"}, {}),
        ('netns = "pid:5"', {"CAP_SYS_ADMIN": "required", "CAP_SYS_PTRACE": "required"}, {}),
        ('[check.a]\ntcp = "192.0.2.1:80"\nnetns = "blue"', {"CAP_SYS_ADMIN": "wanted"},
         {**NOBODY, "CAP_SETPCAP": "useful"}),
        ('[check.a]\nexec = ["/bin/true"]', {}, {**RUN, **END}),
        ('[check.a]\nexec = ["/bin/true"]\nuser = "www"', {**RUN, **END}, {}),
        ('[check.a]\nexec = ["/bin/true"]\nuser = "root"', {**RUN, **END}, {ALL: "useful"}),
        ('[check.a]\nhttp = "http://192.0.2.1/"', {}, {**NOBODY, "CAP_SETPCAP": "useful"}),
        ('[check.a]\nfile = "/run/ok"', {},
         {"CAP_DAC_READ_SEARCH": "useful", "CAP_SYS_PTRACE": "useful"}),
        ('[check.a]\nhttp = "http://localhost/"\nunix_socket = "/run/x"', {},
         {**NOBODY, "CAP_SETPCAP": "useful", "CAP_DAC_OVERRIDE": "useful"}),
        ('[check.a]\nfile = "/run/ok"\ncontains = "yes"', {},
         {**NOBODY, "CAP_DAC_READ_SEARCH": "useful", "CAP_SYS_PTRACE": "useful"}),
        (('resources = ["r"]\ni_accept_split_brain = true\n[resource.r]\nstart = ["/bin/true"]\n'
         'stop = ["/bin/true"]\nmonitor = ["/bin/true"]'), {ALL: "useful"}, {}),
    ],
)  # fmt: skip
def test_what_a_configuration_needs(
    more: str, without_root: dict[str, str], further_as_root: dict[str, str]
) -> None:
    assert needs(more, as_root=False) == {**BASE, **without_root}
    of_root = {**BASE, **without_root, **further_as_root}
    if ALL in further_as_root:
        of_root = {**BASE, **further_as_root}
    assert needs(more, as_root=True) == of_root


@pytest.mark.parametrize(
    ("top", "capability"),
    [
        ("realtime_priority = 50", "CAP_SYS_NICE"),
        ("nice = -5", "CAP_SYS_NICE"),
        ("lock_memory = true", "CAP_IPC_LOCK"),
    ],
)
def test_what_the_process_itself_needs(top: str, capability: str) -> None:
    assert needs("", as_root=False, top=top) == {**BASE, capability: "useful"}
    assert needs("", as_root=False, top="nice = 5") == BASE


def test_the_control_group_needs_a_change_of_owner() -> None:
    assert needs("", as_root=True, top='control_group = "wheel"') == {**BASE, "CAP_CHOWN": "useful"}


def test_a_line_says_what_for() -> None:
    made = parse(tomllib.loads(ROUTER + 'netns = "blue"'), "test", node=None, hostname="n1")
    assert [capability_in_words(need) for need in capability_needs(made, as_root=False)] == [
        "needs CAP_NET_ADMIN: to add and remove addresses",
        "needs CAP_NET_RAW: to send and receive advertisements",
        "needs CAP_SYS_ADMIN: to enter the network namespace of the virtual router web",
    ]
