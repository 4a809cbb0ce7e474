"""What talks on a port where no node answers: recognized by the last bytes that came."""

import re

from xnornode.errors import LinkError
from xnornode.link.addresses import BAUDRATE
from xnornode.link.mqtt_url import BROKER
from xnornode.link.schema import printable

LINES = 3
"""Lines that are shown."""
WIDTH = 78
"""Characters of a line that are shown."""
UNREADABLE = 0.25
"""Share of bytes that are no text above which the baud rate is to blame."""
ENOUGH = 16
"""Bytes from which the share is taken."""

KNOWN = (
    (
        rb"waiting for download",
        "the chip is in download mode: let go of BOOT (GPIO0) and press the board's reset button",
    ),
    (
        rb"(?i)brown-?out",
        "the chip's voltage drops (brown-out): use a shorter USB cable, another port or a powered "
        "hub, and unplug what else the board feeds",
    ),
    (
        rb"(?s)rst:0x.*rst:0x|ets [A-Z][a-z]{2} .*ets [A-Z][a-z]{2} |invalid header: 0x",
        "an ESP chip starts again and again: look at its power supply and its USB cable, and "
        "install MicroPython again",
    ),
    (
        rb"\$(?:G[ABLNPQ]|BD|QZ)[A-Z]{3},",
        "this is a GPS receiver (NMEA): name the node's port with --port",
    ),
)
"""Patterns of what other things say, and what to do about them."""
LOCKED = (
    "if the port was locked (`xnornode flash --lock-repl PIN`), connect that GPIO to ground and "
    "restart the board, which gives the REPL back"
)
"""What to do about a node that keeps its port from the REPL."""
_TEXT = bytes([7, 8, 9, 10, 13, 27, *range(32, 127)])


def hint(came: bytes) -> str:
    r"""What it is that talks.

    Parameters
    ----------
    came : bytes
        The last bytes that came.

    Returns
    -------
    str
        What it is and what to do; empty where it is not recognized.

    Examples
    --------
    >>> hint(b"$GPGGA,092750.000,5321.6802,N\r\n")
    "this is a GPS receiver (NMEA): name the node's port with --port"
    """
    for pattern, text in KNOWN:
        if re.search(pattern, came):
            return text
    odd = len(came.translate(None, _TEXT))
    if len(came) >= ENOUGH and odd > UNREADABLE * len(came):
        return (
            f"what comes is no text: is the other side's baud rate {BAUDRATE} (else name it with "
            "--baud), and is GND wired?"
        )
    return ""


def last_lines(came: bytes) -> list[str]:
    r"""The last lines that came, for a terminal.

    Parameters
    ----------
    came : bytes
        The last bytes that came.

    Returns
    -------
    list of str
        At most LINES, each of at most WIDTH printable characters.

    Examples
    --------
    >>> last_lines(b"one\r\n\r\ntwo\x1b[2J")
    ['one', 'two\\x1b[2J']
    """
    lines = [line.strip() for line in re.split(r"[\r\n]+", came.decode(errors="backslashreplace"))]
    return [printable(line)[:WIDTH] for line in lines if line][-LINES:]


def with_last_lines(text: str, came: bytes) -> str:
    r"""A message, and what came last.

    Parameters
    ----------
    text : str
        The message.
    came : bytes
        The last bytes that came.

    Returns
    -------
    str
        Several lines if something came.

    Examples
    --------
    >>> print(with_last_lines("no answer", b"t = 3\r\n"))
    no answer
      the last lines that came:
        t = 3
    """
    shown = "".join(f"\n    {line}" for line in last_lines(came))
    return f"{text}\n  the last lines that came:{shown}" if shown else text


def kept_repl(url: str) -> str:
    """The message for a node that answers commands, and does not give its port to the REPL."""
    if url.lower().startswith(BROKER):
        return (
            f"this command needs the board's REPL, and {url} carries the protocol alone: take the "
            "cable for this command"
        )
    if url.lower().startswith("socket:"):
        return (
            f"the node on {url} answers, but there is no REPL: the node's own network port has "
            "none, so take the cable for this command"
        )
    return (
        f"the node on {url} answers, but Ctrl-C does not stop its program: {LOCKED}; otherwise the "
        "program catches Ctrl-C (a bare `except:`), and only a reset stops it"
    )


def unanswered(url: str) -> str:
    """The message for a node that the broker says is there, and that does not answer."""
    return (
        f"the node on {url} is there, says the broker, and does not answer: may this user write "
        "its `command/#` and read its `reply/#` (access list of the broker), and do its settings "
        "let clients in?"
    )


def unreached(url: str, came: bytes) -> str:
    """The message for a port on which nobody answers: what came, and what to do.

    Parameters
    ----------
    url : str
        Name of the port.
    came : bytes
        The last bytes that came.

    Returns
    -------
    str
        Several lines if something came.
    """
    if not came:
        return (
            f"no MicroPython answers on {url}, nothing comes from it: is it the right port, and is "
            f"MicroPython on the board? `xnornode flash` puts it there; {LOCKED}"
        )
    what = hint(came) or (
        "is it the right port? If a program there catches Ctrl-C (a bare `except:`), only a reset "
        f"stops it: --reset allows that; {LOCKED}"
    )
    return with_last_lines(f"no MicroPython answers on {url}: {what}", came)


def no_receiver(reason: str) -> str:
    """Why a board has no receiver, from the last line of its traceback."""
    if "ImportError" in reason:
        return (
            f"the node is not set up ({reason}): `xnornode flash` installs the firmware, "
            "which has the module bnn, and the library xnornode"
        )
    return f"the node's receiver fails: {reason}"


def bad_line(lost: int, at: int, total: int) -> LinkError:
    """The error of a push over a line that loses too much; the node has `at` of `total` bytes."""
    return LinkError(
        f"the line is bad: {lost} chunks were lost; the node keeps {at:,} of {total:,} bytes, and "
        "the same command goes on from there. Check the cable, the power supply and the baud rate"
    )
