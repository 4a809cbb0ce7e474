"""Lines with their CRC: JSON objects to bytes and back (docs/reference/protocol.md, "Lines")."""

import json
import re
from binascii import crc32

from xnornode.link.schema import read_json

EVENT = b'{"event":'
"""How a line of a node begins."""
END = re.compile(rb',"crc":"([0-9a-f]{8})"\}')
"""How a line ends."""
STARTS = 4
"""Places where an object may begin that are tried: text before it may look like one."""


def seal(body: bytes) -> bytes:
    r"""A line: the JSON object with its CRC as last key.

    Parameters
    ----------
    body : bytes
        The object without its closing brace.

    Returns
    -------
    bytes
        The line with its end.

    Examples
    --------
    >>> seal(b'{"cmd":"list","id":4')
    b'{"cmd":"list","id":4,"crc":"fbdb9e3a"}\n'
    """
    return body + b',"crc":"%08x"}\n' % crc32(body)


def unseal(line: bytes) -> dict[str, object] | None:
    r"""The JSON object of a node's line that is whole.

    Parameters
    ----------
    line : bytes
        A line, with or without its end. Text may stand before the object, such as a print without
        an end.

    Returns
    -------
    dict or None
        The object, whose `event` is a string. None for any other line, and a damaged one.

    Examples
    --------
    >>> unseal(b"t = 3" + seal(b'{"event":"end","count":3'))
    {'event': 'end', 'count': 3, 'crc': 'bb933479'}
    >>> unseal(b'{"event":"end","count":3}') is None
    True
    """
    pieces = take_apart(line.strip())
    return pieces[-1] if pieces and isinstance(pieces[-1], dict) else None


def take_apart(line: bytes) -> list[bytes | dict[str, object]]:
    r"""The whole objects on a line, and the text around them.

    There is more than one object where the end of a line was lost.

    Parameters
    ----------
    line : bytes
        A line without its end.

    Returns
    -------
    list
        In their order: a dict for each object that `unseal` would give, bytes for what stands
        before, between and behind them. No piece is empty.

    Examples
    --------
    >>> take_apart(b"t = 3" + seal(b'{"event":"end","count":3').strip() + b"!")
    [b't = 3', {'event': 'end', 'count': 3, 'crc': 'bb933479'}, b'!']
    """
    pieces: list[bytes | dict[str, object]] = []
    text = after = 0  # where the text begins, and the search for an object's start
    for end in END.finditer(line):
        for start in _starts(line, after, end.start()):
            if b"%08x" % crc32(line[start : end.start()]) != end[1]:
                continue
            if fields := _fields(line[start : end.end()]):
                pieces += [line[text:start], fields] if start > text else [fields]
                text = end.end()
            break
        after = end.end()
    return [*pieces, line[text:]] if text < len(line) else pieces


def _starts(line: bytes, after: int, end: int) -> list[int]:
    """Where an object may begin between two ends: at the first brace, or one of the last events."""
    starts, before = [line.find(b"{", after, end)], end
    # A quote within a text has a backslash: what looks like a line's start in one is none
    for _ in range(STARTS):
        before = line.rfind(EVENT, after, before)
        if before < 0:
            break
        starts.append(before)
    return [start for start in starts if start >= 0]


def _fields(text: bytes) -> dict[str, object] | None:
    """The object of a text whose CRC is right; None if it is no event."""
    try:
        fields = read_json(text)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) and isinstance(fields.get("event"), str) else None


def text_before(line: bytes | bytearray) -> int:
    r"""How much of a line that has no end yet belongs to no object that may still come.

    Parameters
    ----------
    line : bytes
        What has come of it.

    Returns
    -------
    int
        Bytes at its beginning.

    Examples
    --------
    >>> text_before(b't = 3{"event":"end"'), text_before(b't = 3{"eve')
    (5, 2)
    """
    start = line.rfind(EVENT)
    return start if start >= 0 else max(0, len(line) - len(EVENT) + 1)


def command(name: str, number: int, /, **fields: object) -> bytes:
    r"""The line of a command.

    Parameters
    ----------
    name : str
        The command.
    number : int
        Its `id`.
    **fields : object
        Its further keys: what JSON can hold.

    Returns
    -------
    bytes
        The line with its end.

    Examples
    --------
    >>> command("end", 3, push=9471)
    b'{"cmd":"end","id":3,"push":9471,"crc":"5da58c37"}\n'
    """
    text = json.dumps({"cmd": name, "id": number, **fields}, separators=(",", ":"))
    # One bit from the interrupt character, 0x03: noise must not stop the node
    return seal(text[:-1].replace("C", "\\u0043").replace("#", "\\u0023").encode())
