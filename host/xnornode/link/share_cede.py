"""How a program asks for a port that another one has (docs/reference/sharing.md)."""

from __future__ import annotations

from xnornode.link.deadline import Deadline
from xnornode.link.share_frames import FrameError, about_this, greeting, read_greeting, who
from xnornode.link.share_place import Place


def this_program() -> str:
    """This program, in words."""
    return who(about_this())


def ask_to_cede(place: Place) -> str:
    """Ask the owner to let go of the port; who has it for itself, if one has."""
    if not (met := place.connect()):
        return ""
    end, more = met
    try:
        end.sendall(greeting(about_this() | more | {"cede": True}))
        _, owner = read_greeting(end, Deadline(5.0))
    except OSError:
        return ""
    finally:
        end.close()
    return str(owner.get("lent") or (owner.get("refused") and who(owner)) or "")


def turn_away(place: Place) -> None:
    """Tell programs that come who has the port. Runs in a thread."""
    while end := place.accept():
        try:
            read_greeting(end, Deadline(1.0))
            end.sendall(greeting(about_this() | {"lent": this_program()}))
        except (OSError, ValueError, FrameError):
            pass
        finally:
            end.close()
