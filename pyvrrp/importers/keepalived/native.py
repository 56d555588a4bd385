"""Recognise scripts that only ask one thing, and write the same as a native check."""

import re
from collections.abc import Sequence

Table = dict[str, object]

_URL = re.compile(r"https?://[^\s@#]+")
_PORT = re.compile(r"[0-9]{1,5}")
_ALONE = frozenset(["-s", "-S", "-sS", "-fsS", "-sf", "-fs", "-f", "--silent", "--fail", "-k"])
_ALONE_MORE = frozenset(["-q", "--spider", "--quiet", "-q0", "--show-error", "--insecure"])
_WITH_VALUE = frozenset(
    ["-m", "--max-time", "--connect-timeout", "-o", "--output", "-O", "-T", "-w"]
)
_WITH_VALUE_JOINED = re.compile(r"--(timeout|tries|max-time|connect-timeout)=[0-9.]+|-[tTw][0-9]+")
_FAILS = frozenset(["-f", "--fail", "-fsS", "-sf", "-fs"])
_ANY_STATUS = "100-599"


def native(words: Sequence[str]) -> Table | None:
    """Return the keys of a native check that asks the same as the command; None: there is none."""
    program, arguments = words[0].rpartition("/")[2], list(words[1:])
    match program:
        case "curl":
            return _http(arguments, fails=bool(_FAILS.intersection(arguments)))
        case "wget":
            return _http(arguments, fails=True)
        case "nc" | "ncat" | "netcat":
            return _tcp(arguments)
        case "pidof":
            return _process(arguments)
        case "killall":
            return _process(arguments[1:]) if arguments[:1] in (["-0"], ["-s0"]) else None
        case "pgrep":
            return _process(arguments[1:]) if arguments[:1] == ["-x"] else None
        case _:
            return None


def _operands(arguments: Sequence[str], alone: frozenset[str]) -> list[str] | None:
    """Return the words that are no options; None if there is an option of unknown effect."""
    found: list[str] = []
    rest = list(reversed(arguments))
    while rest:
        word = rest.pop()
        if word in _WITH_VALUE:
            if not rest:
                return None
            rest.pop()
        elif not word.startswith("-"):
            found.append(word)
        elif word not in alone and not _WITH_VALUE_JOINED.fullmatch(word):
            return None
    return found


def _http(arguments: Sequence[str], *, fails: bool) -> Table | None:
    operands = _operands(arguments, _ALONE | _ALONE_MORE)
    if operands is None or len(operands) != 1:
        return None
    url = operands[0] if "://" in operands[0] else f"http://{operands[0]}"
    if _URL.fullmatch(url) is None:
        return None
    table: Table = {"http": url}
    if not fails:
        table["status"] = _ANY_STATUS
    if url.startswith("https:") and {"-k", "--insecure"} & set(arguments):
        table["verify"] = False
    return table


def _tcp(arguments: Sequence[str]) -> Table | None:
    operands = _operands(arguments, frozenset(["-z", "-v", "-zv", "-vz", "-n", "-nz"]))
    if operands is None or len(operands) != 2:  # noqa: PLR2004 - host and port
        return None
    host, port = operands
    if _PORT.fullmatch(port) is None or not any("z" in word for word in arguments):
        return None
    return {"tcp": f"[{host}]:{port}" if ":" in host else f"{host}:{port}"}


def _process(arguments: Sequence[str]) -> Table | None:
    if len(arguments) != 1 or not re.fullmatch(r"[A-Za-z0-9._+/-]+", arguments[0]):
        return None
    name = arguments[0].rpartition("/")[2]
    return {"process": name} if name and not name.startswith("-") else None
