"""Keys that sign models (docs/guides/security.md)."""

import hmac
import os
import secrets
from pathlib import Path

from xnornode._files import open_to_read
from xnornode.errors import XnorNodeError
from xnornode.link.messages import Begin

KEY_BYTES = 32
"""Bytes of a key."""
LONGEST_FILE = 1024
"""Bytes that are read of a key's file: its digits, and spaces and ends of lines around them."""
ON_NODE = "/xnornode.key"
"""Path of the key on the node (device/xnornode/signature.py)."""


def read_key(path: Path) -> bytes:
    """The key in a file.

    Parameters
    ----------
    path : Path
        A file with 64 hexadecimal digits.

    Returns
    -------
    bytes
        The key, KEY_BYTES long.

    Raises
    ------
    XnorNodeError
        If the file cannot be read, or holds no key.
    """
    try:
        with open_to_read(path) as file:
            key = bytes.fromhex(file.read(LONGEST_FILE).decode("ascii").strip())
    except OSError as error:
        raise XnorNodeError(f"cannot read {path}: {error.strerror}") from error
    except ValueError:  # no text, or no digits
        key = b""
    if len(key) != KEY_BYTES:
        raise XnorNodeError(f"{path} is no key: it must hold {2 * KEY_BYTES} hexadecimal digits")
    return key


def make_key(path: Path) -> bytes:
    """Write a new random key to a file that only its owner may read.

    Parameters
    ----------
    path : Path
        The file, which must not be there.

    Returns
    -------
    bytes
        The key, KEY_BYTES long.

    Raises
    ------
    OSError
        If the file is there, or cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     key = make_key(Path(folder) / "node.key")
    ...     read_key(Path(folder) / "node.key") == key
    True
    """
    key = secrets.token_bytes(KEY_BYTES)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as f:
        f.write(key.hex() + "\n")
    return key


def signature(key: bytes, begin: Begin) -> str:
    """Sign what `begin` announces (docs/reference/protocol.md, "A push").

    Parameters
    ----------
    key : bytes
        32 bytes.
    begin : Begin
        The command's fields.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    header = f"xnornode-model-1 {begin['length']} {begin['sha256']} {begin['revision']}"
    return hmac.digest(key, header.encode(), "sha256").hex()
