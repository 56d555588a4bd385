"""A secret in each key that may have one, and every output of pyvrrp searched for it."""

import signal
from pathlib import Path

import pytest

from pyvrrp.config.files.load import load
from pyvrrp.errors import ConfigurationError
from tests.kernel.daemons import Bench, eventually, pyvrrp

CANARY = "c4nary77"  # 8 characters, as many as a password of VRRPv2 may have
ROUTER = """
[[virtual_router]]
name = "second"
interface = "eth0"
vrid = 52
version = 2
authentication = "{secret}"
addresses = ["192.0.2.101/24"]
advertisement_interval = "1s"
checks = ["field", "parameter", "lease"]
[check.field]
http = "http://127.0.0.1:9/"
headers = {{ Authorization = "Bearer {secret}", Cookie = "{secret}", X-Token = "{secret}" }}
[check.parameter]
http = "http://127.0.0.1:9/health?access_token={secret}&verbose=1"
[check.lease]
lease = ["http://127.0.0.1:9"]
user = "ha"
password_file = "{file}"
"""


@pytest.mark.kernel
def test_no_output_has_a_secret(bench: Bench) -> None:
    file = bench.directory / "password"
    file.write_text(f"{CANARY}\n")
    file.chmod(0o644)
    more = ROUTER.format(secret=CANARY, file=file)
    daemon = bench.start(bench.host("r1", 1), 200, more)

    def refused() -> bool:
        reasons = [str(event["reason"]) for event in daemon.events("waiting")]
        return any("connection refused" in reason for reason in reasons)

    eventually("the checks fail", refused)
    eventually("etcd does not answer", lambda: bool(daemon.events("lease_unanswered")))
    daemon.process.signal(signal.SIGUSR1)
    daemon.process.signal(signal.SIGUSR2)
    eventually("both are answered", lambda: bool(daemon.events("counters")))
    asked = ("--socket", str(daemon.socket))
    outputs = {
        " ".join(words): pyvrrp(*words)
        for words in (
            ("check", str(daemon.config)),
            ("check", "--json", str(daemon.config)),
            ("plan", str(daemon.config)),
            ("status", *asked),
            ("status", "--json", *asked),
            ("status", "second", *asked),
            ("drain", "second", *asked),
        )
    }
    daemon.process.kill()
    told = {words: done.stdout + done.stderr for words, done in outputs.items()}
    told["log"] = "\n".join(line.text for line in list(daemon.process.lines))
    assert all(told.values())
    assert [words for words, text in told.items() if CANARY in text] == []
    assert "access_token=***&verbose=1" in told[f"check {daemon.config}"]
    assert "everybody can read it" in told[f"check {daemon.config}"]
    assert f"everybody can read {file}" in told["log"]


@pytest.mark.parametrize(
    "wrong",
    [
        'authentication = "c4nary77-and-more"',
        "authentication = 77077077",
        'checks = ["x"]\n[check.x]\nhttp = "http://127.0.0.1/"\nheaders = { A = 77077077 }',
        'checks = ["x"]\n[check.x]\nhttp = "http://127.0.0.1/"\nheaders = { A = "c4nary77\\n" }',
        'checks = ["x"]\n[check.x]\nhttp = "http://me:c4nary77@127.0.0.1/"',
        'checks = ["x"]\n[check.x]\nhttp = "http://me:c4nary77@127.0.0.1/ x"',
        'checks = ["x"]\n[check.x]\nhttp = "http://me:c4nary77@127.0.0.1:99999/"',
        'checks = ["x"]\n[check.x]\nhttp = "http://127.0.0.1/?password=c4nary77#x"',
        'checks = ["x"]\n[check.x]\nhttp = "http://127.0.0.1:0/?a=b;api_key=c4nary77"',
        'checks = ["x"]\n[check.x]\nlease = ["http://me:c4nary77@127.0.0.1:2379"]',
        'checks = ["x"]\n[check.x]\nlease = ["http://127.0.0.1:2379/?token=c4nary77"]',
    ],
)
def test_an_error_about_a_secret_does_not_show_it(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "pyvrrp.toml"
    file.write_text(
        '[[virtual_router]]\nname = "web"\ninterface = "eth0"\nvrid = 51\nversion = 2\n'
        f'addresses = ["192.0.2.10/24"]\n{wrong}\n'
    )
    with pytest.raises(ConfigurationError) as caught:
        load(file, hostname="n1")
    assert "c4nary77" not in str(caught.value)
    assert "77077077" not in str(caught.value)
