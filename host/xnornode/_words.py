"""Names as text: how wide they are on a terminal, cut, padded, and listed."""

from collections.abc import Sequence


def columns(text: str) -> int:
    """Columns of a terminal that a text takes: letters of CJK take two, some marks none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, most: int) -> str:
    """A text of at most so many columns; what is cut off becomes an ellipsis."""
    if columns(text) <= most:
        return text
    end = len(text)
    while columns(text[:end]) > most - 1:
        end -= 1
    return text[:end] + "\u2026"


def pad(text: str, width: int, right: bool = False) -> str:
    """A text filled with blanks to so many columns, behind it or before it."""
    blanks = " " * (width - columns(text))
    return blanks + text if right else text + blanks


def few(names: Sequence[str], most: int = 8) -> str:
    """The first names, and how many more there are: `a, b and 3 more`."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def because(error: BaseException) -> str:
    """What an exception says, in brackets behind a blank; "" if it says nothing."""
    text = str(error).strip()[:80]
    return f" ({text})" if text else ""


def channel(name: str) -> str:
    """A channel by its name. Those without one are called `channel 0` and so on already."""
    return name if name.lower().startswith("channel") else f"channel {name}"
