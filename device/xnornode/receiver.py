"""Takes commands and pushes, line by line (docs/reference/protocol.md).

Knows nothing of ports, sensors or the module `bnn`. Its tests drive it in CPython.
"""

import json

# Relative, as in CPython `xnornode` is the host's package.
from .commands import COMMAND_BYTES, LARGEST_ID, SEAL_BYTES, WORD, checked, is_integer, is_sealed
from .identity import write_name
from .model_store import MAX_MODEL, MIN_MODEL
from .push import Push, Refused

READ_ONLY = ("hello", "list")  # may be typed by hand, without a crc
BEGINS = 7  # of a push that are remembered, beside the last one
BY_HAND_BYTES = 200  # that a line without a crc may have

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

    from .kept import Kept
    from .model_store import Store
    from .stream import Streamer

    Fields = dict[str, Any]


class Receiver:
    """Answers lines. One push at a time.

    models: a ModelManager, or what has its `facts`, `admit`, `verify`, `load`, `load_slot`,
    `describe`, `swap`, `active`, `number` and `running`. first: the number before the first push's,
    an int. streamer: sends raw samples; without one, `stream` is refused. Attributes: `push`, the
    Push under way, or None; `quit`, whether the PC has said `quit`; `facts`, keys of `hello` that
    only this link has, empty for the node's own port; `allow`, what the link may do beyond reading
    and signed pushes ("push", "rollback", "record", "name"), None for all; `out`, takes samples,
    None for standard output.
    """

    def __init__(
        self, store: "Store", models: "Any", first: int, streamer: "Streamer | None" = None
    ) -> None:
        self._store = store
        self._models = models
        self._streamer = streamer
        self.push: Push | None = None
        self._first = first
        self._last = first
        self._done: Fields = {}  # the answer to the last push that came to its end
        self._done_push = 0
        self._id: int | None = None  # of the command that is being answered
        self._begun: list[int | None] = []  # of each `begin` of the push under way
        self.quit = False
        self.facts: Fields = {}
        self.allow: tuple[str, ...] | None = None
        self.out: Any = None

    def line(self, line: "memoryview") -> "tuple[str, Fields] | None":
        """Answer one line.

        line: its bytes without the end. Returns the event and its fields, or None for no answer.
        """
        if not len(line) or (line[0] != 0x7B and not self.push):  # {
            return None
        sealed = is_sealed(line)
        if not sealed and len(line) > BY_HAND_BYTES:
            return self.damaged()
        try:
            if sealed and bytes(line[:8]) == b'{"push":':
                return self._take_chunk(line)
            if len(line) > COMMAND_BYTES:
                return self.damaged()
            fields = json.loads(bytes(line))
        except ValueError:
            return self.damaged()
        by_hand = isinstance(fields, dict) and fields.get("cmd") in READ_ONLY
        if not isinstance(fields, dict) or not (sealed or (by_hand and "crc" not in fields)):
            return self.damaged()
        return self._command(fields)

    def damaged(self) -> "tuple[str, Fields]":
        """The answer to a line that cannot be believed."""
        if self.push:
            return _ack(self.push, "damaged")
        return "reply", {"id": None, "error": "damaged"}

    def failed(self, error: Exception) -> "Fields":
        """Clean up after an exception that nobody foresaw; the `error` and `message` of it."""
        self.let_go()
        if isinstance(error, OSError):
            return {"error": "flash", "message": str(error)}
        if isinstance(error, MemoryError):
            return {"error": "ram", "message": "the node is out of memory"}
        return {"error": "internal", "message": type(error).__name__}

    def let_go(self) -> None:
        """End the push that is under way; what it has written stays for the next `begin`."""
        push, self.push = self.push, None
        if self._store.receiver is self:  # which outlives the program whose models this one has
            self._store.receiver = None
        if push:
            push.close()

    def _why_not(self, number: int) -> str:
        """What became of a push that is not under way."""
        return "replaced" if self._first < number < self._last else "no_push"

    def _take_chunk(self, line: "memoryview") -> "tuple[str, Fields]":
        start = bytes(line[:64]).find(b',"data":"')
        head = json.loads(bytes(line[: max(start, 0)]) + b"}")
        number, at = head.get("push"), head.get("at")
        if not (is_integer(number, WORD) and is_integer(at, WORD)):
            raise ValueError
        push = self.push
        if not push or number != push.number:
            return "ack", {"push": number, "at": 0, "error": self._why_not(number)}
        try:
            taken = push.take(at, line[start + 9 : len(line) - SEAL_BYTES - 1])
        except ValueError:
            raise
        except Exception as error:
            failed = self.failed(error)
            failed.update(push=number, at=at)
            return "ack", failed
        return _ack(push, None if taken else "offset")

    def _command(self, given: "Fields") -> "tuple[str, Fields]":
        number = given.get("id")
        answer: Fields = {"id": number if is_integer(number, LARGEST_ID) else None}
        event = "reply"
        self._id = answer["id"]
        try:
            name, fields = checked(given)
            if name == "quit":
                if self._models.running or self.facts:
                    raise Refused("unknown", "a program runs, which does not end")
                self.quit = True
            else:
                answer.update(getattr(self, "_" + name)(fields))
            if name == "hello":
                event = name
        except Refused as error:
            answer["error"] = error.name
            answer["message"] = error.message
            if error.name == "incomplete":
                answer["at"] = self.push.at if self.push else 0
        except Exception as error:  # the program goes on, whatever it is
            answer.update(self.failed(error))
        return event, answer

    def _hello(self, _: "Fields") -> "Fields":
        facts: Fields = self._models.facts()
        facts.update(self.facts)
        return facts

    def _may(self, what: str) -> bool:
        """Whether this link may do something that needs no key."""
        return self.allow is None or what in self.allow

    def _check_may(self, what: str, refused: str) -> None:
        if not self._may(what):
            text = f'this link may not {refused}: by cable, or with "allow": ["{what}"] in net.json'
            raise Refused("not_allowed", text)

    def _claim(self, sha256: str) -> None:
        """End another link's push, if it is of the same model, or this is the standard port.

        sha256: of the model. Raises Refused where the other link's push goes on.
        """
        other = self._store.receiver
        if other and other is not self and other.push:
            if self.facts and other.push.begin["sha256"] != sha256:
                raise Refused("busy", "another link of the node is in a push")
            other.let_go()
            other._last += 1  # so that its next chunk is told `replaced`

    def _list(self, _: "Fields") -> "Fields":
        return {
            "active": self._models.active,
            "previous": self._describe_previous(),
            "part": [{"sha256": sha, "bytes": size} for sha, size in self._store.parts()],
        }

    def _begin(self, fields: "Fields") -> "Fields":
        length, active = fields["length"], self._models.active
        if active and active["sha256"] == fields["sha256"]:
            return {"active": active}
        push = self.push
        if not push or push.begin != fields:
            self._begun.clear()
        elif self._id is not None and self._id in self._begun:
            return {"push": push.number, "at": push.at}  # the line came twice
        if not MIN_MODEL <= length <= MAX_MODEL:
            raise Refused("length", f"a model has {MIN_MODEL} to {MAX_MODEL} bytes, not {length}")
        if not self._may("push") and not self._models.signed():
            self._check_may("push", "push to a node without a key")
        self._models.admit(fields)  # before it, nothing is written, and no push has to end
        self._claim(fields["sha256"])
        self.let_go()
        self._last += 1
        self.push = Push(self._store, self._last, fields)
        del self._begun[:-BEGINS]
        self._begun.append(self._id)
        self._store.receiver = self
        return {"push": self._last, "at": self.push.at}

    def _end(self, fields: "Fields") -> "Fields":
        number, push = fields["push"], self.push
        if number == self._done_push and self._done:
            return self._done
        if not push or number != push.number:
            raise Refused(self._why_not(number), f"no push {number} is under way")
        data, sha256 = push.data, push.begin["sha256"]
        if push.at < len(data):
            raise Refused("incomplete", f"{push.at} of {len(data)} bytes are there")
        try:
            push.finish()
            self._models.verify(data)
            loaded = self._models.load(data, sha256)
        except Refused:
            self.let_go()
            self._store.discard(sha256)
            raise
        replaced, ran = self._models.active, self._models.number
        self._models.swap(loaded, self._store.commit(sha256), 0)
        self._done_push = number
        self._done = {"active": self._models.active, "previous": replaced}
        self.let_go()
        try:  # noqa: SIM105 (no contextlib on the node)
            self._store.tidy(ran)
        except OSError:
            pass  # the next push does it
        return self._done

    def _rollback(self, fields: "Fields") -> "Fields":
        to = fields["to"]
        replaced = self._models.active
        if replaced and replaced["sha256"] == to:
            return {"active": replaced, "previous": self._describe_previous()}
        self._check_may("rollback", "roll back")
        self._claim("")
        self.let_go()
        slot = self._store.previous(self._models.number)
        found = self._models.describe(slot) if slot else None
        if not slot or not found or found["sha256"] != to:
            raise Refused("no_model", "the node has no such previous model")
        loaded = self._models.load_slot(slot)
        starts = None if slot.starts is None else 0  # a model that never classified is on trial
        self._models.swap(loaded, self._store.activate(slot), starts)
        return {"active": self._models.active, "previous": replaced}

    def _stream(self, fields: "Fields") -> "Fields":
        if not self._streamer:
            raise Refused("sensor", "the program that runs sends no samples")
        self._check_may("record", "record")
        return self._streamer.start(fields["seconds"], self.out)

    def _stop(self, _: "Fields") -> "Fields":
        if self._streamer:
            self._streamer.stop_for(self.out)
        return {}

    def _name(self, fields: "Fields") -> "Fields":
        self._check_may("name", "give the node a name")
        write_name(self._store.node_file, fields["name"])
        return fields

    def _windows(self) -> "Kept":
        streamer = self._streamer
        if not streamer or streamer.locked:
            raise Refused("locked", "a node whose port is locked sends no samples")
        self._check_may("record", "fetch what was recorded")
        if not streamer.kept:
            from .kept import Kept  # others need not load it

            streamer.kept = Kept()
        return streamer.kept

    def _kept(self, _: "Fields") -> "Fields":
        return self._windows().facts()

    def _fetch(self, fields: "Fields") -> "Fields":
        return self._windows().piece(fields["number"], fields["at"])

    def _forget(self, fields: "Fields") -> "Fields":
        kept = self._windows()
        kept.forget(fields["number"])
        return kept.facts()

    def _describe_previous(self) -> "Fields | None":
        slot = self._store.previous(self._models.number)
        return self._models.describe(slot) if slot else None


def _ack(push: Push, error: str | None = None) -> "tuple[str, Fields]":
    fields: Fields = {"push": push.number, "at": push.at}
    if error:
        fields["error"] = error
    return "ack", fields
