# Runs in the firmware unix-fuzz: libFuzzer on what a node is sent, from LineReader to Store.
# micropython fuzz_lines.py OLD NEW ARGUMENT...
# An input is what comes over the line, with the marks of tests/lab/fuzz_lines.txt for what random
# bytes would never hit. One node takes all inputs; after each it is as it was before.
import hashlib
import io
import json
import sys

import fuzz
from host_lines import escape, seal
from ramfiles import RamFiles


class NoCollector:
    """In place of the module gc: each of these looks through the heap, before each answer."""

    @staticmethod
    def mem_free():
        return 100_000

    mem_alloc = mem_free

    @staticmethod
    def collect():
        pass

    @staticmethod
    def threshold(size=-1):
        return -1


with open(sys.argv[1], "rb") as f:
    OLD = f.read()
with open(sys.argv[2], "rb") as f:
    NEW = f.read()
FILES = RamFiles()
FILES.install()
sys.modules["gc"] = NoCollector

from xnornode.line_reader import LineReader  # noqa: E402
from xnornode.model_manager import ModelManager  # noqa: E402
from xnornode.model_store import Store, read  # noqa: E402
from xnornode.receiver import Receiver  # noqa: E402

FRAME = 512
FIRST = 100
FOLDER = "/models"
EVENTS = ("hello", "reply", "ack")


class Line(io.IOBase):
    """The line, for a LineReader: gives what it is fed, byte by byte."""

    def __init__(self):
        self.data, self.at = b"", 0

    def ioctl(self, request, arg):
        return arg & 1 if request == 3 and self.at < len(self.data) else 0  # poll: can be read

    def readinto(self, one):
        if self.at >= len(self.data):
            return None
        one[0] = self.data[self.at]
        self.at += 1
        return 1


def digest(data):
    return hashlib.sha256(data).digest().hex().encode()


MARKS = (  # that are the same in all lines
    (b"@", digest(NEW)),
    (b"%", digest(OLD)),
    (b"$", str(len(NEW)).encode()),
)
ESCAPED = [escape(NEW[at : at + 1]) for at in range(len(NEW))]


def filled(line, push):
    """A line of an input with its other placeholders filled in."""
    if b"#" in line:
        line = line.replace(b"#", str(push).encode())
    while b'"*' in line:
        before, rest = line.split(b'"*', 1)
        span, _, after = rest.partition(b'"')
        a, _, b = span.partition(b"-")
        text = b"?"
        if a.isdigit() and b.isdigit() and len(a) < 6 and len(b) < 6:
            text = b"".join(ESCAPED[int(a) : int(b)])
        line = before + b'"' + text + b'"' + after
    if line[:1] == b"!":
        line = seal(line[1:])
    return line


class Node:
    """One node, which is put back to its start after each input."""

    def __init__(self):
        FILES.mkdir(FOLDER)
        self.store = Store(FOLDER, "/none")
        self.line = Line()
        self.reader = LineReader(FRAME, self.line)
        self.put_back()
        self.models = ModelManager(self.store, None)
        self.state = dict(self.models.__dict__)
        self.active = dict(self.models.active)

    def put_back(self):
        """Only the old model is there."""
        FILES.files.clear()
        FILES.files[FOLDER + "/1.bnn"] = bytearray(OLD)

    def start(self):
        """A receiver of its own for each input: it keeps the push under way."""
        for name, value in self.state.items():
            setattr(self.models, name, value)
        self.models.active = dict(self.active)
        self.receiver = Receiver(self.store, self.models, FIRST)

    def feed(self, data, bytewise):
        """Send a line; look at what the node answers."""
        if not bytewise:
            answer = self.receiver.line(memoryview(data))
            if answer:
                self.check(*answer)
            return
        self.line.data, self.line.at = data + b"\n", 0
        while True:
            try:
                line = self.reader.read(0)
            except KeyboardInterrupt:
                fuzz.state(7)
                continue
            if line is None and not self.reader.damaged:
                if self.line.at >= len(self.line.data):
                    return
                continue
            answer = self.receiver.damaged() if line is None else self.receiver.line(line)
            if answer:
                self.check(*answer)

    def check(self, event, fields):
        assert event in EVENTS, event
        json.dumps(fields)
        assert fields["id" if event != "ack" else "push"] is not False
        error = fields.get("error")
        push = self.receiver.push
        fuzz.state(hash((event, error, push is not None, push.at >> 5 if push else 0)))
        assert error is None or isinstance(error, str)
        assert error != "internal", fields

    def power_cut(self):
        """The node starts again: with the old model or the new one, and nothing else."""
        self.receiver.let_go()
        files = FILES.files
        if len(files) == 1 and files.get(FOLDER + "/1.bnn") == OLD:
            return
        for _ in self.store.parts():
            fuzz.state(11)
        slots, _ = self.store.start()
        assert slots
        data = read(slots[0].path)
        assert data in (OLD, NEW), "a model that nobody made"
        assert len(files) <= 3, "two models and a part"
        fuzz.state(hash((data == NEW, slots[0].starts, len(slots))))
        self.put_back()


def main(arguments):
    node = Node()

    def one(data):
        node.start()
        bytewise = data[:1] == b"~"
        for mark, value in MARKS:
            data = data.replace(mark, value)
        for line in data[bytewise:].split(b"\n"):
            if line:
                node.feed(filled(line, node.receiver._last), bytewise)
        node.power_cut()

    return fuzz.run(arguments, one)


sys.exit(main(sys.argv[3:]))
