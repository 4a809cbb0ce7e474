"""To a node, whether its program runs or it sits at the REPL."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import serial

from xnornode.errors import LinkError, LinkLost
from xnornode.link.messages import Event, Hello, Unknown
from xnornode.link.parsing import outdated
from xnornode.link.ports import RETRY, open_port
from xnornode.link.protocol import USUAL, Session, Timing
from xnornode.link.raw_repl import CTRL_D, RemoteError
from xnornode.link.repl import Board

PATIENCE = 4
"""How many times longer a node may take to say hello that is there, or may be restarting."""
NOISE = 0.05
"""Share of damaged lines above which the line is to blame: the first one is often cut."""

_ABOUT = """
import os, sys
print(sys.platform == 'linux')
print('main.py' in os.listdir())
"""
_SERVE = "from xnornode.link import serve\nserve()"

Say = Callable[[str], None]
"""Gets one line of talk for the user."""


@contextmanager
def connect(
    url: str,
    timing: Timing = USUAL,
    say: Say = lambda text: None,
    on_event: Callable[[Event], None] | None = None,
    patient: bool = False,
    interrupt: bool = True,
    port: serial.SerialBase | None = None,
) -> Iterator[Session]:
    """A session with the node on a port; a context manager.

    A program that takes commands goes on undisturbed. At the REPL the receiver is started, and
    ended after. A program that says nothing is interrupted for that, and started again after if it
    is the node's /main.py.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL.
    timing : Timing, default USUAL
        How long is waited for answers.
    say : callable, optional
        Gets a line of talk when a program is interrupted.
    on_event : callable, optional
        Gets every event that is no answer to a command.
    patient : bool, default False
        Whether the node may be restarting, and is given PATIENCE times longer.
    interrupt : bool, default True
        False where a program has answered before: one that is not heard is waited for, not stopped.
    port : serial.SerialBase, optional
        The port of the url, where it is open already.

    Yields
    ------
    Session
        Its `hello` is what the node has said of itself.

    Raises
    ------
    LinkError
        If no node answers, or it has no receiver.

    Examples
    --------
    >>> with connect("/dev/ttyACM0") as session:  # doctest: +SKIP
    ...     print(session.hello.machine)
    """
    with closing(port or open_port(url)) as port:
        session = Session(port, timing, on_event)
        asked = 0
        while not session.greet(timing.hello) and not session.at_prompt:
            asked += 1
            # Once lines of ours have come, someone is there who may be slow, or hard to hear
            heard = session.events or session.damaged
            if asked >= timing.hello_tries * (PATIENCE if patient or heard else 1):
                break
        if session.greeted:
            yield session
        elif session.at_prompt:  # be it after a program that had to say something
            with _at_repl(session, url, say):
                yield session
        elif session.damaged > NOISE * session.events:
            raise LinkLost(
                f"{session.damaged} of {session.damaged + session.events} lines from {url} arrive "
                "damaged: try another cable, or a slower line"
            )
        elif not interrupt:
            raise LinkLost(f"the node on {url} does not answer any more")
        elif session.events:
            raise LinkError(
                f"the program on {url} writes predictions, but takes no commands: give its loop "
                "`link.step()` (docs/guides/node.md), or stop it with Ctrl-C in a terminal and try "
                "again"
            )
        else:
            with _at_repl(session, url, say):
                yield session


def open_again(url: str, seconds: float) -> serial.SerialBase:
    """A port that went away, once it can be opened again.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL.
    seconds : float
        How long to try.

    Returns
    -------
    serial.SerialBase
        The open port.

    Raises
    ------
    LinkError
        If it cannot be opened in this time.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return open_port(url)
        except LinkError:
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY)


@contextmanager
def receiver(board: Board, session: Session) -> Iterator[None]:
    """Have a board at its raw REPL take commands; a context manager.

    Parameters
    ----------
    board : Board
        The board.
    session : Session
        A session on the board's port, which is greeted.

    Raises
    ------
    LinkError
        If the board has no receiver.
    """
    board.start(_SERVE)
    session.pending = b""
    _await_receiver(session, board)
    try:
        yield
    finally:
        with suppress(LinkError):
            session.request("quit")
            board.finish(session.pending)


@contextmanager
def _at_repl(session: Session, url: str, say: Say) -> Iterator[None]:
    """The receiver on a board whose program does not answer."""
    stopped = not session.at_prompt
    if stopped:
        say(f"nothing on {url} answers: interrupting what runs there")
    with Board(url, session.port) as board:
        on_unix, has_main = (line == "True" for line in board.run(_ABOUT).split())
        if not on_unix:  # where that ends the process
            board.clear()
        with receiver(board, session):
            yield
        if stopped and has_main:
            board.restart()


def _await_receiver(session: Session, board: Board) -> None:
    seen = b""
    while True:
        line = session.next_line(session.timing.answer)
        if line is None:
            raise LinkLost(f"the receiver on {board.url} did not start")
        event = session.event(line)
        if isinstance(event, Hello):
            session.hello = event
            return
        if isinstance(event, Unknown) and event.event == Hello.EVENT:
            raise outdated(f"{event.event}: {event.problem}")
        seen += line + b"\n"
        if CTRL_D in line:
            try:
                board.finish(seen + session.pending)
            except RemoteError as error:
                raise LinkError(_why_no_receiver(error)) from error
            raise LinkError(f"the receiver on {board.url} ended at once")


def _why_no_receiver(error: RemoteError) -> str:
    if "ImportError" in error.last_line:
        return (
            f"the node is not set up ({error.last_line}): `xnornode flash` installs the firmware, "
            "which has the module bnn, and the library xnornode"
        )
    return f"the node's receiver fails: {error.last_line}"
