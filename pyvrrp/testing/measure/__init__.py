"""Measure what routers do: on the wire, in the kernels, at a client, and what it costs."""
