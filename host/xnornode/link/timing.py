"""How long the link waits for what (docs/reference/protocol.md, "Times and sizes")."""

from dataclasses import dataclass

COMMAND = 40.0
"""Seconds for `list`, `rollback` or `doctor` in all, without what they clean up."""
CLEANUP = 6.0
"""Seconds for each part of what is left to do when a command is over, or has failed."""
SLOWEST = 48.0
"""Bytes of a model per second. A push that is slower for `Timing.stall` seconds ends."""

BAD, BAD_RATE, BAD_RETRIES = 32.0, 600.0, 20
"""Seconds, and bytes a second on top, after which a push ends if more chunks than this were lost:
the line is not slow then, but bad."""


@dataclass(frozen=True)
class Timing:
    """How long is waited for what, and how often it is tried.

    Parameters
    ----------
    hello : float, default 1.0
        Seconds for the answer to `hello`.
    hello_tries : int, default 6
        How often `hello` is said.
    interrupt : float, default 1.0
        Seconds for the REPL after each Ctrl-C.
    answer : float, default 10.0
        Seconds for the answer to any other command; a quarter the first time, a half the second.
    answer_tries : int, default 4
        How often such a command is sent.
    ack : float, default 6.0
        Seconds for the ack of a chunk, at most; less where acks have come sooner.
    settle : float, default 0.3
        Seconds for answers to chunks that were under way when one was damaged.
    tries : int, default 10
        Chunks lost in a row, without a byte of progress, after which a push gives up.
    breaks : int, default 3
        Breaks of the connection in a row, without a byte of progress, after which it gives up.
    reconnect : float, default 30.0
        Seconds for a port that went away to come back.
    stall : float, default 40.0
        Seconds without progress after which a push ends. A byte of progress is worth 1 / SLOWEST
        seconds.
    """

    hello: float = 1.0
    hello_tries: int = 6
    interrupt: float = 1.0
    answer: float = 10.0
    answer_tries: int = 4
    ack: float = 6.0
    settle: float = 0.3
    tries: int = 10
    breaks: int = 3
    reconnect: float = 30.0
    stall: float = 40.0


USUAL = Timing()
"""For a node on a serial port."""
