"""Copy files into memory, so that no other part waits for a file system."""

import os
import re
from errno import EFBIG
from pathlib import Path

from pyvrrp.clients.rights.wants import FileCopy

EMPTY = "directory without certificates"  # its stamp, so that it is read each time
MOST = 4_194_304  # octets; the CA certificates of a system take 220 KB
_CHUNK = 65_536
_MOST_FILES = 1024
_CERTIFICATE = re.compile(r"[0-9a-f]{8}\.[0-9]{1,4}")  # a name that `openssl rehash` gives


def copy_file(path: Path, stamp: str) -> FileCopy | OSError:
    """Return a copy of the file, or of the certificates of the directory, or why that fails.

    Nothing is copied if it still has *stamp*. This blocks for as long as the file system does. Of
    a directory it takes the files with the names by which OpenSSL finds certificates.
    """
    try:
        now = _stamp(path)
        if now == stamp:
            return FileCopy(-1, now)
        if not path.is_dir():
            return FileCopy(in_memory(_content(path)), now)
        content = _directory(path)
        return FileCopy(in_memory(content), now if content else EMPTY)
    except OSError as error:
        return error


def in_memory(content: bytes) -> int:
    """Return the descriptor of a file in memory with *content*. Raise OSError."""
    descriptor = os.memfd_create("pyvrrp", os.MFD_CLOEXEC)
    try:
        written = 0
        while written < len(content):
            written += os.pwrite(descriptor, content[written:], written)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_and_close(descriptor: int) -> bytes:
    """Return the content of a file in memory, at most 4 MiB, and close it. Raise OSError."""
    try:
        return os.pread(descriptor, MOST, 0)
    finally:
        os.close(descriptor)


def _stamp(path: Path) -> str:
    found = path.stat()
    return f"{found.st_mtime_ns}.{found.st_ctime_ns}.{found.st_size}.{found.st_ino}"


def _directory(path: Path) -> bytes:
    files = sorted(file for file in path.iterdir() if _CERTIFICATE.fullmatch(file.name))
    content = bytearray()
    for file in files[:_MOST_FILES]:
        content += _content(file) + b"\n"
        if len(content) > MOST:
            raise OSError(EFBIG, os.strerror(EFBIG))
    return bytes(content)


def _content(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = bytearray()
        while chunk := os.read(descriptor, _CHUNK):
            content += chunk
            if len(content) > MOST:
                raise OSError(EFBIG, os.strerror(EFBIG))
        return bytes(content)
    finally:
        os.close(descriptor)
