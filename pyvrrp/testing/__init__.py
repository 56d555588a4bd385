"""A test bench for routers: segments of namespaces, an observer, a measuring client, a web server.

`segment.Network` is where to begin. Nothing here knows pyvrrp's daemon: any implementation can be
put on the hosts. Needs root and `ip`.
"""
