"""The door for commands: which fields each one has, and what they may be.

A field that is not here is dropped, so that nothing else of a line is used or echoed. Runs in
CPython too, where its tests drive it.
"""

from binascii import crc32

from .identity import is_name
from .push import Refused

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

    Fields = dict[str, Any]

PROTOCOL = 1
SEAL_BYTES = 18  # of ,"crc":"89abcdef"}
COMMAND_BYTES = 512  # that a command may have, so that no nest of brackets is deep
LARGEST_ID = 0x7FFFFFFF
WORD = 0xFFFFFFFF  # the largest of all other integers
COMMANDS = {
    "hello": (),
    "list": (),
    "quit": (),
    "begin": ("protocol", "length", "sha256", "revision", "signature", "hmac"),
    "end": ("push",),
    "rollback": ("to",),
    "stream": ("seconds",),
    "stop": (),
    "name": ("name",),
    "kept": (),
    "fetch": ("number", "at"),
    "forget": ("number",),
}
HASHES = ("sha256", "signature", "hmac", "to")  # 64 hexadecimal digits
OPTIONAL = ("signature", "hmac")


def is_sealed(line: "memoryview") -> bool:
    """Whether a line ends with the right crc."""
    end = bytes(line[-SEAL_BYTES:])
    if len(line) <= SEAL_BYTES or end[:8] != b',"crc":"' or end[16:] != b'"}':
        return False
    return end[8:16] == f"{crc32(line[:-SEAL_BYTES]):08x}".encode()


def checked(given: "Fields") -> "tuple[str, Fields]":
    """The name of a command, and its fields as they should be.

    given: the JSON object of its line. Raises Refused.
    """
    name = given.get("cmd") or ""
    fields = {}
    _expect(given.get("id") is None or is_integer(given["id"], LARGEST_ID), "id")
    _expect(isinstance(name, str), "cmd")
    if name not in COMMANDS:
        raise Refused("unknown", "there is no such command")
    for key in COMMANDS[name]:
        value = given.get(key)
        if value is not None or key not in OPTIONAL:
            _expect(_is_right(key, value), key)
            fields[key] = value
        if key == "protocol" and value != PROTOCOL:  # which may have other fields
            raise Refused("protocol", f"the node speaks version {PROTOCOL} of the protocol")
    return name, fields


def is_integer(value: object, largest: int) -> bool:
    """Whether a value is an integer from 0 to the largest."""
    return type(value) is int and 0 <= value <= largest


def _is_right(key: str, value: object) -> bool:
    if key == "name":
        return value == "" or is_name(value)
    return _is_hash(value) if key in HASHES else is_integer(value, WORD)


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and not value.strip("0123456789abcdef")


def _expect(right: bool, key: str) -> None:
    if not right:
        raise Refused("arguments", f"`{key}` is missing or wrong")
