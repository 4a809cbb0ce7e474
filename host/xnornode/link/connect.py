"""To a node, whether its program runs or it sits at the REPL."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

import serial

from xnornode.errors import Action, LinkError, LinkLost
from xnornode.link.deadline import NEVER, Deadline
from xnornode.link.hints import LOCKED, no_receiver, unreached, with_last_lines
from xnornode.link.messages import Event, Hello, Unknown
from xnornode.link.parsing import outdated
from xnornode.link.ports import ANSWER_TIMEOUT, open_port
from xnornode.link.protocol import Session
from xnornode.link.raw_repl import CTRL_B, CTRL_D, RawRepl, RemoteError
from xnornode.link.repl import Board
from xnornode.link.share import LENT_SECONDS
from xnornode.link.stream import Stream
from xnornode.link.timing import CLEANUP, USUAL, Timing

PATIENCE = 4
"""How many times longer a node may take to say hello that may be restarting, or is hard to hear."""
DEAF_TRIES = 10
"""How often hello is said to a program whose lines come whole, and are no answers."""
NOISE = 0.05
"""Share of damaged lines above which the line is to blame: the first one is often cut."""
INTERRUPTS = 2
"""How often what runs is interrupted."""
INTERRUPTED = b"KeyboardInterrupt"
"""What a program leaves that was stopped."""
RESTARTS = 3
"""How often a board that may have been stopped is told to start again until it answers."""
AGAIN = 0.5
"""How long an answer to hello is waited for after a Ctrl-C, in times of `Timing.hello`."""

TURNS = 5
"""How often another program that shares the port may come first to the REPL."""

_ABOUT = "import os, sys\nprint(sys.platform, *os.listdir())"
_SERVE = "from xnornode.link import serve\nserve()"

Say = Callable[[str], None]
"""Gets one line of talk for the user."""


@dataclass
class Known:
    """What is known of a node from the connections before.

    Parameters
    ----------
    answered : bool, default False
        Whether its program has answered. It is waited for then, and not interrupted.
    stopped : bool, default False
        Whether its program was interrupted, and has to be started again.
    at_repl : bool, default False
        Whether no program answered, so that the receiver was started at the REPL.
    """

    answered: bool = False
    stopped: bool = False
    at_repl: bool = False


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
            if _reach(session, repl, say, patient, known, reset):
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


def _reach(
    session: Session, repl: RawRepl, say: Say, patient: bool, known: Known, reset: bool
) -> bool:
    """Whether a program answers; else the REPL has been entered."""
    for turn in range(TURNS):
        try:
            _greet(session, patient)
            if not session.greeted and not session.at_prompt:
                _raise_if_heard(session, repl.url, known)
            return session.greeted or not _interrupt(session, repl, say, known, reset)
        except LinkLost:
            if not session.stream.taken or turn == TURNS - 1:
                raise
            session.stream.reopen(repl.url, session.stream.wait(LENT_SECONDS))
    return False


def _greet(session: Session, patient: bool) -> None:
    """Say hello until a node or a REPL answers, or nobody has for long enough."""
    asked = 0
    while not session.greet(session.timing.hello) and not session.at_prompt:
        asked += 1
        most = session.timing.hello_tries
        if patient or session.damaged or session.misheard:  # someone is there, but hard to hear
            most *= PATIENCE
        elif session.events:
            most = max(most, DEAF_TRIES)
        if asked >= most or session.stream.limit.passed:
            return


def _raise_if_heard(session: Session, url: str, known: Known) -> None:
    """Raise LinkError where a node is there, though it does not answer."""
    came = session.stream.recent
    if session.damaged > NOISE * session.events:
        text = (
            f"{session.damaged} of {session.damaged + session.events} lines from {url} arrive "
            "damaged: try another cable, or a slower line"
        )
        raise LinkLost(with_last_lines(text, came))
    if known.answered:
        raise LinkLost(with_last_lines(f"the node on {url} does not answer any more", came))
    if session.events:
        text = (
            f"the program on {url} writes predictions, but takes no commands: give its loop "
            "`link.step()` (docs/guides/node.md), or stop it with Ctrl-C in a terminal and try "
            f"again; {LOCKED}"
        )
        raise LinkError(with_last_lines(text, came))


def _interrupt(session: Session, repl: RawRepl, say: Say, known: Known, reset: bool) -> bool:
    """Whether the REPL has been entered; else the program has answered after all."""
    stream = session.stream
    if not session.at_prompt:
        say(f"nothing on {repl.url} answers: interrupting what runs there")
        known.stopped = True
    again = AGAIN * session.timing.hello
    for attempt in range(INTERRUPTS):
        session.ask_anew()  # who answered before may be stopped by this
        if repl.interrupt(session.timing.interrupt, late=attempt > 0):
            # The prompt may have been one that a program had printed
            known.stopped |= INTERRUPTED in stream.recent
            return True
        if session.greet(again):  # the line was dead, and is no more
            return False
    if reset:
        say("resetting the board; one without a reset line has to be unplugged and plugged in now")
        if repl.reset():
            return True
    # The board may have heard all of this. What talks and is no board gets it once
    for _ in range(1 if stream.recent else RESTARTS):
        stream.write(CTRL_B + CTRL_D)
        if session.greet(again):
            return False
        if session.at_prompt:
            session.ask_anew()
            if repl.interrupt(session.timing.interrupt, late=True):
                return True
    _raise_if_heard(session, repl.url, known)
    raise LinkError(unreached(repl.url, stream.recent), "reset" if stream.recent else "flash")


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
