import pytest

from pyvrrp.config.summary import check_as_values, check_in_words
from tests.config.documents import check


@pytest.mark.parametrize(
    ("keys", "kind", "target"),
    [
        ('tcp = "[::1]:5432"', "tcp", "[::1]:5432"),
        ('exec = ["/usr/lib/x", "a b"]', "exec", "/usr/lib/x 'a b'"),
        ('ping = "192.0.2.1"', "ping", "192.0.2.1"),
        ('arp = "192.0.2.1"\ninterface = "eth0"', "arp", "192.0.2.1 on eth0"),
        (
            'arp = "192.0.2.1"\ninterface = "eth0"\nabsent = true',
            "arp",
            "192.0.2.1 on eth0 (absent)",
        ),
        ('process = "nginx"', "process", "nginx"),
        ('file = "/run/x"', "file", "/run/x"),
        ('file = "/run/x"\npresent = false', "file", "/run/x (absent)"),
        ('interface = "eth1"', "interface", "eth1"),
    ],
)
def test_every_kind_of_check_says_what_it_looks_at(keys: str, kind: str, target: str) -> None:
    written = check(keys)
    assert check_in_words(written) == (
        f"check web: {kind} {target}, every 1s, timeout 800ms, rise 2, fall 2"
    )
    values = check_as_values(written)
    assert (values["kind"], values["method"], values["target"]) == (kind, None, target)
