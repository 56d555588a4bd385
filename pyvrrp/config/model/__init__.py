"""The configuration as frozen values. Most are imported from the modules below."""

from pyvrrp.config.model.configuration import EtcdServers

__all__ = ["EtcdServers"]  # with it and `pyvrrp.probes.etcd` a program can ask etcd
