import errno

from pyvrrp.net.system.kernel_error import refused, refused_with


def test_a_refusal_reads_as_one_sentence_and_keeps_the_errno() -> None:
    error = refused_with("cannot add 192.0.2.10/24 to eth0", errno.EPERM)
    assert str(error) == "cannot add 192.0.2.10/24 to eth0: operation not permitted"
    assert error.code == 1


def test_the_kernels_own_explanation_is_passed_on() -> None:
    error = refused_with("cannot add fe80::1/64 to eth0", errno.EACCES, "IPv6 is disabled")
    assert str(error) == "cannot add fe80::1/64 to eth0: permission denied (IPv6 is disabled)"


def test_an_operating_system_error_is_put_in_the_same_words() -> None:
    error = refused("cannot send on eth0", OSError(errno.ENOBUFS, "whatever it says"))
    assert str(error) == "cannot send on eth0: no buffer space available"
    assert error.code == errno.ENOBUFS


def test_a_timeout_has_no_errno_and_does_not_read_as_success() -> None:
    error = refused("cannot change the addresses of eth0", TimeoutError("timed out"))
    assert str(error) == "cannot change the addresses of eth0: timed out"
    assert error.code == 0
