"""A guard for tests of orders: an error of the runtime is one of the test."""

from typing import NoReturn

from pyvrrp.runtime.base.guarded_ports import Guard


def _raise(error: BaseException) -> NoReturn:
    raise error


OPEN = Guard(_raise)
