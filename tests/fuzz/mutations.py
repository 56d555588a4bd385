"""Change an input a little, by the choice of a random number generator."""

from collections.abc import Callable, Sequence
from random import Random

LARGEST = 64 * 1024  # octets of an input
_MOST_CHANGES = 5
_NUMBERS: tuple[int, ...] = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    16,
    20,
    32,
    64,
    100,
    127,
    128,
    254,
    255,
    256,
    1000,
    1024,
    4096,
)
_NUMBERS += (32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1)
_NASTY = (b"\0", b"\x1b[2J", b"\xff\xfe", "\u202e".encode(), b"\xed\xa0\x80", b"\n", b'"', b"\\")


def mutated(corpus: Sequence[bytes], tokens: Sequence[bytes], random: Random) -> bytes:
    """Return one of *corpus* with one to five changes."""
    octets = bytearray(random.choice(corpus))
    words = (*tokens, *_NASTY)
    for _ in range(random.randint(1, _MOST_CHANGES)):
        change = random.choice(_CHANGES)
        change(octets, corpus, words, random)
    return bytes(octets[:LARGEST])


_Change = Callable[[bytearray, Sequence[bytes], Sequence[bytes], Random], None]


def _slice(octets: bytearray, random: Random) -> slice:
    start = random.randint(0, len(octets))
    return slice(start, min(len(octets), start + random.choice((1, 1, 2, 4, 8, 40, 400))))


def _flip(octets: bytearray, _corpus: object, _words: object, random: Random) -> None:
    if octets:
        octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)


def _set(octets: bytearray, _corpus: object, _words: object, random: Random) -> None:
    if octets:
        octets[random.randrange(len(octets))] = random.randrange(256)


def _number(octets: bytearray, _corpus: object, _words: object, random: Random) -> None:
    size = random.choice((1, 2, 4))
    value = random.choice(_NUMBERS) % 256**size
    start = random.randint(0, len(octets))
    octets[start : start + size] = value.to_bytes(size, random.choice(("big", "little")))


def _digits(octets: bytearray, _corpus: object, _words: object, random: Random) -> None:
    start = random.randint(0, len(octets))
    octets[start:start] = str(random.choice(_NUMBERS) * random.choice((1, -1))).encode()


def _remove(octets: bytearray, _corpus: object, _words: object, random: Random) -> None:
    del octets[_slice(octets, random)]


def _repeat(octets: bytearray, _corpus: object, _words: object, random: Random) -> None:
    part = _slice(octets, random)
    times = random.choice((1, 2, 10, 1000))
    octets[part.start : part.start] = (octets[part] * times)[:LARGEST]


def _word(octets: bytearray, _corpus: object, words: Sequence[bytes], random: Random) -> None:
    start = random.randint(0, len(octets))
    octets[start:start] = random.choice(words)


def _replace(octets: bytearray, _corpus: object, words: Sequence[bytes], random: Random) -> None:
    octets[_slice(octets, random)] = random.choice(words)


def _other(octets: bytearray, corpus: Sequence[bytes], _words: object, random: Random) -> None:
    other = bytearray(random.choice(corpus))
    octets[_slice(octets, random)] = other[_slice(other, random)]


def _end(octets: bytearray, corpus: Sequence[bytes], _words: object, random: Random) -> None:
    other = random.choice(corpus)
    octets[random.randint(0, len(octets)) :] = other[random.randint(0, len(other)) :]


_CHANGES: tuple[_Change, ...] = (
    *(_flip, _set, _number, _digits, _remove, _repeat, _word, _replace, _other, _end),
)
