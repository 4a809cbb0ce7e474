"""Takes commands and pushes, line by line (docs/reference/protocol.md).

Knows nothing of ports, sensors or the module `bnn`, and runs in CPython too, where its tests drive
it.
"""

import json
from binascii import crc32

# Relative, as in CPython `xnornode` is the host's package.
from .model_store import MAX_MODEL, MIN_MODEL
from .push import Push, Refused

PROTOCOL = 1
SEAL_BYTES = 18  # of ,"crc":"89abcdef"}
READ_ONLY = ("hello", "list")  # may be typed by hand, without a crc
BY_HAND_BYTES = 200  # that a line without a crc may have

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

    from .model_store import Store

    Fields = dict[str, Any]


class Receiver:
    """Answers lines. One push at a time.

    models: a ModelManager, or what has its `facts`, `admit`, `verify`, `load`, `load_slot`,
    `describe`, `swap`, `active`, `number` and `running`. first: the number before the first push's,
    an int. Attributes: `push`, the Push under way, or None; `quit`, whether the PC has said `quit`.
    """

    def __init__(self, store: "Store", models: "Any", first: int) -> None:
        self._store = store
        self._models = models
        self.push: Push | None = None
        self._first = first
        self._last = first
        self._done: Fields = {}  # the answer to the last push that came to its end
        self._done_push = 0
        self.quit = False

    def line(self, line: "memoryview") -> "tuple[str, Fields] | None":
        """Answer one line.

        line: its bytes without the end. Returns the event and its fields, or None for no answer.
        """
        if not len(line) or (line[0] != 0x7B and not self.push):  # {
            return None
        sealed = _is_sealed(line)
        if not sealed and len(line) > BY_HAND_BYTES:
            return self.damaged()
        try:
            if sealed and bytes(line[:8]) == b'{"push":':
                return self._take_chunk(line)
            fields = json.loads(bytes(line))
            if not isinstance(fields, dict):
                raise ValueError
            if not sealed and (fields.get("cmd") not in READ_ONLY or "crc" in fields):
                raise ValueError
        except (ValueError, KeyError, TypeError, IndexError):
            return self.damaged()
        return self._command(fields)

    def damaged(self) -> "tuple[str, Fields]":
        """The answer to a line that cannot be believed."""
        return self._ack("damaged") if self.push else ("reply", {"id": None, "error": "damaged"})

    def let_go(self) -> None:
        """End the push that is under way; what it has written stays for the next `begin`."""
        if self.push:
            self.push.close()
            self.push = None

    def _ack(self, error: str | None = None) -> "tuple[str, Fields]":
        assert self.push
        fields: Fields = {"push": self.push.number, "at": self.push.at}
        if error:
            fields["error"] = error
        return "ack", fields

    def _why_not(self, number: int) -> str:
        """What became of a push that is not under way."""
        return "replaced" if self._first < number < self._last else "no_push"

    def _take_chunk(self, line: "memoryview") -> "tuple[str, Fields]":
        start = bytes(line[:64]).find(b',"data":"')
        head = json.loads(bytes(line[:start]) + b"}")
        number, at = head["push"], head["at"]
        if not self.push or number != self.push.number:
            return "ack", {"push": number, "at": 0, "error": self._why_not(number)}
        try:
            taken = self.push.take(at, line[start + 9 : len(line) - SEAL_BYTES - 1])
        except OSError as error:
            self.let_go()
            return "ack", {"push": number, "at": at, "error": "flash", "message": str(error)}
        return self._ack(None if taken else "offset")

    def _command(self, fields: "Fields") -> "tuple[str, Fields]":
        answer: Fields = {"id": fields.get("id")}
        commands = {
            "hello": self._hello,
            "list": self._list,
            "begin": self._begin_push,
            "end": self._end_push,
            "rollback": self._rollback,
        }
        name = fields.get("cmd")
        try:
            if name == "quit" and not self._models.running:
                self.quit = True
            elif name in commands:
                answer.update(commands[name](fields))
            else:
                raise Refused("unknown", f"no command {name!r}")
        except Refused as error:
            answer["error"] = error.name
            answer["message"] = error.message
            if error.name == "incomplete":
                answer["at"] = self.push.at if self.push else 0
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            answer["error"], answer["message"] = "arguments", repr(error)
        except OSError as error:
            self.let_go()
            answer["error"], answer["message"] = "flash", str(error)
        except MemoryError:
            self.let_go()
            answer["error"], answer["message"] = "ram", "the node is out of memory"
        return ("hello" if name == "hello" and "error" not in answer else "reply"), answer

    def _hello(self, _: "Fields") -> "Fields":
        return self._models.facts()

    def _list(self, _: "Fields") -> "Fields":
        previous = self._store.previous()
        return {
            "active": self._models.active,
            "previous": self._models.describe(previous) if previous else None,
            "part": [{"sha256": sha, "bytes": size} for sha, size in self._store.parts()],
        }

    def _begin_push(self, fields: "Fields") -> "Fields":
        length, sha256 = fields["length"], fields["sha256"]
        if fields["protocol"] != PROTOCOL:
            raise Refused("protocol", f"the node speaks version {PROTOCOL} of the protocol")
        hmac = fields.get("hmac")
        if not isinstance(length, int) or not _is_hash(sha256) or (hmac and not _is_hash(hmac)):
            raise ValueError("length, sha256 or hmac")
        self.let_go()
        self._last += 1
        active = self._models.active
        if active and active["sha256"] == sha256:
            return {"active": active}
        if not MIN_MODEL <= length <= MAX_MODEL:
            raise Refused("length", f"a model has {MIN_MODEL} to {MAX_MODEL} bytes, not {length}")
        self._models.admit(fields)
        self.push = Push(self._store, self._last, fields)
        return {"push": self._last, "at": self.push.at}

    def _end_push(self, fields: "Fields") -> "Fields":
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
            self._models.verify(data, push.begin)
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
            previous = self._store.previous()
            return {
                "active": replaced,
                "previous": self._models.describe(previous) if previous else None,
            }
        self.let_go()
        slot = self._store.previous()
        found = self._models.describe(slot) if slot else None
        if not slot or not found or found["sha256"] != to:
            raise Refused("no_model", "the node has no such previous model")
        loaded = self._models.load_slot(slot)
        self._models.swap(loaded, self._store.activate(slot), None)
        return {"active": self._models.active, "previous": replaced}


def _is_sealed(line: "memoryview") -> bool:
    """Whether a line ends with the right crc."""
    end = bytes(line[-SEAL_BYTES:])
    if len(line) <= SEAL_BYTES or end[:8] != b',"crc":"' or end[16:] != b'"}':
        return False
    return end[8:16] == f"{crc32(line[:-SEAL_BYTES]):08x}".encode()


def _is_hash(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and all(c in "0123456789abcdef" for c in text)
