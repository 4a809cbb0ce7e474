"""Lines that no healthy node sends: each field of each event missing, or of each odd value.

The CRCs are right, so that only the schema stands between a line and the program.
"""

import functools
import json
import random
from collections.abc import Iterator

from xnornode.link.framing import seal

ID = b"1234567890123"
"""Stands for the number of the command that is answered. It is to be replaced."""
DEEP = 5_000
FORMULAS = ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1")
TEXTS = (
    *FORMULAS,
    "\x1b[2J\x1b[31mred",
    "\x9b2J",
    "\x1b]0;title\x07",
    "".join(map(chr, range(32))),
    "\x7f\x85\u2028",
    "abc\u202edcba",  # right to left from here on
    "\u2066\u200b\ufeff",
    "\ud800",
    '","crc":"00000000"}',
    '{"event":"end","count":1',
    "[bold red]markup[/]",
    "<img src=x onerror=document.title='taken'><script>document.title='taken'</script>",
    "%s%n{0}",
    "../../etc/passwd",
    "x" * 4096,
    "\x1b" * 4096,
    "x" * 60_000,
)
VALUES = (
    *(json.dumps(text) for text in TEXTS),
    *("null", "true", "false", '""', "[]", "{}", "-1", "0", "1", "64", "1.0", "1.5", "-0.0"),
    *("NaN", "Infinity", "-Infinity", "1e300", "-1e300", "1e999", "4294967295", "4294967296"),
    *("9007199254740991", "9007199254740992", "9" * 400, "-" + "9" * 400, "9" * 5000),
    *("[[]]", '{"a":{"b":[1]}}', '["a",1,null]', "[" + ",".join(["1"] * 300) + "]"),
    *("[" * DEEP + "]" * DEEP, '{"a":' * 900 + "1" + "}" * 900),
    *("tru", "[", '"', "\\", "'a'", ""),
)
"""JSON, and nearly so."""
HASH = '"' + "0" * 64 + '"'
MODEL = f'{{"name":"m","revision":1,"bytes":9,"sha256":{HASH},"trial":null}}'
NUMBER = ID.decode()
HELLO = (
    f'"id":{NUMBER},"protocol":1,"session":"s","library":"","bnn":"","format":3,"firmware":"",'
    '"machine":"","frame":700,"window":2,"flash":1,"ram":1,"model":null,"channels":null,'
    '"running":true,"signed":false'
)
EVENTS = {
    "ready": '"session":"s","seq":0,"bnn":"","firmware":"","machine":"","model":"m","revision":1,'
    '"model_crc":"00000000","bytes":9,"labels":["a"],"ram":9,"note":""',
    "prediction": '"seq":0,"ms":1,"label":"a","index":0,"scores":[1],"us":9',
    "prediction with an answer": '"seq":1,"ms":2,"label":"a","index":0,"scores":[1],"us":9,'
    '"confidence":934,"answer":"unknown"',
    "detected": '"seq":1,"ms":2,"label":"a","confidence":934',
    "button": '"at":40,"ms":401',
    "source": '"name":"r0"',
    "end": '"count":1',
    "warning": '"warning":"fast"',
    "error": '"error":"no"',
    "error with a traceback": '"error":"no","traceback":"Traceback:\\n  File x\\nNo"',
    "ack": '"push":7,"at":0',
    "ack refused": '"push":7,"at":0,"error":"ram","message":"m"',
    "hello": HELLO,
    "hello with a name": HELLO + ',"device":"e6614c31","name":"kitchen"',
    "hello with a model": HELLO.replace('"model":null', f'"model":{MODEL}'),
    "reply refused": f'"id":{NUMBER},"error":"ram","message":"m","at":0',
    "reply to list": f'"id":{NUMBER},"active":{MODEL},"previous":{MODEL},'
    f'"part":[{{"sha256":{HASH},"bytes":1}}]',
    "reply to name": f'"id":{NUMBER},"name":"kitchen"',
    "reply to begin": f'"id":{NUMBER},"push":7,"at":0',
    "reply to end": f'"id":{NUMBER},"active":{MODEL},"previous":null',
    "reply of the same": f'"id":{NUMBER},"active":{MODEL}',
    "reply to kept": f'"id":{NUMBER},"ring":"1a2b3c4d","session":"s","ms":9,"windows":1,'
    '"bytes":4096,"bound":8192,"below":600,"oldest":1,"next":2,"overwritten":0,"passed":0,'
    '"written":900,"total":900,"per_hour":12,"erases":2,"blocks":200,"years":95,"why":""',
    "reply to fetch": f'"id":{NUMBER},"number":1,"bytes":900,"at":0,"data":"AAE="',
    "reply": f'"id":{NUMBER}',
    "later": '"key":1',
}
"""The fields of each line as it should be."""
WHOLE = seal(b'{"event":"prediction",' + EVENTS["prediction"].encode())
BROKEN = (
    b"",
    b"\n",
    b"\x00" * 300 + b"\n",
    b"\xff\xfe\xc3\x28\n",
    b"{\n",
    b"}\n",
    b'{"event":\n',
    b'{"event":' * 400 + b"\n",
    b'{"event":"end","count":1}\n',
    b"temperature 21.5 " + WHOLE,
    b"{x} \x1b[2J" + WHOLE,
    WHOLE[:-1] + WHOLE,
    WHOLE[:-1] * 3 + b"\n",
    WHOLE * 3,
    WHOLE[:40],
    WHOLE.replace(b"\n", b"\r\n"),
    WHOLE.replace(b"\n", b"\r"),
    seal(b'{"event":"\xff\xfe\xc3"'),
    seal(b'{"event":"error","error":"\xed\xa0\x80\xff"'),
    seal(b'{"event":"error","error":"\x1b[2J"'),
    seal(b'{"event":["end"],"count":1'),
    seal(b'{"event":"end","count":1,"count":"x","event":"ready"'),
    seal(b'{"cmd":"hello","id":1'),
    seal(b"{"),
    seal(b'["event"'),
    seal(b'{"event":"' + b"\\u001b" * 9000 + b'"'),
    b'{"event":"prediction","x":"' + b"y" * 70_000 + b'"}\n',
    b"z" * 200_000,
    b">>> ",
    b"\r\n>>> \r\n>>> ",
    b"raw REPL; CTRL-B to exit\r\n>",
    b"\x04\x04>",
)
"""What is no line, none of a node, or several; also without an end."""


@functools.cache
def odd_events() -> tuple[tuple[str, bytes], ...]:
    """All of them: what is odd about each, and its line."""
    return tuple(_odd_events())


def _odd_events() -> Iterator[tuple[str, bytes]]:
    for name, fields in EVENTS.items():
        event = name.split(" ")[0]
        decoded = json.loads("{" + fields + "}")
        yield f"{name} as it should be", _line(event, decoded)
        for key in decoded:
            yield f"{name} without {key}", _line(event, decoded, without=key)
            for value in VALUES:
                yield f"{name} with {key} {value[:30]}", _line(event, decoded, {key: value})
    for number, line in enumerate(BROKEN):
        yield f"broken {number}", line


def some_odd_events(count: int, seed: int) -> list[tuple[str, bytes]]:
    """So many of `odd_events`, drawn, in an order of no node, and some of them twice."""
    return random.Random(seed).choices(odd_events(), k=count)


def _line(
    event: str, fields: dict[str, object], odd: dict[str, str] | None = None, without: str = ""
) -> bytes:
    texts = {key: json.dumps(value, separators=(",", ":")) for key, value in fields.items()}
    texts |= odd or {}
    texts.pop(without, None)
    body = "".join(f',"{key}":{text}' for key, text in texts.items())
    return seal(f'{{"event":"{event}"{body}'.encode())


def answering(line: bytes, number: bytes) -> bytes:
    """The line as the answer to the command of this number, with its CRC."""
    if ID not in line:
        return line
    return seal(line.replace(ID, number)[: -len(',"crc":"89abcdef"}\n')])
