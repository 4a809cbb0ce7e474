"""Whole lines of a node out of the bytes of its port, each read once and checked."""

from __future__ import annotations

import json
from binascii import crc32
from collections.abc import Iterator
from dataclasses import dataclass

from xnornode.link.framing import EVENT, take_apart, text_before
from xnornode.link.guard import LONGEST_LINE, SEAL_BYTES
from xnornode.link.messages import Event
from xnornode.link.parsing import parse
from xnornode.link.protocol import PROMPT
from xnornode.link.schema import read_json


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the protocol.

    Parameters
    ----------
    event : Event
        What it says, checked.
    fields : dict
        Its JSON object.
    text : bytes
        The object without its CRC and closing brace, as it was written; or written again.
    """

    event: Event
    fields: dict[str, object]
    text: bytes


class LineFeed:
    r"""Takes bytes, gives lines of the protocol. It holds one line at most.

    Attributes
    ----------
    damaged : int
        Lines that began as a line of the protocol and were not whole.
    prompts : int
        How often the last that came was a REPL's prompt.

    Examples
    --------
    >>> feed = LineFeed()
    >>> lines = list(feed.feed(b'{"event":"end","count":3,"crc":"bb933479"}\n{"event":"en'))
    >>> lines[0].event, lines[0].text
    (End(count=3), b'{"event":"end","count":3')
    """

    def __init__(self) -> None:
        self._rest = b""
        self.damaged = self.prompts = 0

    def feed(self, data: bytes) -> Iterator[Line]:
        """The lines that are whole now.

        Parameters
        ----------
        data : bytes
            What came.

        Yields
        ------
        Line
            In their order.
        """
        *lines, rest = (self._rest + data).split(b"\n") if self._rest else data.split(b"\n")
        if len(rest) > LONGEST_LINE:
            begun = text_before(rest) or LONGEST_LINE
            self._text(rest[:begun])
            rest = rest[begun:]
        self._rest = rest
        if rest.endswith(PROMPT):
            self.prompts += 1
        for line in lines:
            yield from self._line(line.strip())

    def _line(self, line: bytes) -> Iterator[Line]:
        body = line[:-SEAL_BYTES]
        if line.startswith(EVENT) and line[-SEAL_BYTES:] == b',"crc":"%08x"}' % crc32(body):
            fields = _object(line)
            if fields is not None:
                yield Line(parse(fields), fields, body)
                return
        for piece in take_apart(line):
            if isinstance(piece, dict):
                if text := written(piece):
                    yield Line(parse(piece), piece, text)
                else:
                    self.damaged += 1
            else:
                self._text(piece)

    def _text(self, piece: bytes) -> None:
        """Count what is left of damaged lines."""
        self.damaged += piece.count(EVENT)


def written(fields: dict[str, object], **more: object) -> bytes:
    """A JSON object written again, without CRC and closing brace; empty if it is none for others.

    Parameters
    ----------
    fields : dict
        The object.
    **more : object
        Further keys, in place of those of the same name.

    Returns
    -------
    bytes
        Its text.

    Examples
    --------
    >>> written({"event": "end", "count": 3, "crc": "bb933479"}, time=5)
    b'{"event":"end","count":3,"time":5'
    """
    kept = {key: value for key, value in fields.items() if key != "crc"} | more
    try:
        text = json.dumps(kept, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        return b""
    return text[:-1].encode("ascii")


def _object(line: bytes) -> dict[str, object] | None:
    """The object of a line whose CRC is right; None if it is no event, or no JSON for others."""
    if b"NaN" in line or b"Infinity" in line:  # which Python alone reads
        return None
    try:
        fields = read_json(line)
    except ValueError:
        return None
    if isinstance(fields, dict) and isinstance(fields.get("event"), str):
        return fields
    return None
