"""Counts the changes on which the answers to clients depend."""


class Changes:
    """Counts the changes of links, switches, interfaces and addresses in one world.

    A client whose packets were answered gets the same answer as long as the number is the same.
    """

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def note(self) -> None:
        """Count one change."""
        self.number += 1
