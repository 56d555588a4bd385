"""How the prober is started."""

from pyvrrp.config.model.configuration import EtcdServers, HttpProbeConfig
from pyvrrp.prober.launch import needs

WEB = HttpProbeConfig("http://127.0.0.1:1/")
ETCD = EtcdServers(("http://127.0.0.1:1",))


def test_the_program_imports_what_its_checks_need() -> None:
    assert needs([WEB]) == ["http"]
    assert needs([ETCD]) == ["http", "etcd"]
    assert needs([HttpProbeConfig("https://x/", body_sha256="0" * 64)]) == ["http", "tls", "digest"]
