"""To a node, whether its program runs or it sits at the REPL."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import serial

from xnornode.errors import Action, LinkError, LinkLost
from xnornode.link.deadline import NEVER, Deadline
from xnornode.link.hints import no_receiver, with_last_lines
from xnornode.link.messages import Event, Hello, Unknown
from xnornode.link.parsing import outdated
from xnornode.link.ports import ANSWER_TIMEOUT, open_port
from xnornode.link.protocol import Session
from xnornode.link.raw_repl import CTRL_D, RawRepl, RemoteError
from xnornode.link.reach import Known, Say, reach
from xnornode.link.repl import Board
from xnornode.link.stream import Stream
from xnornode.link.timing import CLEANUP, USUAL, Timing

__all__ = ["Known", "Say", "connect", "receiver"]

_ABOUT = "import os, sys\nprint(sys.platform, *os.listdir())"
_SERVE = "from xnornode.link import serve\nserve()"


@contextmanager
def connect(
    url: str,
    timing: Timing = USUAL,
    say: Say = lambda text: None,
    on_event: Callable[[Event], None] | None = None,
    patient: bool = False,
    known: Known | None = None,
    port: serial.SerialBase | None = None,
    limit: Deadline = NEVER,
    reset: bool = False,
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
    known : Known, optional
        What is known of the node. It is kept up to date.
    port : serial.SerialBase, optional
        The port of the url, where it is open already.
    limit : Deadline, default NEVER
        Ends every wait on the port. The clean-up gets CLEANUP seconds after it.
    reset : bool, default False
        Whether a board whose program cannot be interrupted may be reset.

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
    known = known or Known()
    with closing(Stream(port or open_port(url))) as stream:
        stream.limit = limit
        session = Session(stream, timing, on_event)
        repl = RawRepl(url, stream)
        try:
            if reach(session, repl, say, patient, known, reset):
                with _running(Board(url, repl), session, say, known):
                    yield session
            else:
                with _at_repl(Board(url, repl), session, say, known):
                    yield session
        finally:
            if stream.gone and known.stopped:
                with suppress(LinkError), _clean_up(stream):
                    stream.reopen(url, stream.limit)
                    _start_again(Board(url, repl), say, known)


@contextmanager
def receiver(board: Board, session: Session) -> Iterator[None]:
    """Have a board at its raw REPL take commands; a context manager.

    Parameters
    ----------
    board : Board
        The board.
    session : Session
        A session on the board's stream, which is greeted.

    Raises
    ------
    LinkError
        If the board has no receiver.
    """
    board.start(_SERVE)
    _await_receiver(session, board)
    try:
        board.stream.give()  # others may talk to the receiver as well
        yield
    finally:
        with suppress(LinkError), _clean_up(board.stream):
            board.stream.take()
            session.request("quit")
            board.finish()


@contextmanager
def _running(board: Board, session: Session, say: Say, known: Known) -> Iterator[None]:
    """A program that answers, or a receiver of a connection before."""
    running = session.hello.running
    known.answered, known.stopped = running, known.stopped and not running
    try:
        board.stream.give()
        yield
    finally:
        if known.stopped:
            with suppress(LinkError), _clean_up(board.stream):
                board.stream.take()
                session.request("quit")
            _start_again(board, say, known)


@contextmanager
def _at_repl(board: Board, session: Session, say: Say, known: Known) -> Iterator[None]:
    """The receiver on a board whose REPL has been entered."""
    known.at_repl = True
    has_main = True  # until it is known: what the board starts by itself does no harm
    try:
        platform, *files = board.run(_ABOUT, ANSWER_TIMEOUT).split() or [""]
        has_main = "main.py" in files
        if platform != "linux":  # where that ends the process
            board.clear()
        with receiver(board, session):
            yield
    finally:
        if known.stopped and has_main:
            _start_again(board, say, known)
        with _clean_up(board.stream):
            board.close()


def _start_again(board: Board, say: Say, known: Known) -> None:
    """Have the program run that was stopped."""
    try:
        with _clean_up(board.stream):
            board.restart()
        known.stopped = False
    except LinkError as error:
        say(str(error))


@contextmanager
def _clean_up(stream: Stream) -> Iterator[None]:
    """Its own time for what is left to do, whatever has become of the limit."""
    limit, stream.limit = stream.limit, Deadline(CLEANUP)
    try:
        yield
    finally:
        stream.limit = limit


def _await_receiver(session: Session, board: Board) -> None:
    stream = session.stream
    wait = stream.wait(session.timing.answer)
    while (line := session.next_line(wait)) is not None and CTRL_D not in line:
        event = session.event(line)
        if isinstance(event, Hello):
            session.hello = event
            return
        if isinstance(event, Unknown) and event.event == Hello.EVENT:
            raise outdated(f"{event.event}: {event.problem}")
        if session.over(wait):
            break
    if line is not None:
        stream.pending = line + b"\n" + stream.pending
    if CTRL_D not in stream.pending:
        text = f"the receiver on {board.url} did not start"
        raise LinkLost(with_last_lines(text, stream.recent))
    try:
        board.finish()
    except RemoteError as error:
        action: Action = "flash" if "ImportError" in error.last_line else ""
        raise LinkError(no_receiver(error.last_line), action) from error
    raise LinkError(with_last_lines(f"the receiver on {board.url} ended at once", stream.recent))
