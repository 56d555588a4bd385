"""Names that are each given once."""


class Names:
    """The names that a translation has given, each once."""

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._numbers: dict[str, int] = {}  # the last number that was added to a name

    def unused(self, name: str) -> str:
        """Return *name*, with a number at its end if it was given before."""
        number, candidate = self._numbers.get(name, 1), name
        while candidate in self._given:
            number += 1
            candidate = f"{name}-{number}"
        self._numbers[name] = number
        self._given.add(candidate)
        return candidate
