"""How the bytes of a table are letters."""

import codecs
from itertools import pairwise
from pathlib import Path

from xnornode.data.reading import Guess
from xnornode.errors import DataError

CHUNK = 1 << 20
LONGEST_LINE = 1 << 24  # characters: what has no line's end in them is no table
SAMPLE = 4096  # bytes that tell UTF-16 without a mark, and other kinds of file
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SIGNS = (
    "\u00b0\u00b2\u00b3\u00b5\u00b7\u00b1\u20ac\u2013\u2019"  # degree, powers, micro, euro, dashes
)
OPTION = "--charset NAME"


def find_charset(path: Path, named: str = "") -> tuple[str, Guess | None]:
    """Find out how the bytes of a file are letters.

    Parameters
    ----------
    path : Path
        The file.
    named : str, default ""
        The name that the user gave.

    Returns
    -------
    charset : str
        A name that `open` knows.
    guess : Guess or None
        What was guessed, where the bytes do not tell.

    Raises
    ------
    DataError
        The name is unknown, the bytes are not of that charset, or the file is no text.
    """
    with path.open("rb") as file:
        start = file.readline(LONGEST_LINE)
        check_length(len(start), path)
        start = (start + file.read(SAMPLE))[:SAMPLE]
    if named:
        return _check(path, named), None
    if start.startswith(b"PK\x03\x04") or start.startswith(b"\xd0\xcf\x11\xe0"):
        raise DataError(f"{path} is a spreadsheet or an archive, no text: export it as CSV")
    for mark, charset in MARKS:
        if start.startswith(mark):
            return _check(path, charset), None
    if b"\0" in start:
        return _wide(path, start)
    bad = _first_bad(path, "utf-8")
    if bad is None:
        return "utf-8", None
    charset = "cp1252" if _first_bad(path, "cp1252") is None else "latin-1"
    shown = _around(path, bad).decode(charset, "replace")
    text = f"{path} is not UTF-8: read as {charset}, so that a part of it is {shown!r}"
    return charset, Guess(text, OPTION, doubtful=charset == "latin-1" or _unlikely(shown))


def _unlikely(word: str) -> bool:
    """Whether a word is hardly one of a Western language: it shows the wrong charset."""
    other = [c for c in word if not c.isascii()]
    letters = sum(c.isalpha() for c in word)
    within = any(a.islower() and b.isupper() and not b.isascii() for a, b in pairwise(word))
    odd = any(not c.isalpha() and c not in SIGNS for c in other)
    return odd or within or (letters > 1 and len(other) > letters / 2)


def check_length(length: int, path: Path) -> None:
    """Refuse a file with a line that does not end. Raises DataError."""
    if length >= LONGEST_LINE:
        raise DataError(f"{path} has a line of {LONGEST_LINE:,} characters: it is no table")


def _check(path: Path, charset: str) -> str:
    """The charset, if it exists and the whole file is of it."""
    try:
        known = codecs.lookup(charset)
        "".encode(charset)  # codecs that are no charsets, such as hex, refuse text
    except (LookupError, ValueError):
        raise DataError(
            f"there is no charset {charset!r}: try utf-8, latin-1, cp1252, utf-16 ({OPTION})"
        ) from None
    bad = _first_bad(path, charset)
    if bad is not None:
        raise DataError(f"{path} is not {known.name}: byte {bad} is no letter of it ({OPTION})")
    return charset


def _wide(path: Path, start: bytes) -> tuple[str, Guess | None]:
    """UTF-16 without a mark: every other byte of Latin letters is zero."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    charset = "utf-16-le" if odd > even else "utf-16-be"
    if max(even, odd) < len(start) // 5 or _first_bad(path, charset) is not None:
        raise DataError(f"{path} holds zero bytes: it is no text. Export the data as CSV")
    return charset, Guess(f"{path} is read as {charset}, by its zero bytes", OPTION)


def _first_bad(path: Path, charset: str) -> int | None:
    """The position of the first byte that is not of this charset; None if all are."""
    decoder = codecs.getincrementaldecoder(charset)()
    at = line = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(CHUNK)
            line = 0 if b"\n" in chunk or b"\r" in chunk else line + len(chunk)
            check_length(line, path)
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return at - held + error.start
            except UnicodeError:
                return at
            if not chunk:
                return None
            at += len(chunk)


def _around(path: Path, at: int) -> bytes:
    """The word around a byte."""
    begin = max(0, at - 16)
    with path.open("rb") as file:
        file.seek(begin)
        data = file.read(32)
    at -= begin
    stops = b',;|\t\r\n" '
    first = max((i + 1 for i in range(at) if data[i] in stops), default=0)
    last = min((i for i in range(at, len(data)) if data[i] in stops), default=len(data))
    return data[first:last]
