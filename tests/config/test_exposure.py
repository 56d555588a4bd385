"""Warnings about secrets that others can read, and about files that others can replace."""

import os
from pathlib import Path

import pytest

from pyvrrp.cli.main import main
from pyvrrp.config.files.load import files_of, load
from pyvrrp.config.report.exposure import exposures
from pyvrrp.config.values.shared_places import why_shared

ROUTER = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.10/24"]
"""
SECRET = 'headers = { Authorization = "Bearer hunter2" }\n'


def warnings(tmp_path: Path, text: str, mode: int = 0o600) -> list[str]:
    """Return the warnings about a configuration whose files nobody else can replace."""
    file = tmp_path / "pyvrrp.toml"
    file.write_text(f'node = "n1"\nstate_file = "{tmp_path}/a.json"\n{text}')
    file.chmod(mode)
    configuration = load(file, hostname="n1", environment={"SECRET": "hunter2"})
    return [str(warning) for warning in exposures(configuration, *files_of(file))]


def socket_in(directory: Path) -> str:
    return f'control_socket = "{directory}/a.sock"\n'


@pytest.mark.parametrize(
    ("mode", "shown"), [(0o777, "drwxrwxrwx"), (0o1777, "drwxrwxrwt"), (0o757, "drwxr-xrwx")]
)
def test_a_directory_where_everybody_may_write_is_named(
    tmp_path: Path, mode: int, shown: str
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(mode)
    (warning,) = warnings(tmp_path, socket_in(shared) + ROUTER)
    assert warning == (
        "control_socket: is in a directory where another user can replace it: "
        f"{shared} is writable by everybody ({shown}); use one that belongs to root alone"
    )


def test_a_directory_that_does_not_exist_yet_is_judged_by_the_one_above_it(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    assert f"{shared} is writable by everybody" in why_shared(shared / "new" / "newer")


def test_a_directory_below_one_that_others_may_replace_is_shared_too(tmp_path: Path) -> None:
    own = tmp_path / "shared" / "own"
    own.mkdir(parents=True)
    own.parent.chmod(0o777)
    assert f"{own.parent} is writable by everybody" in why_shared(own)
    own.parent.chmod(0o1777)
    assert why_shared(own) == ""


def test_a_link_to_a_shared_directory_is_shared(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "shared")
    assert "shared is writable by everybody" in why_shared(tmp_path / "link")


@pytest.mark.kernel
def test_a_directory_of_another_user_or_group_is_shared(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    os.chown(other, 65534, 0)
    assert f"{other} belongs to user 65534" in why_shared(other)
    os.chown(other, 0, 65534)
    other.chmod(0o775)
    assert f"{other} is writable by group 65534" in why_shared(other)


def test_the_usual_places_are_not_shared() -> None:
    assert why_shared(Path("/var/lib/pyvrrp")) == why_shared(Path("/run/pyvrrp")) == ""


def test_a_secret_that_goes_unencrypted_is_named(tmp_path: Path) -> None:
    check = '[check.web]\nhttp = "http://192.0.2.5/"\n' + SECRET
    assert warnings(tmp_path, socket_in(tmp_path) + ROUTER + check) == [
        (
            "check.web.headers.Authorization: goes unencrypted: everybody on the way to 192.0.2.5 "
            "can read it; use https://"
        )
    ]


@pytest.mark.parametrize("url", ["https://192.0.2.5/", "http://127.0.0.1/", "http://localhost/"])
def test_a_secret_that_nobody_can_read_on_the_way_is_not_named(tmp_path: Path, url: str) -> None:
    check = f'[check.web]\nhttp = "{url}"\n' + SECRET
    assert warnings(tmp_path, socket_in(tmp_path) + ROUTER + check) == []


def test_a_field_that_is_no_secret_is_not_named(tmp_path: Path) -> None:
    check = '[check.web]\nhttp = "http://192.0.2.5/"\nheaders = { Accept = "text/plain" }\n'
    assert warnings(tmp_path, socket_in(tmp_path) + ROUTER + check) == []


def test_the_password_of_etcd_that_goes_unencrypted_is_named(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2")
    (tmp_path / "password").chmod(0o644)
    lease = (
        '[check.lock]\nlease = ["http://127.0.0.1:2379", "http://etcd.example:2379"]\n'
        f'user = "pyvrrp"\npassword_file = "{tmp_path}/password"\n'
    )
    assert warnings(tmp_path, socket_in(tmp_path) + ROUTER + lease) == [
        (
            "check.lock.password_file: goes unencrypted: everybody on the way to etcd.example can "
            "read it; use https://"
        ),
        f"check.lock.password_file: everybody can read {tmp_path}/password (-rw-r--r--); chmod 600",
    ]


def test_a_configuration_with_a_secret_that_everybody_can_read_is_named(tmp_path: Path) -> None:
    check = '[check.web]\nhttp = "https://192.0.2.5/"\n' + SECRET
    text = socket_in(tmp_path) + ROUTER + check
    file = tmp_path / "pyvrrp.toml"
    assert warnings(tmp_path, text, 0o644) == [
        f"{file} contains a secret, and everybody can read it (-rw-r--r--)"
    ]
    assert warnings(tmp_path, text, 0o640) == []
    from_environment = text.replace("Bearer hunter2", "${SECRET}")
    assert warnings(tmp_path, from_environment, 0o644) == []


def test_a_readable_file_beside_it_with_the_secret_is_named(tmp_path: Path) -> None:
    further = tmp_path / "pyvrrp.d" / "db.toml"
    further.parent.mkdir()
    password = 'version = 2\nauthentication = "hunter2"\nadvertisement_interval = "1s"\n'
    further.write_text(ROUTER + password)
    further.chmod(0o604)
    assert warnings(tmp_path, socket_in(tmp_path)) == [
        f"{further} contains a secret, and everybody can read it (-rw----r--)"
    ]


def test_check_prints_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.chmod(0o777)
    warnings(tmp_path, socket_in(tmp_path) + ROUTER)
    assert main(["check", "--offline", str(tmp_path / "pyvrrp.toml")]) == 0
    assert "toml: state_file: is in a directory where another" in capsys.readouterr().out


def test_a_token_in_a_url_counts_as_a_secret_of_the_file(tmp_path: Path) -> None:
    check = '[check.a]\nhttp = "https://www.example/?access_token=hunter2"\n'
    found = warnings(tmp_path, ROUTER + check, 0o644)
    assert any("contains a secret, and everybody can read it" in warning for warning in found)
    found = warnings(tmp_path, ROUTER + check.replace("access_token", "page"), 0o644)
    assert not any("contains a secret" in warning for warning in found)
