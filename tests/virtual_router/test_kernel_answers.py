"""What an answer of the kernel means."""

import errno

import pytest

from pyvrrp.virtual_router.rules.kernel_answers import KernelRequest, Meaning, meaning

REMOVE, RENEW, ADD = KernelRequest.REMOVE, KernelRequest.RENEW, KernelRequest.ADD
SEND, OPEN, LOOK_UP = KernelRequest.SEND, KernelRequest.OPEN, KernelRequest.LOOK_UP


@pytest.mark.parametrize(
    "code",
    [errno.EADDRNOTAVAIL, errno.ENODEV, errno.ENXIO, errno.EAFNOSUPPORT, errno.EOPNOTSUPP],
)
def test_addresses_that_cannot_be_there_are_gone(code: int) -> None:
    assert meaning(REMOVE, code) is Meaning.DONE


@pytest.mark.parametrize(
    "code",
    [0, errno.EPERM, errno.EACCES, errno.EBUSY, errno.ENOBUFS, errno.ENOENT, errno.EMFILE],
)
def test_any_other_failure_of_a_removal_proves_nothing(code: int) -> None:
    assert meaning(REMOVE, code) is Meaning.NOT_NOW


@pytest.mark.parametrize("request_", [ADD, RENEW])
@pytest.mark.parametrize(
    "code", [errno.ENODEV, errno.ENXIO, errno.EACCES, errno.EINVAL, errno.ENOENT, errno.EOPNOTSUPP]
)
def test_an_interface_that_cannot_have_the_address_is_not_asked_twice(
    request_: KernelRequest, code: int
) -> None:
    assert meaning(request_, code) is Meaning.CANNOT


def test_an_address_of_the_operator_in_the_place_is_no_matter_of_patience() -> None:
    assert meaning(ADD, errno.EEXIST) is Meaning.CANNOT


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOBUFS, errno.ENETDOWN, errno.ENODEV, 0])
def test_what_was_not_sent_may_be_sent_the_next_time(code: int) -> None:
    assert meaning(SEND, code) is Meaning.NOT_NOW


def test_an_advertisement_that_does_not_fit_will_not_fit_the_next_time() -> None:
    assert meaning(SEND, errno.EMSGSIZE) is Meaning.CANNOT


def test_a_socket_may_be_opened_later_unless_the_family_is_missing() -> None:
    assert meaning(OPEN, errno.EMFILE) is Meaning.NOT_NOW
    assert meaning(OPEN, errno.EAFNOSUPPORT) is Meaning.CANNOT


def test_only_enodev_says_that_no_interface_has_the_name() -> None:
    assert meaning(LOOK_UP, errno.ENODEV) is Meaning.DONE
    for code in (errno.EMFILE, errno.ENXIO, errno.EPERM, errno.ENOENT):
        assert meaning(LOOK_UP, code) is Meaning.NOT_NOW
