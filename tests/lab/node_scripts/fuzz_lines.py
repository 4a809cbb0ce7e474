# Runs in the firmware unix-fuzz: libFuzzer on what a node is sent, from LineReader to Store.
# micropython fuzz_lines.py OLD NEW FOLDER ARGUMENT...
# An input is what comes over the line, with the marks of tests/lab/fuzz_lines.txt for what random
# bytes would never hit.
import hashlib
import io
import json
import os
import sys

import fuzz
from host_lines import escape, seal

from xnornode.line_reader import LineReader
from xnornode.model_manager import ModelManager
from xnornode.model_store import Store, read
from xnornode.receiver import Receiver

FRAME = 512
FIRST = 100
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
    return hashlib.sha256(data).digest().hex()


def filled(line, push, old, new):
    """A line of an input with its placeholders filled in."""
    marks = {b"#": str(push), b"@": digest(new), b"%": digest(old), b"$": str(len(new))}
    for mark, value in marks.items():
        line = line.replace(mark, value.encode())
    while b'"*' in line:
        before, rest = line.split(b'"*', 1)
        span, _, after = rest.partition(b'"')
        a, _, b = span.partition(b"-")
        text = b"?"
        if a.isdigit() and b.isdigit() and len(a) < 6 and len(b) < 6:
            text = escape(new[int(a) : int(b)])
        line = before + b'"' + text + b'"' + after
    if line[:1] == b"!":
        line = seal(line[1:])
    return line


class Session:
    """One node, from its start to a power cut."""

    def __init__(self, folder, old, new):
        self.store = Store(folder + "/models", folder + "/none")
        self.old, self.new = old, new
        self.clean(folder)
        self.store.start()
        self.node = ModelManager(self.store, None)
        self.receiver = Receiver(self.store, self.node, FIRST)
        self.line = Line()
        self.reader = LineReader(FRAME, self.line)

    def clean(self, folder):
        """Put the store back to the old model alone."""
        path = folder + "/models"
        if os.listdir(path) == ["1.bnn"] and read(path + "/1.bnn") == self.old:
            return
        for name in os.listdir(path):
            os.remove(path + "/" + name)
        with open(path + "/1.bnn", "wb") as f:
            f.write(self.old)

    def feed(self, data, bytewise):
        """Send a line; look at what the node answers."""
        if not bytewise:
            answer = self.receiver.line(memoryview(data[:-1]))
            if answer:
                self.check(*answer)
            return
        self.line.data, self.line.at = data, 0
        while True:
            try:
                line = self.reader.read(0)
            except KeyboardInterrupt:
                fuzz.state(7)
                continue
            if line is None and not self.reader.damaged:
                if self.line.at >= len(data):
                    return
                continue
            answer = self.receiver.damaged() if line is None else self.receiver.line(line)
            if answer:
                self.check(*answer)

    def check(self, event, fields):
        assert event in EVENTS, event
        text = json.dumps(fields)
        assert json.loads(text)["id" if event != "ack" else "push"] is not False
        error = fields.get("error")
        push = self.receiver.push
        fuzz.state(hash((event, error, push is not None, push.at >> 5 if push else 0)))
        assert error is None or isinstance(error, str)
        assert error != "internal", fields

    def power_cut(self):
        """The node starts again: with the old model or the new one."""
        self.receiver.let_go()
        slots, _ = self.store.start()
        assert slots
        data = read(slots[0].path)
        assert data in (self.old, self.new), "a model that nobody made"
        fuzz.state(hash((data == self.new, slots[0].starts, len(slots))))


def main(old, new, folder, *arguments):
    with open(old, "rb") as f:
        old = f.read()
    with open(new, "rb") as f:
        new = f.read()

    def one(data):
        session = Session(folder, old, new)
        bytewise = data[:1] == b"~"
        for line in data[bytewise:].split(b"\n"):
            if line:
                line = filled(line, session.receiver._last, old, new)
                session.feed(line + b"\n", bytewise)
        session.power_cut()

    return fuzz.run(arguments, one)


sys.exit(main(*sys.argv[1:]))
