import errno
from pathlib import Path

import pytest

from pyvrrp.errors import KernelError
from pyvrrp.net.system.privileges import check

ROOT = "CapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\nCapEff:\t000001ffffffffff\n"
NOBODY = "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\n"
NETWORK = "CapEff:\t0000000000003000\n"  # bits 12 and 13


def status(directory: Path, text: str) -> Path:
    path = directory / "status"
    path.write_text(text)
    return path


def test_root_may_do_everything(tmp_path: Path) -> None:
    check(namespaces=True, status=status(tmp_path, ROOT))


def test_two_capabilities_are_enough_in_the_own_namespace(tmp_path: Path) -> None:
    check(status=status(tmp_path, NETWORK))
    with pytest.raises(KernelError, match="not enough privileges: CAP_SYS_ADMIN missing") as caught:
        check(namespaces=True, status=status(tmp_path, NETWORK))
    assert caught.value.code == errno.EPERM


def test_everything_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match="CAP_NET_ADMIN and CAP_NET_RAW missing"):
        check(status=status(tmp_path, NOBODY))
    with pytest.raises(KernelError, match="CAP_NET_ADMIN and CAP_NET_RAW and CAP_SYS_ADMIN"):
        check(namespaces=True, status=status(tmp_path, "nothing of the kind\n"))
