"""Text that a model file can hold (FORMAT.md, "Strings"), and names in one spelling."""

import re
import unicodedata

from xnornode.model.limits import MAX_STRING

_LAST_OF_PLANES = "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
REFUSED = re.compile(
    "[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef" + _LAST_OF_PLANES + "]"
)
"""Any character that text must not have: controls, changes of direction, and no characters."""
_ESCAPED = re.compile("[\udc80-\udcff]")  # bytes that were not UTF-8, as Python reads them


def name_fault(text: str) -> str:
    """Say why a model file cannot hold a text as a name of a model, a class or a channel.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    str
        What is wrong. Empty where nothing is.

    Examples
    --------
    >>> name_fault("temp (°C)")
    ''
    >>> name_fault("gr" + 40 * "ö" + "ße")
    'names are 1 to 63 bytes in UTF-8, and this one has 85'
    """
    size = len(text.encode(errors="replace"))
    if 1 <= size <= MAX_STRING:
        return character_fault(text)
    return f"names are 1 to {MAX_STRING} bytes in UTF-8, and this one has {size}"


def character_fault(text: str) -> str:
    """Say which character of a text a model file cannot hold. Empty where it can hold all."""
    found = REFUSED.search(text)
    return f"the character U+{ord(found[0]):04X} is not allowed in it" if found else ""


def is_name(text: str) -> bool:
    """Whether a model file can hold `text` as a name: 1 to 63 bytes of text."""
    return not name_fault(text)


def fitting(text: str, most: int, instead: str = "?") -> str:
    """Make a text one that a model file can hold.

    Parameters
    ----------
    text : str
        Any text.
    most : int
        How many bytes of UTF-8 are kept. A character is kept whole, or left out.
    instead : str, default "?"
        What stands for a character that is not allowed.

    Returns
    -------
    str
        The text itself where it is allowed.

    Examples
    --------
    >>> fitting("läufen", 2)
    'l'
    """
    return REFUSED.sub(instead, text).encode()[:most].decode(errors="ignore")


def normalized(text: str) -> str:
    r"""Spell a name in one way, so that equal names are equal.

    macOS gives the names of folders in form NFD, keyboards give NFC. Names that are not UTF-8 reach
    Python with surrogates for their bytes.

    Parameters
    ----------
    text : str
        Any text: a label, a group, a channel, a title, a word of the command line.

    Returns
    -------
    str
        The text in Unicode's form NFC. Bytes that are not UTF-8 are taken as Latin-1. Other
        surrogates become their escapes, so that the text can be written.

    Examples
    --------
    >>> normalized("U\u0308bung") == normalized("\udcdcbung") == "Übung"
    True
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _mended(text)
    return unicodedata.normalize("NFC", text)


def is_utf8(text: str) -> bool:
    """Whether a name's bytes were UTF-8; not so where Python has put surrogates for them."""
    try:
        text.encode("utf-8", "surrogateescape").decode()
    except UnicodeDecodeError:
        return False
    except UnicodeEncodeError:  # surrogates that stand for no byte
        pass
    return True


def _mended(text: str) -> str:
    try:
        return text.encode("utf-8", "surrogateescape").decode()  # read where the locale is ASCII
    except UnicodeError:
        latin = _ESCAPED.sub(lambda byte: chr(ord(byte[0]) & 0xFF), text)
        return latin.encode("utf-8", "backslashreplace").decode()
