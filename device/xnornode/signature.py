"""HMAC-SHA256 (RFC 2104) with the node's key (docs/guides/security.md). Runs in CPython too."""

import hashlib

from .push import Refused

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

KEY = "/xnornode.key"
KEY_BYTES = 32


def read_key(path: str = KEY) -> bytes | None:
    """The node's key, 32 bytes; None where it has none.

    Raises ValueError for a file that is no key, OSError for one that cannot be read, which must not
    pass for one that is not there.
    """
    try:
        f = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        if error.errno == 2:
            return None
        raise
    with f:
        key = f.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} is no key of {KEY_BYTES} bytes")
    return key


def sign(key: bytes, data: "bytes | bytearray | memoryview") -> bytes:
    """HMAC-SHA256 of the data, 32 bytes. key: 32 bytes."""
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + b"\x36" * (64 - KEY_BYTES))
    inner.update(data)
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in key) + b"\x5c" * (64 - KEY_BYTES))
    outer.update(inner.digest())
    return outer.digest()


def same(a: bytes, b: bytes) -> bool:
    """Whether two strings of bytes are equal, in a time that does not tell where they differ."""
    different = len(a) ^ len(b)
    for x, y in zip(a, b):  # noqa: B905 (MicroPython's zip has no `strict`)
        different |= x ^ y
    return different == 0


def check(key: bytes, begin: "dict[str, Any]") -> None:
    """Check that a `begin` is signed. key: 32 bytes. begin: its fields. Raises Refused."""
    signature = begin.get("signature")
    if not signature:
        if "hmac" in begin:
            raise Refused("arguments", "update xnornode on the PC: it signs as version 0.1 did")
        raise Refused("unsigned", "the node takes signed models only")
    header = f"xnornode-model-1 {begin['length']} {begin['sha256']} {begin['revision']}"
    if not same(bytes.fromhex(signature), sign(key, header.encode())):
        raise Refused("signature", "the signature is not one by the node's key")
