"""Hosts that send what no host sends: commands with a right CRC whose keys are anything."""

import itertools
import json
import random
import time
from collections.abc import Callable, Iterator
from hashlib import sha256

from xnornode.link.framing import command, seal, unseal
from xnornode.link.messages import Begun, Event, Hello, Unknown
from xnornode.link.parsing import parse
from xnornode.link.protocol import Session
from xnornode.link.push import Push
from xnornode.link.send_window import escape

PUSH = b"7777777777"
"""Stands for the number of the last push that was begun."""
DEEP = 110
PATIENCE, TRIES = 20.0, 3
"""Seconds for the answer to a `hello`, and how often it is said."""
VALUES = [
    *("null", "true", "-1", "0", "1", "47", "48", "1.5", "1e300", "1e999", "-0", "4294967296"),
    *("9" * 40, '""', '"zz"', f'"{"0" * 63}"', f'"{"0" * 64}"', f'"{"A" * 64}"', f'"{"x" * 64}"'),
    *('"\\u0000"', '"\\u0003"', '"\u00e9"', '"\\ud800"', '"../../xnornode.key"', '"#"', '"="'),
    *(
        "[]",
        "{}",
        "[[]]",
        '{"a":{"b":[1]}}',
        "[" * DEEP + "]" * DEEP,
        '{"a":' * 60 + "1" + "}" * 60,
    ),
    *("NaN", "Infinity", "tru", "[", '"', "\\"),
]
"""JSON, and nearly so."""
ODD = [
    b'{"cmd":"hello","id":' + b"[" * 120 + b"]" * 120,
    b'{"cmd":"list","id":' + b'{"a":' * 70 + b"1" + b"}" * 70,
    b'{"cmd":' + b"[" * 120 + b"]" * 120 + b',"id":1',
    b'{"cmd":"dance","id":1,"x":' + b"[" * 2000 + b"]" * 2000,
    b'{"cmd":"hello","id":1' + b',"a":1' * 600,
    b'{"cmd":"hello","id":"' + b"x" * 4000 + b'"',
    b'{"cmd":"hello","id":' + b"9" * 4000,
    b'{"cmd":"hello","id":1,"id":[]',
    b'{"cmd":"hello","id":1,"cmd":"end"',
    b'{"cmd":"' + b"_" * 80 + b'","id":1',
    b'{"cmd":"_hello","id":1',
    b'{"cmd":"__init__","id":1',
    b'{"cmd":"\xff\xfe","id":1',
    b'{"cmd":"hello","id":1,"\xff":"\xc3"',
    b'{"push":' + b"[" * 2000 + b"]" * 2000,
    b'{"push":[[[[1]]]],"at":0,"data":"x"',
    b'{"push":%s,"at":1.0,"data":"x"' % PUSH,
    b'{"push":%s,"at":true,"data":"x"' % PUSH,
    b'{"push":%s,"at":-1,"data":"x"' % PUSH,
    b'{"push":%s,"at":99999999999999999999,"data":"x"' % PUSH,
    b'{"push":%s,"at":0,"data":"===="' % PUSH,
    b'{"push":%s,"at":0,"data":"' % PUSH,
    b'{"push":%s,"at":0,"data":"%s"' % (PUSH, b"x" * 4000),
    b'{"push":%s},"at":0,"data":"x"' % PUSH,
    b'{"push":',
    b"{",
    b"{}",
    b"[" * 400,
    b'"',
]
"""Picked by hand; objects without their end."""


def odd_lines(model: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """Lines without their end: those picked by hand, then `count` that are drawn.

    model: a file that the host could push; some lines do push parts of it. PUSH is to be replaced.
    """
    draw = random.Random(seed)
    begin = Push(model)._begin
    commands: dict[str, dict[str, object]] = {
        "hello": {},
        "list": {},
        "dance": {},
        "begin": {**begin, "signature": "0" * 64},
        "end": {"push": int(PUSH)},
        "rollback": {"to": sha256(model).hexdigest()},
        "name": {"name": "kitchen"},
        "kept": {},
        "fetch": {"number": 1, "at": 0},
        "forget": {"number": 1},
    }
    whole = [
        b'{"cmd":"begin","id":1,' + json.dumps(begin)[1:-1].encode(),
        b'{"push":%s,"at":0,"data":"%s"' % (PUSH, escape(model[:200])),
    ]
    ends = [b'{"cmd":"end","id":2,"push":%s' % PUSH] * 2
    unsigned = b'{"cmd":"begin","id":1,"hmac":"zz",' + json.dumps(begin)[1:-1].encode()
    rest = b'{"push":%s,"at":200,"data":"%s"' % (PUSH, escape(model[200:]))
    yield from map(_sealed, [unsigned, *whole, *ODD, *ends, *whole, rest, *ends])
    for _ in range(count):
        if draw.random() < 0.2:
            line = draw.choice([*whole, *ODD, *ends])
        else:
            name = draw.choice(list(commands))
            keys = {"cmd": name, "id": draw.randrange(2**31), **commands[name]}
            texts = {key: json.dumps(value) for key, value in keys.items()}
            for _ in range(draw.randrange(1, 3)):
                texts[draw.choice([*texts, "crc", "extra"])] = draw.choice(VALUES)
            if draw.random() < 0.2:
                del texts[draw.choice(list(texts))]
            line = b"{" + ",".join(f'"{k}":{v}' for k, v in texts.items()).encode()
        if draw.random() < 0.1:
            at = draw.randrange(len(line))
            line = line[:at] + bytes([draw.randrange(14, 256)]) + line[at + 1 :]
        yield line + b"}" if draw.random() < 0.1 else _sealed(line)


def _sealed(line: bytes) -> bytes:
    return line + b"\n"  # `attack` adds the crc, once it knows the number of the push


def attack(
    lines: Iterator[bytes], send: Callable[[bytes], list[Event]], most: int | None = None
) -> int:
    """Send lines, and look at the answers; how many came.

    send: sends a line without its end, and gives the answers. most: lines to send.
    """
    number, answers = b"1", 0
    for line in itertools.islice(lines, most):
        filled = line.replace(PUSH, number)
        if filled.endswith(b"\n"):
            filled = seal(filled[:-1]).rstrip(b"\n")
        for event in send(filled):
            assert not isinstance(event, Unknown), (filled, event)
            error = getattr(event, "error", None)
            assert error not in ("internal", "flash"), (filled, event)
            if isinstance(event, Begun):
                number = b"%d" % event.push
            answers += 1
    return answers


def over(session: Session) -> Callable[[bytes], list[Event]]:
    """A `send` for `attack`, to a node on a port: what comes before the answer to a `hello`."""
    numbers = itertools.count(1_900_000_000)

    def send(line: bytes) -> list[Event]:
        session.send(line + b"\n")
        events: list[Event] = []
        for number in itertools.islice(numbers, TRIES):  # a slow line may break one in two
            session.send(command("hello", number))
            deadline = time.monotonic() + PATIENCE
            while event := session.receive(deadline - time.monotonic()):
                if isinstance(event, Hello) and event.id == number:
                    return events
                events.append(event)
                if time.monotonic() > deadline:
                    break
        raise AssertionError(f"no answer after {line!r}")

    return send


def events(said: bytes) -> list[Event]:
    """The events in what a simulated node says."""
    fields = unseal(said) if said else None
    assert fields or not said, said
    event = parse(fields) if fields else None
    return [event] if event else []
