"""What a guard lets through, in either direction (docs/reference/protocol.md, "A guard").

No port, no clock: bytes go in, whole lines that belong to the protocol come out.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import MISSING, asdict, fields
from typing import NoReturn

from xnornode.link.command_fields import COMMANDS, NAME_COMMANDS, STREAM_COMMANDS, Ask
from xnornode.link.framing import command, seal, take_apart, text_before
from xnornode.link.messages import Event, Unknown
from xnornode.link.parsing import parse
from xnornode.link.schema import instance
from xnornode.link.send_window import ESCAPE, ESCAPED

LONGEST_LINE = 65536
"""Bytes of a line, its end included."""
SEAL_BYTES = len(',"crc":"89abcdef"}')

_ENDS = re.compile(rb"[\r\n]")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_NUMBER = rb"(0|[1-9][0-9]{0,9})"
_ESCAPES = re.escape(bytes(byte ^ 0x40 for byte in ESCAPED))
_CHUNK = re.compile(
    rb'\{"push":' + _NUMBER + rb',"at":' + _NUMBER + rb',"data":"'
    rb"(?:[^" + re.escape(ESCAPED) + rb"]|" + ESCAPE + rb"[" + _ESCAPES + rb'])*"'
)


class Dropped(Exception):
    """A line that does not pass; the text says why."""


def to_node(line: bytes, allow_stream: bool = False, allow_name: bool = False) -> bytes:
    r"""The line that a node gets for a line of a PC.

    Parameters
    ----------
    line : bytes
        Without its end.
    allow_stream : bool, default False
        Whether the commands of STREAM_COMMANDS pass.
    allow_name : bool, default False
        Whether `name` passes.

    Returns
    -------
    bytes
        The command written again, or the chunk; with its end.

    Raises
    ------
    Dropped
        If it is no command and no chunk.

    Examples
    --------
    >>> to_node(seal(b'{"id": 4, "cmd": "list", "new": []').rstrip())
    b'{"cmd":"list","id":4,"crc":"fbdb9e3a"}\n'
    >>> try:
    ...     to_node(b"{open('/xnornode.key').read()}")
    ... except Dropped as why:
    ...     print(why)
    without a right crc
    """
    if _CONTROL.search(line):
        raise Dropped("with control characters")
    body = line[:-SEAL_BYTES]
    if seal(body) != line + b"\n":
        raise Dropped("without a right crc")
    if body.startswith(b'{"push":'):
        found = _CHUNK.fullmatch(body)
        if not found or max(map(int, found.groups())) >= 2**32:
            raise Dropped("that are no chunk as the protocol has it")
        return line + b"\n"
    try:
        text = line.decode("ascii")
        given = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
        known = COMMANDS | (STREAM_COMMANDS if allow_stream else {})
        known |= NAME_COMMANDS if allow_name else {}
        asked = instance(known[given["cmd"]], given)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Dropped("that are no command of the protocol") from None
    return command(given["cmd"], asked.id, **_known(asked, "id"))


def to_host(line: bytes) -> bytes:
    r"""The line that a PC gets for a line of a node.

    Parameters
    ----------
    line : bytes
        Without its end.

    Returns
    -------
    bytes
        The event written again, with its end; several where the ends of lines were lost.

    Raises
    ------
    Dropped
        If it has no event as the documents have it.

    Examples
    --------
    >>> to_host(seal(b'{"event":"end","count":3,"new":1').rstrip())
    b'{"event":"end","count":3,"crc":"bb933479"}\n'
    """
    given = [piece for piece in take_apart(line) if isinstance(piece, dict)]
    if not given:
        raise Dropped("that are no whole line of the protocol")
    known = [(fields["event"], parse(fields)) for fields in given]
    texts = [
        json.dumps({"event": name, **_known(event)}, separators=(",", ":"))
        for name, event in known
        if not isinstance(event, Unknown)
    ]
    if not texts:
        raise Dropped("that are no event as the documents have it")
    return b"".join(seal(text[:-1].encode("ascii")) for text in texts)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object that has each key once. Raises ValueError."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key twice")
    return made


def _no_constant(name: str) -> NoReturn:
    """NaN and Infinity, which Python reads and JSON does not have. Raises ValueError."""
    raise ValueError(name)


def _known(found: Ask | Event, *but: str) -> dict[str, object]:
    """The fields of a line, without those that may be left out and are."""
    values = asdict(found)
    for field in fields(found):
        left_out = field.default is not MISSING and values[field.name] == field.default
        if left_out or field.name in but:
            del values[field.name]
    return values


class Filter:
    """Lines of one direction, from bytes. It never holds more than one line.

    Parameters
    ----------
    passes : callable
        `to_node` or `to_host`.

    Attributes
    ----------
    passed : int
        Lines that came through.
    dropped : Counter
        Lines that did not, by the reason.

    Examples
    --------
    >>> commands = Filter(to_node)
    >>> list(commands.feed(b'import os\\r{"cmd":"list","id":4,"crc":"fbdb9e3a"}\\n{"cm'))
    [b'{"cmd":"list","id":4,"crc":"fbdb9e3a"}\\n']
    >>> commands.passed, commands.dropped
    (1, Counter({'without a right crc': 1}))
    """

    def __init__(self, passes: Callable[[bytes], bytes]) -> None:
        self._passes = passes
        self._rest = bytearray()
        self.passed = 0
        self.dropped: Counter[str] = Counter()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes.

        Parameters
        ----------
        data : bytes
            What has come, in pieces of any size.

        Yields
        ------
        bytes
            The lines that pass, with their ends.
        """
        first, *others = _ENDS.split(data)
        self._add(first)
        for other in others:
            line, self._rest = bytes(self._rest), bytearray()
            self._add(other)
            if not line:
                continue
            try:
                if len(line) >= LONGEST_LINE:
                    raise Dropped(f"longer than {LONGEST_LINE} bytes")
                passed = self._passes(line).splitlines(keepends=True)
            except Dropped as why:
                self.dropped[str(why)] += 1
            else:
                self.passed += len(passed)
                yield from passed

    def _add(self, data: bytes) -> None:
        """Add to the line that has no end yet. What is cut off makes it too long all the same."""
        while len(self._rest) + len(data) > LONGEST_LINE and self._passes is to_host:
            # A print without an end may be of any length: the object behind it is none the worse
            room = LONGEST_LINE - len(self._rest)
            self._rest, data = self._rest + data[:room], data[room:]
            if not (text := text_before(self._rest)):
                break
            del self._rest[:text]
        self._rest += data[: LONGEST_LINE - len(self._rest)]

    def reset(self) -> None:
        """Drop a line that has no end yet: whoever wrote it has gone."""
        self.dropped["without an end"] += bool(self._rest)
        self._rest = bytearray()
