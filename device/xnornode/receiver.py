"""Takes commands and pushes, line by line (docs/reference/protocol.md).

Knows nothing of ports, sensors or the module `bnn`, and runs in CPython too, where its tests drive
it.
"""

import gc
import hashlib
import json
from binascii import crc32

PROTOCOL = 1
SYNC = 8192  # bytes between two syncs of the part to flash
COMPARE = 512  # bytes of the part that are read back at a time
CHUNK = 128  # bytes of a piece that are decoded at a time
SEAL = 18  # bytes of ,"crc":"89abcdef"}
READ_ONLY = ("hello", "list")  # may be typed by hand, without a crc
BY_HAND = 200  # bytes that a line without a crc may have

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from io import BufferedWriter
    from typing import Any

    from xnornode.store import Store

    Fields = dict[str, Any]


class Refused(Exception):
    """A command that is not carried out. `name` is one of the protocol's errors."""

    def __init__(self, name: str, message: str = "") -> None:
        super().__init__(message)
        self.name = name
        self.message = message


class Receiver:
    """Answers lines. One push at a time.

    node: `facts()` for `hello`; `admit(begin)` and `verify(data, begin)`, which raise Refused for
    what the node's key does not allow; `load(data, sha256)` and `load_slot(slot)`, which raise
    Refused or return what `swap(loaded, number, starts)` takes; `describe(slot)`; `active`,
    `number` and `running`. first: the number before the first push's.
    """

    def __init__(
        self,
        store: "Store",
        node: "Any",
        first: int,
    ) -> None:
        self._store = store
        self._node = node
        self.push = 0  # number of the push under way, 0 for none
        self._first = first
        self._last = first
        self._begin: Fields = {}
        self._done: Fields = {}  # the answer to the last push that came to its end
        self._done_push = 0
        self._at = self._synced = 0
        self._file: BufferedWriter | None = None
        self._room: bytearray | None = None  # the heap's room for the model, and its bytes so far
        self._hash = hashlib.sha256()
        self.quit = False

    def line(self, line: "memoryview") -> "tuple[str, Fields] | None":
        """Answer one line without its end: the event and its fields, or None for no answer."""
        if not len(line) or (line[0] != 0x7B and not self.push):  # {
            return None
        sealed = _is_sealed(line)
        if not sealed and len(line) > BY_HAND:
            return self.damaged()
        try:
            if sealed and bytes(line[:8]) == b'{"push":':
                return self._piece(line)
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
        self.push = 0
        self._room = None
        if self._file:
            try:  # noqa: SIM105 (no contextlib on the node)
                self._file.close()
            except OSError:
                pass  # what is not in flash is sent again
            self._file = None

    def _ack(self, error: str | None = None) -> "tuple[str, Fields]":
        fields: Fields = {"push": self.push, "at": self._at}
        if error:
            fields["error"] = error
        return "ack", fields

    def _why_not(self, push: int) -> str:
        """What became of a push that is not under way."""
        return "replaced" if self._first < push < self._last else "no_push"

    def _piece(self, line: "memoryview") -> "tuple[str, Fields]":
        start = bytes(line[:64]).find(b',"data":"')
        head = json.loads(bytes(line[:start]) + b"}")
        push, at = head["push"], head["at"]
        if push != self.push:
            return "ack", {"push": push, "at": 0, "error": self._why_not(push)}
        text = line[start + 9 : len(line) - SEAL - 1]
        end = at + _length(text)
        if end <= self._at:
            return self._ack()
        if at != self._at or end > len(self._room or b""):
            return self._ack("offset")
        assert self._file and self._room is not None
        data = memoryview(self._room)[at:end]
        _unescape(text, data)
        try:
            self._file.write(data)
            if end - self._synced >= SYNC:
                self._file.flush()
                self._synced = end
        except OSError as error:
            self.let_go()
            return "ack", {"push": push, "at": at, "error": "flash", "message": str(error)}
        self._hash.update(data)
        self._at = end
        return self._ack()

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
            if name == "quit" and not self._node.running:
                self.quit = True
            elif name in commands:
                answer.update(commands[name](fields))
            else:
                raise Refused("unknown", f"no command {name!r}")
        except Refused as error:
            answer["error"] = error.name
            answer["message"] = error.message
            if error.name == "incomplete":
                answer["at"] = self._at
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
        return self._node.facts()

    def _list(self, _: "Fields") -> "Fields":
        previous = self._store.previous()
        return {
            "active": self._node.active,
            "previous": self._node.describe(previous) if previous else None,
            "part": [{"sha256": sha, "bytes": size} for sha, size in self._store.parts()],
        }

    def _begin_push(self, fields: "Fields") -> "Fields":
        length, sha256 = fields["length"], fields["sha256"]
        if fields["protocol"] != PROTOCOL:
            raise Refused("protocol", f"the node speaks version {PROTOCOL} of the protocol")
        if not isinstance(length, int) or not _is_hash(sha256):
            raise ValueError("length or sha256")
        self.let_go()
        self._last += 1
        active = self._node.active
        if active and active["sha256"] == sha256:
            return {"active": active}
        if not 48 <= length <= 1 << 20:
            raise Refused("length", f"a model has 48 to {1 << 20} bytes, not {length}")
        self._node.admit(fields)
        self._take_room(length)
        there = self._store.prepare(sha256)
        if there > length:
            self._store.discard(sha256)
            there = 0
        lacking = self._store.lacks(length - there)
        if lacking:
            self._room = None
            raise Refused("flash", f"the filesystem has {lacking} bytes too few free")
        self._hash = hashlib.sha256()
        self._open(sha256, there)
        self._begin = fields
        self.push = self._last
        return {"push": self.push, "at": self._at}

    def _take_room(self, length: int) -> None:
        self._room = None
        gc.collect()
        try:
            self._room = bytearray(length)
        except MemoryError:
            raise Refused("ram", f"the heap has no {length} bytes in one piece") from None

    def _open(self, sha256: str, there: int) -> None:
        """Open the part at its end, and take over what is in it."""
        path = self._store.part(sha256)
        view = memoryview(self._room or b"")
        at = 0
        if there:
            with open(path, "rb") as f:
                while at < there:
                    n = f.readinto(view[at : min(at + COMPARE, there)])
                    if not n:
                        raise OSError(5, path)
                    at += n
            self._hash.update(view[:at])
        self._file = open(path, "ab")  # noqa: SIM115
        self._at = self._synced = at

    def _end_push(self, fields: "Fields") -> "Fields":
        push = fields["push"]
        if push == self._done_push and self._done:
            return self._done
        if push != self.push or not push:
            raise Refused(self._why_not(push), f"no push {push} is under way")
        if self._at < len(self._room or b""):
            raise Refused("incomplete", f"{self._at} of {len(self._room or b'')} bytes are there")
        sha256 = self._begin["sha256"]
        assert self._file and self._room is not None
        room = self._room
        try:
            self._file.close()
            self._file = None
            self._check_whole(room, sha256)
            self._node.verify(room, self._begin)
            loaded = self._node.load(room, sha256)
        except Refused:
            self.let_go()
            self._store.discard(sha256)
            raise
        replaced, ran = self._node.active, self._node.number
        self._node.swap(loaded, self._store.commit(sha256), 0)
        self._done_push = push
        self._done = {"active": self._node.active, "previous": replaced}
        self.let_go()
        try:  # noqa: SIM105
            self._store.tidy(ran)
        except OSError:
            pass  # the next push does it
        return self._done

    def _check_whole(self, room: bytearray, sha256: str) -> None:
        """What is in flash is what came, and that is what was announced."""
        piece = bytearray(COMPARE)
        view, read = memoryview(room), memoryview(piece)
        at = 0
        with open(self._store.part(sha256), "rb") as f:
            while True:
                n = f.readinto(piece)
                if not n or read[:n] != view[at : at + n]:
                    break
                at += n
        if at != len(room) or self._hash.digest().hex() != sha256:
            raise Refused("hash", "the bytes in flash are not those that were announced")

    def _rollback(self, fields: "Fields") -> "Fields":
        to = fields["to"]
        replaced = self._node.active
        if replaced and replaced["sha256"] == to:
            previous = self._store.previous()
            return {
                "active": replaced,
                "previous": self._node.describe(previous) if previous else None,
            }
        self.let_go()
        slot = self._store.previous()
        found = self._node.describe(slot) if slot else None
        if not slot or not found or found["sha256"] != to:
            raise Refused("no_model", "the node has no such previous model")
        loaded = self._node.load_slot(slot)
        self._node.swap(loaded, self._store.activate(slot), None)
        return {"active": self._node.active, "previous": replaced}


def _is_sealed(line: "memoryview") -> bool:
    """Whether a line ends with the right crc."""
    end = bytes(line[-SEAL:])
    if len(line) <= SEAL or end[:8] != b',"crc":"' or end[16:] != b'"}':
        return False
    return end[8:16] == f"{crc32(line[:-SEAL]):08x}".encode()


def _length(text: "memoryview") -> int:
    """Bytes that the text of a piece stands for: = and the character after it stand for one."""
    count = len(text)
    for at in range(0, len(text), CHUNK):
        count -= bytes(text[at : at + CHUNK]).count(b"=")
    return count


def _unescape(text: "memoryview", data: "memoryview") -> None:
    """Turn the text of a piece into its bytes, of which the length is right. Raises ValueError.

    By small chunks, since on a heap in use there may be no room for a whole piece more.
    """
    n, escaped = 0, False
    for at in range(0, len(text), CHUNK):
        parts = bytes(text[at : at + CHUNK]).split(b"=")
        for i, part in enumerate(parts):
            if i:
                if escaped:
                    raise ValueError("=")
                escaped = True
            if part and escaped:
                data[n] = part[0] ^ 0x40
                n += 1
                part = part[1:]
                escaped = False
            data[n : n + len(part)] = part
            n += len(part)
    if escaped:
        raise ValueError("=")


def _is_hash(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and all(c in "0123456789abcdef" for c in text)
