"""The owner's end of the connection of another program (docs/reference/sharing.md)."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import serial

from xnornode.link.deadline import NEVER, Deadline
from xnornode.link.share_frames import (
    ANSWER,
    CONTROL,
    DATA,
    GONE,
    SLOW,
    VERSION,
    FrameError,
    Frames,
    about_this,
    greeting,
    read_greeting,
    who,
)
from xnornode.link.share_member import TAKEN

if TYPE_CHECKING:
    from xnornode.link.share_hub import Hub
    from xnornode.link.share_member import Member
    from xnornode.link.share_place import Place

GREETING_SECONDS = 5.0
"""Seconds for a program that connects to say who it is."""
WRITE_SECONDS = 10.0
"""Seconds for the port to take what a guest writes."""
STUCK_SECONDS = 60.0
"""Seconds after which a guest that takes nothing is sent away."""
AT_ONCE = 65536


def serve(hub: Hub, place: Place, end: socket.socket) -> None:
    """Let a program in, and carry its bytes until it goes. Runs in a thread."""
    member: Member | None = None
    frames: Frames | None = None
    try:
        version, said = read_greeting(end, Deadline(GREETING_SECONDS))
        reply: dict[str, Any] = about_this()
        from xnornode.link.share_hub import Lent

        if version != VERSION:
            reply["refused"] = f"it shares by version {VERSION}, and not by {version}"
        elif not place.admits(said):
            reply["refused"] = "the token is wrong"
        elif said.get("cede"):
            if hub.lent:
                reply["lent"] = hub.lent.who
            end.sendall(greeting(reply))
            if hub.lent:
                return
            hub.ceded = True
            hub.close(f"{who(said)} {TAKEN}")
            return
        else:
            try:
                member = hub.join(who(said))
            except Lent as error:
                reply["lent"] = str(error)
            except serial.SerialException as error:
                if hub.closed:
                    return  # the program looks for the next owner, or becomes it
                reply["refused"] = str(error)
        end.sendall(greeting(reply))
        if member is None:
            return
        frames = Frames(end)
        sender = threading.Thread(target=_send, args=(member, frames), daemon=True)
        sender.start()
        _receive(hub, member, frames)
        member.inbox.end("it is closed")
        sender.join(1.0)
    except (OSError, ValueError):
        pass  # gone, or no xnornode
    finally:
        if member:
            hub.leave(member)
        if frames:
            frames.close()
        else:
            end.close()


def _send(member: Member, frames: Frames) -> None:
    """Hand on what comes for a guest. Runs in a thread."""
    inbox = member.inbox
    try:
        while True:
            data = inbox.read(AT_ONCE, NEVER)
            if data:
                frames.send(DATA, data, Deadline(STUCK_SECONDS))
            elif inbox.gone is not None:
                frames.send(GONE, inbox.gone.encode()[:1000], Deadline(1.0))
                frames.close()
                return
    except (OSError, ValueError):
        inbox.end("it reads nothing")
        frames.close()


def _receive(hub: Hub, member: Member, frames: Frames) -> None:
    """Carry out what a guest wants, until it goes. Raises FrameError."""
    with suppress(FrameError, OSError, ValueError):
        while member.inbox.gone is None:
            for kind, content in frames.receive(60.0):
                if kind == DATA:
                    try:
                        hub.write(member, content, WRITE_SECONDS)
                    except serial.SerialTimeoutException as error:
                        frames.send(SLOW, str(error).encode()[:1000], Deadline(1.0))
                    except serial.SerialException as error:
                        member.inbox.end(str(error))
                elif kind == CONTROL:
                    frames.send(ANSWER, _control(hub, member, content), Deadline(5.0))
                else:
                    raise FrameError("such a frame goes to guests alone")


def _control(hub: Hub, member: Member, content: bytes) -> dict[str, Any]:
    asked = json.loads(content)
    if not isinstance(asked, dict):
        raise FrameError("what was asked is no object")
    reply: dict[str, Any] = {"ask": asked.get("ask")}
    try:
        match asked.get("do"):
            case "take":
                hub.take(member)
            case "give":
                hub.give(member)
            case "leave":
                hub.leave(member)
            case "set":
                hub.set(member, str(asked.get("name")), asked.get("value"))
            case _:
                reply["error"] = "no such thing can be done"
    except (OSError, ValueError, TypeError) as error:
        reply["error"] = str(error)[:500]
    return reply
