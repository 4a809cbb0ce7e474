"""Keep the port of a board from its REPL (docs/guides/security.md, "A port without the REPL")."""

from xnornode.board.assets import LOCKED_MAIN
from xnornode.board.facts import Obstacle, ask
from xnornode.board.main_file import MAIN, stamped
from xnornode.errors import LinkError
from xnornode.link.repl import Board

_PREPARE = """
import json, os, time
from machine import Pin
def lines(path):
    try:
        with open(path) as f:
            return [line.strip() for line in f]
    except OSError:
        return []
def problem(pin, replace_main):
    main = lines('/main.py')
    if main and '--lock-repl' not in main[0] and not replace_main:
        return 'its /main.py would be lost: copy it to /program.py, and remove it'
    if not lines('/program.py'):
        return 'it has no /program.py: put your program there, or use --autostart'
    if any(line[:1] not in ('', '#') for line in lines('/boot.py')):
        return 'its /boot.py has code, which a Ctrl-C can stop: move it to /program.py'
    try:
        pin = Pin(pin, Pin.IN, Pin.PULL_UP)
    except ValueError:
        return 'it has no such GPIO'
    time.sleep_ms(10)
    if not pin.value():
        return 'the GPIO is low now: it must be free, or the board would not be locked'
    if lines('/boot.py'):
        os.remove('/boot.py')
    return ''
print(json.dumps([problem(%d, %r)]))
"""


def lock(board: Board, pin: int, *, replace_main: bool = False) -> str:
    """Have a board keep its port from the REPL from its next start on.

    Parameters
    ----------
    board : Board
        The board, at its REPL, with all that it is to have.
    pin : int
        Number of the GPIO that gives the REPL back, if it is low at the start.
    replace_main : bool, default False
        Whether /main.py may be lost.

    Returns
    -------
    str
        A line of account.

    Raises
    ------
    LinkError
        If the board cannot be locked. It stays as it is.
    """
    problem = ask(board, Obstacle, _PREPARE % (pin, replace_main)).problem
    if problem:
        raise LinkError(f"the board was set up, but not locked with GPIO {pin}: {problem}")
    text = LOCKED_MAIN.read_text().replace("PIN = 22", f"PIN = {pin}")
    board.put(stamped(text.encode()), MAIN)
    return f"REPL       locked; for the way back, connect GPIO {pin} to ground and restart"
