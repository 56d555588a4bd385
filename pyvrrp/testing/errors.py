"""The errors that the test bench raises."""

from pyvrrp.errors import VrrpError


class BenchError(VrrpError):
    """The test bench could not be built, driven or read; the message says what failed."""
