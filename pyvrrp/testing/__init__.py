"""A test bench for routers: segments of namespaces, an observer, a measuring client, a web server.

Begin with `segment.Network`. Nothing here depends on pyvrrp's daemon: the hosts can run any
implementation. Needs root and `ip`.
"""
