import os
import shutil
from pathlib import Path

import pytest

from pyvrrp.config.files.load import load
from pyvrrp.config.model.configuration import ExecProbeConfig
from pyvrrp.config.values.commands import why_unsafe
from pyvrrp.config.values.users import trusted_users, user_of
from pyvrrp.errors import ConfigurationError
from tests.config.documents import ROUTER, check, check_problems
from tests.support.programs import script

ROOT = frozenset((0,))
NOBODY = 65534


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
def test_a_command_is_split_into_words_without_a_shell(
    written: str, words: tuple[str, ...]
) -> None:
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


def test_programs_of_the_system_are_safe() -> None:
    assert why_unsafe("/bin/sh", ROOT) == ""  # /bin is a symbolic link, and so is sh


def test_a_path_that_is_not_a_program_is_refused(tmp_path: Path) -> None:
    assert why_unsafe("/nowhere/x", ROOT) == "/nowhere: no such file or directory"
    assert why_unsafe("/etc", ROOT) == "/etc is not a regular file"
    assert why_unsafe("/dev/null", frozenset((0, NOBODY))).startswith("/dev")
    assert why_unsafe("/etc/passwd", ROOT) == "/etc/passwd is not executable (-rw-r--r--)"
    assert why_unsafe(str(tmp_path / "x"), ROOT) != ""


def test_every_directory_of_the_path_must_be_safe(root_only: Path) -> None:
    inner = root_only / "inner"
    inner.mkdir(0o755)
    program = script(inner / "x")
    assert why_unsafe(str(program), ROOT) == ""
    root_only.chmod(0o775)
    os.chown(root_only, 0, NOBODY)
    assert why_unsafe(str(program), ROOT) == (
        f"{root_only} is writable by group 65534 (drwxrwxr-x), who could replace the program"
    )
    os.chown(root_only, NOBODY, 0)
    root_only.chmod(0o755)
    assert why_unsafe(str(program), ROOT) == (
        f"{root_only} belongs to user 65534 (drwxr-xr-x), who could replace the program"
    )
    assert why_unsafe(str(program), frozenset((0, NOBODY))) == ""


def test_a_sticky_directory_that_everybody_can_write_is_not_safe(root_only: Path) -> None:
    program = script(root_only / "x")
    root_only.chmod(0o1777)
    assert why_unsafe(str(program), ROOT) == (
        f"{root_only} is writable by everybody (drwxrwxrwt), who could replace the program"
    )


def test_the_group_of_root_may_write(root_only: Path) -> None:
    assert why_unsafe(str(script(root_only / "x", mode=0o775)), ROOT) == ""
    assert why_unsafe(str(script(root_only / "x", mode=0o777)), ROOT) != ""


def test_the_targets_of_symbolic_links_must_be_safe(root_only: Path) -> None:
    bad, good = root_only / "bad", root_only / "good"
    bad.mkdir()
    good.mkdir()
    bad.chmod(0o777)
    script(bad / "x")
    (good / "direct").symlink_to(bad / "x")
    (good / "relative").symlink_to("../bad/x")
    (good / "through").symlink_to(bad)
    (root_only / "loop").symlink_to("loop")
    for name in ("direct", "relative", "through/x", "../good/relative"):
        assert why_unsafe(f"{good}/{name}", ROOT) == (
            f"{bad} is writable by everybody (drwxrwxrwx), who could replace the program"
        )
    assert "too many levels of symbolic links" in why_unsafe(f"{root_only}/loop", ROOT)


def test_a_link_in_a_directory_that_others_can_write_is_refused(root_only: Path) -> None:
    others = root_only / "others"
    others.mkdir()
    others.chmod(0o777)
    (others / "x").symlink_to("/bin/true")
    assert why_unsafe(f"{others}/x", ROOT).startswith(f"{others} is writable by everybody")


def test_the_interpreter_of_a_script_must_be_safe(root_only: Path) -> None:
    loose = root_only / "loose"
    loose.mkdir()
    loose.chmod(0o777)
    shutil.copy("/bin/true", loose / "sh")
    program = script(root_only / "x", f"#! {loose}/sh -e\n")
    assert why_unsafe(str(program), ROOT) == (
        f"{loose} is writable by everybody (drwxrwxrwx), who could replace the program"
    )
    gone = script(root_only / "y", "#!/nowhere/sh\n")
    assert why_unsafe(str(gone), ROOT) == "/nowhere: no such file or directory"


def test_a_configuration_with_an_unsafe_program_is_not_loaded(
    root_only: Path,
) -> None:
    loose = script(root_only / "x", mode=0o757)
    file = root_only / "pyvrrp.toml"
    file.write_text(f'{ROUTER}\n[check.one]\nexec = "{loose} -v"\n[check.two]\nexec = "/bin/true"')
    with pytest.raises(ConfigurationError) as caught:
        load(file, hostname="web1")
    assert [str(problem) for problem in caught.value.problems] == [
        (
            f"check.one.exec: {loose} is writable by everybody (-rwxr-xrwx), "
            "who could replace the program"
        )
    ]


def test_a_configuration_with_an_unknown_user_is_not_loaded(tmp_path: Path) -> None:
    file = tmp_path / "pyvrrp.toml"
    file.write_text(f'{ROUTER}\n[check.one]\nexec = "/bin/true"\nuser = "pyvrrp-nobody"')
    with pytest.raises(ConfigurationError) as caught:
        load(file, hostname="web1")
    assert [str(problem) for problem in caught.value.problems] == [
        "check.one.user: there is no user pyvrrp-nobody"
    ]


@pytest.mark.kernel
def test_root_runs_programs_as_nobody_and_nobody_must_not_write_them() -> None:
    user = user_of("")
    assert user is not None
    assert (user.name, user.uid, user.groups) == ("nobody", NOBODY, (NOBODY,))
    assert trusted_users(user) == {0}


def test_a_configured_user_may_write_the_program_that_it_runs() -> None:
    daemon = user_of("daemon")
    assert daemon is not None
    assert daemon.groups[0] == 1
    assert trusted_users(daemon) == {0, 1}


def test_without_root_programs_run_as_the_user_of_the_daemon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    assert user_of("") is None
    assert trusted_users(None) == {0, 1234}
