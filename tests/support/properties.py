"""How many examples a property test tries: few and always the same, or many new ones.

Whether the tests pass must not depend on chance. `PYVRRP_EXAMPLES=50` makes the long form: fifty
times as many examples, other ones each time.
"""

import os

FACTOR = int(os.environ.get("PYVRRP_EXAMPLES", "0"))


def examples(number: int) -> int:
    """Return *number*, or as many as the long form tries instead."""
    return number * max(1, FACTOR)
