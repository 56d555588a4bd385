"""Read a configuration from files."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pyvrrp.config.files.load import load
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.errors import ConfigurationError
from tests.config.documents import ROUTER

MAIL = ROUTER.replace("web", "mail").replace("51", "52").replace("2.10", "2.11")
CHECK = '[check.web]\ntcp = "127.0.0.1:80"\n'


def loaded(directory: Path, **environment: str) -> Configuration:
    path = directory / "pyvrrp.toml"
    return load(path, environment=environment, hostname="web1")


def problems(directory: Path, **environment: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        loaded(directory, **environment)
    assert caught.value.source == str(directory / "pyvrrp.toml")
    return [str(problem) for problem in caught.value.problems]


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        file = directory / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)
    return directory


def test_a_file_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"pyvrrp.toml": ROUTER})
    assert [router.name for router in loaded(tmp_path).virtual_routers] == ["web"]


def test_the_default_name_of_the_node_is_the_host_name(tmp_path: Path) -> None:
    write(tmp_path, {"pyvrrp.toml": ROUTER})
    assert load(tmp_path / "pyvrrp.toml").node == os.uname().nodename


def test_the_name_of_the_node_can_be_given(tmp_path: Path) -> None:
    write(tmp_path, {"pyvrrp.toml": ROUTER})
    assert load(tmp_path / "pyvrrp.toml", node="web2").node == "web2"


def test_the_environment_is_that_of_the_process_unless_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"pyvrrp.toml": ROUTER.replace("eth0", "${PYVRRP_TEST_INTERFACE}")})
    monkeypatch.setenv("PYVRRP_TEST_INTERFACE", "eth7")
    [router] = load(tmp_path / "pyvrrp.toml", hostname="web1").virtual_routers
    assert router.id.place.interface == "eth7"


# files that cannot be read


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    assert problems(tmp_path) == ["cannot be read: No such file or directory"]


def test_a_directory_is_reported(tmp_path: Path) -> None:
    (tmp_path / "pyvrrp.toml").mkdir()
    assert problems(tmp_path) == ["cannot be read: Is a directory"]


@pytest.mark.parametrize("path", ["/", ".", "..", ""])
def test_a_directory_without_a_name_is_reported(path: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load(Path(path))


def test_a_file_without_permission_to_read_is_reported(tmp_path: Path) -> None:
    # Root may read every file, so the program becomes another user first.
    write(tmp_path, {"pyvrrp.toml": ROUTER}).joinpath("pyvrrp.toml").chmod(0)
    program = (
        "import os, pathlib, sys\n"
        "from pyvrrp.config.files.load import load\n"
        "from pyvrrp.errors import ConfigurationError\n"
        "fd = os.open(sys.argv[1], os.O_RDONLY); os.fchdir(fd)\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try: load(pathlib.Path('pyvrrp.toml'))\n"
        "except ConfigurationError as error: print(error)\n"
    )
    tmp_path.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "pyvrrp.toml: cannot be read: Permission denied\n"


def test_a_file_that_is_not_utf_8_is_reported_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "pyvrrp.toml").write_bytes(b"# one\n# two \xe9\n")
    assert problems(tmp_path) == ["line 2: is not UTF-8, which TOML requires"]


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "pyvrrp.toml").write_bytes(b"\xef\xbb\xbf" + ROUTER.encode())
    assert loaded(tmp_path).node == "web1"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("a = 1\nb =\n", "line 2, column 4: is not TOML: Invalid value"),
        ("a = [1,", "end of document: is not TOML: Invalid value"),
        ("a = 1\na = 2\n", "line 2, column 6: is not TOML: Cannot overwrite a value"),
    ],
)
def test_a_file_that_is_not_toml_is_reported_with_line_and_column(
    tmp_path: Path, content: str, problem: str
) -> None:
    write(tmp_path, {"pyvrrp.toml": content})
    assert problems(tmp_path) == [problem]


@pytest.mark.parametrize(
    "content",
    [
        "a = " + "[" * 10_000,
        "a = " + "1" * 10_000,
        ".".join("a" * 2_000) + " = '${X}'",
        "a = 9999-99-99",
        "a = '\x07'",
        "\x00",
    ],
)
def test_a_malicious_file_is_reported_and_raises_no_other_exception(
    tmp_path: Path, content: str
) -> None:
    write(tmp_path, {"pyvrrp.toml": content})
    found = problems(tmp_path)
    assert found
    assert all(problem.isprintable() for problem in found)


def test_an_endless_file_is_reported() -> None:
    with pytest.raises(ConfigurationError, match="is larger than 4194304 bytes"):
        load(Path("/dev/zero"))


# several files


def test_the_files_of_the_directory_are_added_in_the_order_of_their_names(tmp_path: Path) -> None:
    third = MAIL.replace("mail", "db").replace("52", "53").replace("2.11", "2.12")
    write(
        tmp_path,
        {
            "pyvrrp.toml": ROUTER + 'checks = ["web"]\n',
            "pyvrrp.d/20-mail.toml": MAIL,
            "pyvrrp.d/10-db.toml": third + CHECK,
            "pyvrrp.d/.hidden.toml": "nonsense",
            "pyvrrp.d/README": "nonsense",
            "pyvrrp.d/old.toml.bak": "nonsense",
        },
    )
    configuration = loaded(tmp_path)
    assert [router.name for router in configuration.virtual_routers] == ["web", "db", "mail"]
    assert [check.name for check in configuration.checks] == ["web"]


def test_the_directory_is_named_after_the_file(tmp_path: Path) -> None:
    write(tmp_path, {"a.toml": ROUTER, "pyvrrp.d/x.toml": "nonsense", "a.d/b.toml": MAIL})
    assert len(load(tmp_path / "a.toml").virtual_routers) == 2


def test_a_check_in_two_files_is_refused_and_both_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"pyvrrp.toml": ROUTER + CHECK, "pyvrrp.d/a.toml": CHECK})
    assert problems(tmp_path) == [
        f"pyvrrp.d/a.toml: check.web: is in {tmp_path}/pyvrrp.toml already; write it once"
    ]


def test_a_key_in_two_files_is_refused_and_both_are_named(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyvrrp.toml": ROUTER,
            "pyvrrp.d/a.toml": "guardian = true",
            "pyvrrp.d/b.toml": "guardian = true",
        },
    )
    assert problems(tmp_path) == [
        "pyvrrp.d/b.toml: guardian: is in pyvrrp.d/a.toml already; write it once"
    ]


def test_a_problem_in_an_added_file_names_the_file_and_the_path_in_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyvrrp.toml": ROUTER,
            "pyvrrp.d/a.toml": "nodes = 1\n"
            + MAIL.replace("52", "51")
            + '[check.db]\ntcp = "x"\n[check.tls]\nhttp = "https://x/"\nca = "${NOWHERE}"',
        },
    )
    assert problems(tmp_path) == [
        "pyvrrp.d/a.toml: check.tls.ca: the environment variable NOWHERE is not set",
        'pyvrrp.d/a.toml: nodes: unknown key, did you mean "node"?',
        'pyvrrp.d/a.toml: check.db.tcp: "x" is not "host:port"; an IPv6 address goes in brackets',
        (
            'pyvrrp.d/a.toml: virtual_router[0] "mail".vrid: 51 is used on eth0 for IPv4 by '
            'virtual_router[0] "web" already'
        ),
    ]


def test_all_files_that_cannot_be_read_are_reported_at_once(tmp_path: Path) -> None:
    write(tmp_path, {"pyvrrp.toml": "a =", "pyvrrp.d/a.toml": "b =", "pyvrrp.d/b.toml": ""})
    (tmp_path / "pyvrrp.d" / "c.toml").mkdir()
    assert problems(tmp_path) == [
        "end of document: is not TOML: Invalid value",
        "pyvrrp.d/a.toml: end of document: is not TOML: Invalid value",
        "pyvrrp.d/c.toml: cannot be read: Is a directory",
    ]


@pytest.mark.parametrize("content", ["virtual_router = 5", "check = 5"])
def test_a_value_of_a_wrong_type_in_any_file_is_reported(tmp_path: Path, content: str) -> None:
    write(tmp_path, {"pyvrrp.toml": ROUTER + CHECK, "pyvrrp.d/a.toml": content})
    assert problems(tmp_path)
    write(tmp_path, {"pyvrrp.toml": content, "pyvrrp.d/a.toml": ROUTER + CHECK})
    assert problems(tmp_path)


# environment variables, and files that the configuration names


def test_an_undefined_variable_is_reported_once_with_all_other_problems(tmp_path: Path) -> None:
    toml = ROUTER.replace("eth0", "${INTERFACE_OF_WEB}").replace("51", "300")
    write(tmp_path, {"pyvrrp.toml": toml})
    assert problems(tmp_path) == [
        'virtual_router[0] "web".interface: the environment variable INTERFACE_OF_WEB is not set',
        'virtual_router[0] "web".vrid: must be from 1 to 255, not 300',
    ]


def test_the_paths_of_problems_contain_a_name_from_the_environment(tmp_path: Path) -> None:
    toml = ROUTER.replace('"web"', '"${NAME}"').replace("eth0", "${NOWHERE}")
    write(tmp_path, {"pyvrrp.toml": toml})
    assert problems(tmp_path, NAME="shop") == [
        'virtual_router[0] "shop".interface: the environment variable NOWHERE is not set'
    ]


def test_files_that_a_check_names_must_be_readable(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    tls = f"""
    [check.tls]
    http = "https://www.example.org/"
    ca = "{tmp_path}/ca.pem"
    certificate = "{tmp_path}"
    key = "{tmp_path}/none.pem"
    """
    write(tmp_path, {"pyvrrp.toml": ROUTER + tls})
    assert problems(tmp_path) == [
        f"check.tls.certificate: {tmp_path} is a directory",
        f"check.tls.key: {tmp_path}/none.pem cannot be read: No such file or directory",
    ]


def test_loading_imports_no_network_code() -> None:
    program = "import sys; import pyvrrp.config.files.load; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pyvrrp.config.files.load" in done.stdout
    assert re.search(r"\b(asyncio|socket|ssl|pyroute2|scapy|h11)\b", done.stdout) is None
