"""What a stranger may write, and how it must look where a person or a program reads it."""

# With what controls a terminal, fakes a line, turns the direction, ends a string, or is very long.
TEXTS = {
    "escape": "before \x1b]0;owned\x07\x1b[2J\x1b[31mred",
    "c1": "before \x9b2J\x85 after",
    "direction": "before \u202egnp.exe \u2066 after",
    "invisible": "before \u200b\u2028\u2029\ufeff after",
    "newline": "before\nWARNING: a line that nobody wrote\r\nafter",
    "zero": "before\0after",
    "surrogate": "before \ud800 \udcff after",
    "long": "long " * 200_000,
    "long-controls": "\x1b\0\n\u202e" * 250_000,
}
OCTETS = {
    **{name: text.encode(errors="surrogatepass") for name, text in TEXTS.items()},
    "not-utf-8": b"before \xff\xfe\x80\xc0\xaf after",
}


def is_harmless(text: str, longest: int = 1000) -> bool:
    """Return whether *text* is one printable line of at most *longest* characters."""
    return text.isprintable() and len(text) <= longest
