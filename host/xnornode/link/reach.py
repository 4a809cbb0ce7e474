"""Who is at the other end of a port: a program that answers, or a REPL."""

from collections.abc import Callable
from dataclasses import dataclass

from xnornode.errors import LinkError, LinkLost, NodeError
from xnornode.link.hints import LOCKED, unanswered, unreached, with_last_lines
from xnornode.link.protocol import Session
from xnornode.link.raw_repl import CTRL_B, CTRL_D, RawRepl
from xnornode.link.share import LENT_SECONDS

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


def reach(
    session: Session, repl: RawRepl, say: Say, patient: bool, known: Known, reset: bool
) -> bool:
    """Find who is there: whether a program answers; else the REPL has been entered.

    Parameters
    ----------
    session : Session
        On the open port.
    repl : RawRepl
        On the same port.
    say : callable
        Gets a line of talk when a program is interrupted.
    patient : bool
        Whether the node may be restarting, and is given PATIENCE times longer.
    known : Known
        What is known of the node. It is kept up to date.
    reset : bool
        Whether a board whose program cannot be interrupted may be reset.

    Returns
    -------
    bool
        Whether a program answers.

    Raises
    ------
    LinkError
        If nobody does, and there is no REPL.
    """
    for turn in range(TURNS):
        try:
            _greet(session, patient)
            if not session.greeted and not session.at_prompt:
                if session.refusal:
                    raise NodeError(session.refusal.error, session.refusal.message)
                if session.stream.only_lines:
                    raise (LinkLost if known.answered else LinkError)(unanswered(repl.url))
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
        if session.refusal:  # a place may be free soon
            pass
        elif patient or session.damaged or session.misheard:  # someone is there, but hard to hear
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
