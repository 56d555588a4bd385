"""VRRP for Linux with a health fence: one address, held by exactly one healthy node."""

__version__ = "0.1.0"
