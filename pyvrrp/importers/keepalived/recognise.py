"""Tell a keepalived.conf from a TOML file by its content."""

import re

from pyvrrp.importers.keepalived.keywords import KNOWN

_WORD = re.compile(r"[ \t]*(?:@\^?\S+[ \t]+)?([^ \t={}]+)[ \t]*(=?)")
_INCLUDES = frozenset(f"include{letter}" for letter in ("", *"rmwba"))
_MOST_LINES = 10_000


def is_keepalived(text: str) -> bool:
    """Return whether *text* is the content of a keepalived.conf.

    The first line that is neither empty nor a comment decides. TOML has no comments with ``!``.
    """
    for line in text.split("\n", _MOST_LINES)[:_MOST_LINES]:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if stripped[0] in "!@$~":
            return True
        match = _WORD.match(stripped)
        return match is not None and not match[2] and match[1] in KNOWN[""] | _INCLUDES
    return False
