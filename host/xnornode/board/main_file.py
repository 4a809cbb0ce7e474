"""The program that a board starts with: whose it is, and a copy of one that is its owner's."""

from __future__ import annotations

import hashlib
import re
from binascii import Error, a2b_base64, crc32

from xnornode.board.assets import CLASSIFY, LOCKED_MAIN
from xnornode.errors import LinkError
from xnornode.link.repl import Board

MAIN = "/main.py"
"""What MicroPython runs at the start: the wrapper, on a locked board."""
PROGRAM = "/program.py"
"""What the wrapper runs."""
STAMP = b"# from xnornode flash; an edited one is its owner's: "
"""Begins the last line of a program of ours; the CRC-32 of all before it follows."""
LARGEST = 1 << 16
"""Bytes that are looked at: no program of ours is as large."""
FORMER = frozenset(
    (
        "4a98c83286038c91f52679f92fd41511efd9b7692bdd29f01ac78a90629a8d64",
        "3faf0f93ea31d417a2f969d4d3a3b2a2ea5bc24fdcbd7d7bd002c00474f3196c",
        "12eb580f2d6b9011772b1bd5af547bfb3bda761d505218c177e8e315b2a8d326",
        "2bcf54e87d1c3effa2e0883a1dd6746376703969531dd828e3215d8b89a1db8d",
        "576ba68930fb5e04e84940b2a4321ba68fc8bd58b5066ff58460e144a99495c9",
        "d56dbb241fb3d7bdd53c080e16b45c27e7dbadc6bec3fdd5823b0c6e800bdbc4",
        "b59c80805f1eb35f09ddd0b64210b00777447a4b514fef5762be1df2a9f59422",
        "6450f78475360ae5a1cdcb3ea03d5b7ee9b423eda9913de7e4827850a1554949",
        "83ea7d39138e2eb0dcfcbad0fcc7cd6b625be20725a4caa6db87b3d083b5b6c2",
        "601b321d21b6a8c89efd1230bb4cbb6febfa89759a6cbad448947b8f252a57f2",
        "f2af24affd074189582a80114b04db4ab6396c86734be3028887d94f59a34421",
    )
)
"""SHA-256 of what earlier versions put there, which has no stamp."""
FORMER_LOCKED = "3f5a81f79b06441f0efcf22763e949d4941ab8e35ec9502d307c1fec70581399"
"""SHA-256 of the wrapper before it had a stamp, for GPIO 22."""

_READ = """
from binascii import b2a_base64
try:
    with open(%r, 'rb') as f:
        while True:
            b = f.read(384)
            if not b or f.tell() > %d: break
            print(b2a_base64(b).decode().strip())
except OSError as e:
    if e.errno != 2: raise
    print('-')
"""
_COPY = """
import os
path = %r
there = os.listdir('/')
n, copy = 1, path[:-3] + '_before.py'
while copy[1:] in there:
    n += 1
    copy = path[:-3] + '_before%%d.py' %% n
try:
    with open(path, 'rb') as f, open(copy, 'wb') as g:
        while True:
            b = f.read(512)
            if not b: break
            g.write(b)
    print(copy)
except OSError as e:
    os.remove(copy)
    if e.errno != 28: raise  # 28 is ENOSPC
    print('full')
"""


def stamped(program: bytes) -> bytes:
    """A program of ours as it goes on a board, where an edited one is told from it.

    Parameters
    ----------
    program : bytes
        Python, whose last line has an end.

    Returns
    -------
    bytes
        The same with a comment at its end.

    Examples
    --------
    >>> stamped(b"print(42)\\n")[-9:]
    b'428c897a\\n'
    """
    return program + STAMP + b"%08x\n" % crc32(program)


def is_ours(program: bytes) -> bool:
    """Whether a program is one that `xnornode flash` has written, of any version, unedited.

    Parameters
    ----------
    program : bytes
        What a board has.

    Returns
    -------
    bool
        Whether nobody misses it.

    Examples
    --------
    >>> is_ours(stamped(b"print(42)\\n")), is_ours(b"print(42)\\n")
    (True, False)
    """
    body, found, _ = program.rpartition(STAMP)
    if found and stamped(body) == program:
        return True
    if not program.strip() or program == CLASSIFY.read_bytes():
        return True
    if hashlib.sha256(program).hexdigest() in FORMER:
        return True
    plain = re.sub(rb"(?m)^PIN = \d+$", b"PIN = 22", program)
    return plain == LOCKED_MAIN.read_bytes() or hashlib.sha256(plain).hexdigest() == FORMER_LOCKED


def owners(board: Board, paths: list[str]) -> list[str]:
    """Which of these programs on a board are its owner's. Raises LinkError."""
    found = []
    for path in paths:
        program = read(board, path)
        if program is not None and not is_ours(program):
            found.append(path)
    return found


def keep_copy(board: Board, path: str) -> str:
    """Copy a program on a board to a name that nothing has; the copy's path. Raises LinkError."""
    copy = board.run(_COPY % path).strip()
    if copy == "full":
        raise LinkError(
            f"the board's flash has no room for a copy of {path}: remove files (mpremote fs rm)"
        )
    if not re.fullmatch(re.escape(path[:-3]) + r"_before\d*\.py", copy):
        raise LinkError(f"the board on {board.url} answers nonsense: try again")
    hashes = board.hashes([path, copy])
    if hashes[path] is None or hashes[path] != hashes[copy]:
        raise LinkError(f"the copy of {path} on the board is not whole: is its flash full?")
    return copy


def read(board: Board, path: str) -> bytes | None:
    """A file of a board, or its begin; None where there is none. Raises LinkError."""
    said = board.run(_READ % (path, LARGEST)).split()
    if said == ["-"]:
        return None
    try:
        return b"".join(map(a2b_base64, said))
    except Error:
        raise LinkError(f"the board on {board.url} answers nonsense: try again") from None
