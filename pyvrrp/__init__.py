"""A VRRP daemon for Linux. One healthy node of a group holds the virtual address."""

__version__ = "0.1.0"
