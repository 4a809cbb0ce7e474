"""A command from MQTT, checked before a node hears of it (docs/reference/mqtt.md, "Commands")."""

from __future__ import annotations

import hmac
import json

from xnornode.link.framing import command, seal
from xnornode.link.guard import Dropped, to_node
from xnornode.link.keys import signature
from xnornode.link.schema import read_json

UNSEALED = ("hello", "list")
"""Commands that need no CRC: people type them."""
PUSH, ROLLBACK, RECORD, NAME = "push", "rollback", "record", "name"
RIGHTS = {
    **dict.fromkeys(("begin", "end"), PUSH),
    **dict.fromkeys(("rollback",), ROLLBACK),
    **dict.fromkeys(("stream", "stop", "kept", "fetch", "forget"), RECORD),
    **dict.fromkeys(("name",), NAME),
}
"""What a client has to be allowed for a command; others are for all."""


class Refused(Exception):
    """A command that is not passed on.

    Parameters
    ----------
    error : str
        One word, as docs/reference/protocol.md has it under Errors.
    message : str
        The same for people.
    number : int or None, default None
        The command's `id`.
    """

    def __init__(self, error: str, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.error, self.number = error, number

    def line(self) -> bytes:
        """The answer to the client."""
        fields = {"event": "reply", "id": self.number, "error": self.error, "message": str(self)}
        return seal(json.dumps(fields, separators=(",", ":"))[:-1].encode("ascii")).rstrip()


def checked(payload: bytes, allow: tuple[str, ...], key: bytes) -> bytes:
    r"""The line for a node.

    Parameters
    ----------
    payload : bytes
        What came.
    allow : tuple of str
        What clients may do besides watching.
    key : bytes
        The key by which models have to be signed; empty: they need not be.

    Returns
    -------
    bytes
        The command written again, or the chunk, with its end.

    Raises
    ------
    Refused
        If it is not passed on.

    Examples
    --------
    >>> checked(b'{"cmd":"list"}', (), b"")
    b'{"cmd":"list","id":0,"crc":"fcb65a23"}\n'
    """
    line = payload.strip(b"\r\n")
    if b'"crc"' not in line and (typed := _typed(line)):
        return typed
    try:
        passed = to_node(line, allow_stream=True, allow_name=True)
    except Dropped as why:
        damaged = "crc" in str(why)
        text = f"the gateway does not pass lines {why}"
        raise Refused("damaged" if damaged else "arguments", text) from None
    if passed.startswith(b'{"push":'):
        right, fields = PUSH, {}
    else:
        given = read_json(passed)
        assert isinstance(given, dict)
        fields = given
        right = RIGHTS.get(fields["cmd"], "")
    number = fields.get("id")
    if right and right not in allow:
        text = f"the gateway does not allow `{right}` (`allow` in its file)"
        raise Refused("not_allowed", text, number)
    if key and fields.get("cmd") == "begin":
        _check_signature(fields, key)
    return passed


def _typed(line: bytes) -> bytes | None:
    """`hello` and `list` as people type them."""
    try:
        fields = read_json(line)
    except ValueError:
        return None
    if not isinstance(fields, dict) or fields.get("cmd") not in UNSEALED:
        return None
    number = fields.get("id", 0)
    if type(number) is not int or not 0 <= number < 2**31:
        raise Refused("arguments", "`id` is a number from 0 to 2^31 - 1")
    return command(fields["cmd"], number)


def _check_signature(fields: dict[str, object], key: bytes) -> None:
    number = fields["id"]
    assert isinstance(number, int)
    given = fields.get("signature")
    if not isinstance(given, str):
        raise Refused("unsigned", "the gateway takes signed models only", number)
    if not hmac.compare_digest(given, signature(key, fields)):  # type: ignore[arg-type]
        raise Refused("signature", "it is not signed by the gateway's key", number)
