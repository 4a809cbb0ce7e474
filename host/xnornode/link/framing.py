"""Lines with their CRC: JSON objects to bytes and back (docs/reference/protocol.md, "Lines")."""

import json
from binascii import crc32

from xnornode.link.schema import read_json

EVENT = b'{"event":'
"""How a line of a node begins."""


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
    line = line.strip()
    if line[-18:-10] != b',"crc":"':
        return None
    # A quote within a text has a backslash: what looks like a line's start in one is none
    for start in {line.find(b"{"), line.rfind(EVENT)} - {-1}:
        if line[-10:] == b'%08x"}' % crc32(line[start:-18]):
            try:
                fields = read_json(line[start:])
            except ValueError:
                return None
            if isinstance(fields, dict) and isinstance(fields.get("event"), str):
                return fields
            return None
    return None


def command(name: str, number: int, **fields: object) -> bytes:
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
