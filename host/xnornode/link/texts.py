"""What a node prints beside its lines, for people: tracebacks whole. No port, no clock."""

import re

from xnornode.link.schema import printable

LONGEST = 1000
"""Characters of a line of text that are kept."""
LINES = 100
"""Lines of a traceback that are kept together."""
TRACEBACK = "Traceback (most recent call last):"
"""How a traceback begins."""
_ECHO = re.compile(rb"""\{["'](?:cmd|id|crc)["']: ?["'\d]""")
"""A command that a REPL repeats, and what it takes it for."""


class Texts:
    r"""Puts a node's texts together: a line each, but the lines of a traceback in one.

    Examples
    --------
    >>> texts = Texts()
    >>> texts.add(b"21.5 \xc2\xb0C\x07")
    ['21.5 °C\\x07']
    >>> texts.add(b"Traceback (most recent call last):"), texts.add(b'  File "main.py", line 3')
    ([], [])
    >>> texts.add(b"ValueError: no")
    ['Traceback (most recent call last):\n  File "main.py", line 3\nValueError: no']
    """

    def __init__(self) -> None:
        self._traceback: list[str] = []

    @property
    def is_open(self) -> bool:
        """Whether a traceback has begun, whose last line has not come."""
        return bool(self._traceback)

    def add(self, piece: bytes) -> list[str]:
        """Take what a node has printed.

        Parameters
        ----------
        piece : bytes
            A line without its end, or what stood before an object on its line.

        Returns
        -------
        list of str
            The texts that are complete now. What cannot be printed is shown by its number.
        """
        if _ECHO.search(piece):
            return []
        line = shown(piece)
        if not line.strip():
            return []
        if self._traceback:
            self._traceback.append(line)
            if line.startswith("  ") and len(self._traceback) < LINES:
                return []
            return self.end()
        if not line.endswith(TRACEBACK):
            return [line]
        self._traceback = [TRACEBACK]
        before = line.removesuffix(TRACEBACK)  # a print without an end
        return [before] if before.strip() else []

    def end(self) -> list[str]:
        """Take it that nothing follows. A traceback that has begun is complete, too."""
        lines, self._traceback = self._traceback, []
        return ["\n".join(lines)] if lines else []


def shown(piece: bytes) -> str:
    r"""Bytes of a line as a printable text of at most LONGEST characters.

    Parameters
    ----------
    piece : bytes
        In UTF-8, or not.

    Returns
    -------
    str
        Without blanks at its end, cut with an ellipsis. What is no UTF-8 is shown by its number.

    Examples
    --------
    >>> shown(b"21.5 \xb0C\r")
    '21.5 \\xb0C'
    """
    text = piece[: 4 * LONGEST].decode(errors="backslashreplace").rstrip()
    text = printable(text.replace("\t", "    "))
    return text if len(text) <= LONGEST else text[:LONGEST] + "\u2026"
