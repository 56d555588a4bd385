import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvrrp.config.files.load import load
from pyvrrp.config.model.configuration import ExecProbeConfig
from pyvrrp.config.values.commands import obstacle
from pyvrrp.config.values.users import trusted_users, user_of
from pyvrrp.errors import ConfigurationError
from tests.config.documents import ROUTER, check, check_problems

ROOT = frozenset((0,))
NOBODY = 65534


@pytest.fixture
def workshop() -> Iterator[Path]:
    """Return a directory where root alone can write: nothing below /tmp is one."""
    path = Path(tempfile.mkdtemp(dir="/var/lib", prefix="pyvrrp-test-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def script(path: Path, text: str = "#!/bin/sh\nexit 0\n", mode: int = 0o755) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def command_of(written: str) -> tuple[str, ...]:
    probe = check(f"exec = {written}").probe
    assert isinstance(probe, ExecProbeConfig)
    return probe.command


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('["/usr/lib/x", "a b", ""]', ("/usr/lib/x", "a b", "")),
        ('"/usr/lib/x a \'b c\' \\"d e\\" f\\\\ g"', ("/usr/lib/x", "a", "b c", "d e", "f g")),
        ('"/usr/lib/x | tee *"', ("/usr/lib/x", "|", "tee", "*")),
        ('"/bin/true"', ("/bin/true",)),
    ],
)
def test_a_command_is_words_and_no_shell_reads_it(written: str, words: tuple[str, ...]) -> None:
    assert command_of(written) == words


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("[]", "exec: needs a program"),
        ('""', "exec: needs a program"),
        (
            '"check.sh now"',
            'exec: must begin with the absolute path of a program, not "check.sh"',
        ),
        ("3", "exec: must be an array of strings, not 3"),
        ('["/x", 3]', "exec[1]: must be a string, not 3"),
        ('"/x \'y"', 'exec: "/x \'y" cannot be split into words: no closing quotation'),
        (
            '["/x", "a\\u0000b"]',
            "exec: must have words of at most 4096 characters, without a zero",
        ),
        ('"/x' + " y" * 256 + '"', "exec: must have at most 256 words, not 257"),
    ],
)
def test_any_other_command_is_refused(written: str, problem: str) -> None:
    assert check_problems(f"exec = {written}") == [problem]


def test_programs_of_the_system_may_be_run() -> None:
    assert obstacle("/bin/sh", ROOT) == ""  # /bin is a symbolic link, and so is sh


def test_what_is_no_program_is_refused(tmp_path: Path) -> None:
    assert obstacle("/nowhere/x", ROOT) == "/nowhere: no such file or directory"
    assert obstacle("/etc", ROOT) == "/etc is no regular file"
    assert obstacle("/dev/null", frozenset((0, NOBODY))).startswith("/dev")
    assert obstacle("/etc/passwd", ROOT) == "/etc/passwd is not executable (-rw-r--r--)"
    assert obstacle(str(tmp_path / "x"), ROOT) != ""


@pytest.mark.kernel
def test_every_directory_on_the_way_counts(workshop: Path) -> None:
    inner = workshop / "inner"
    inner.mkdir(0o755)
    program = script(inner / "x")
    assert obstacle(str(program), ROOT) == ""
    workshop.chmod(0o775)
    os.chown(workshop, 0, NOBODY)
    assert obstacle(str(program), ROOT) == (
        f"{workshop} is writable by group 65534 (drwxrwxr-x), who could replace the program"
    )
    os.chown(workshop, NOBODY, 0)
    workshop.chmod(0o755)
    assert obstacle(str(program), ROOT) == (
        f"{workshop} belongs to user 65534 (drwxr-xr-x), who could replace the program"
    )
    assert obstacle(str(program), frozenset((0, NOBODY))) == ""


@pytest.mark.kernel
def test_a_sticky_directory_for_everybody_is_none_to_trust(workshop: Path) -> None:
    program = script(workshop / "x")
    workshop.chmod(0o1777)
    assert obstacle(str(program), ROOT) == (
        f"{workshop} is writable by everybody (drwxrwxrwt), who could replace the program"
    )


@pytest.mark.kernel
def test_the_group_of_root_is_as_good_as_root(workshop: Path) -> None:
    assert obstacle(str(script(workshop / "x", mode=0o775)), ROOT) == ""
    assert obstacle(str(script(workshop / "x", mode=0o777)), ROOT) != ""


@pytest.mark.kernel
def test_links_are_followed_to_what_they_hide(workshop: Path) -> None:
    bad, good = workshop / "bad", workshop / "good"
    bad.mkdir()
    good.mkdir()
    bad.chmod(0o777)
    script(bad / "x")
    (good / "direct").symlink_to(bad / "x")
    (good / "relative").symlink_to("../bad/x")
    (good / "through").symlink_to(bad)
    (workshop / "loop").symlink_to("loop")
    for name in ("direct", "relative", "through/x", "../good/relative"):
        assert obstacle(f"{good}/{name}", ROOT) == (
            f"{bad} is writable by everybody (drwxrwxrwx), who could replace the program"
        )
    assert "too many levels of symbolic links" in obstacle(f"{workshop}/loop", ROOT)


@pytest.mark.kernel
def test_a_link_in_a_directory_of_others_is_refused(workshop: Path) -> None:
    others = workshop / "others"
    others.mkdir()
    others.chmod(0o777)
    (others / "x").symlink_to("/bin/true")
    assert obstacle(f"{others}/x", ROOT).startswith(f"{others} is writable by everybody")


@pytest.mark.kernel
def test_the_interpreter_of_a_script_counts_too(workshop: Path) -> None:
    loose = workshop / "loose"
    loose.mkdir()
    loose.chmod(0o777)
    shutil.copy("/bin/true", loose / "sh")
    program = script(workshop / "x", f"#! {loose}/sh -e\n")
    assert obstacle(str(program), ROOT) == (
        f"{loose} is writable by everybody (drwxrwxrwx), who could replace the program"
    )
    gone = script(workshop / "y", "#!/nowhere/sh\n")
    assert obstacle(str(gone), ROOT) == "/nowhere: no such file or directory"


@pytest.mark.kernel
def test_an_unsafe_program_keeps_the_configuration_from_being_loaded(workshop: Path) -> None:
    loose = script(workshop / "x", mode=0o757)
    file = workshop / "pyvrrp.toml"
    file.write_text(f'{ROUTER}\n[check.one]\nexec = "{loose} -v"\n[check.two]\nexec = "/bin/true"')
    with pytest.raises(ConfigurationError) as caught:
        load(file, hostname="web1")
    assert [str(problem) for problem in caught.value.problems] == [
        (
            f"check.one.exec: {loose} is writable by everybody (-rwxr-xrwx), "
            "who could replace the program"
        )
    ]


def test_a_user_that_is_not_there_keeps_the_configuration_from_being_loaded(
    tmp_path: Path,
) -> None:
    file = tmp_path / "pyvrrp.toml"
    file.write_text(f'{ROUTER}\n[check.one]\nexec = "/bin/true"\nuser = "pyvrrp-nobody"')
    with pytest.raises(ConfigurationError) as caught:
        load(file, hostname="web1")
    assert [str(problem) for problem in caught.value.problems] == [
        "check.one.user: there is no user pyvrrp-nobody"
    ]


@pytest.mark.kernel
def test_root_becomes_nobody_who_is_trusted_by_nobody() -> None:
    user = user_of("")
    assert user is not None
    assert (user.name, user.uid, user.groups) == ("nobody", NOBODY, (NOBODY,))
    assert trusted_users(user) == {0}


def test_a_user_that_is_configured_may_write_his_own_program() -> None:
    daemon = user_of("daemon")
    assert daemon is not None
    assert daemon.groups[0] == 1
    assert trusted_users(daemon) == {0, 1}


def test_whoever_is_not_root_stays_who_he_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    assert user_of("") is None
    assert trusted_users(None) == {0, 1234}
