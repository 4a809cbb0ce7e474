"""Fuzzes what the PC reads from outside: lines, files of all kinds, answers of a board's REPL.

    python -m tools.stress.fuzz_parsers                         ten seconds of each
    python -m tools.stress.fuzz_parsers npz --runs 100000
    python -m tools.stress.fuzz_parsers npz --crash FILE        run one input again

Good inputs are changed at random, by bytes and by what the format has: members of an archive, lines
with their CRC. Whatever comes, the reader returns, or raises an XnorNodeError. It takes no more
than some seconds of the processor and some hundred megabytes. The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.lab.livenode import model_bytes
from tests.lab.nets import sealed
from tools.firmware.sources import BUILD
from tools.stress import board_targets, data_targets
from xnornode.data import recording_file
from xnornode.data.edge_impulse import read_acquisition
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.data.sound import read_sound
from xnornode.data.windows import Recording
from xnornode.errors import XnorNodeError
from xnornode.link.framing import command, seal, unseal
from xnornode.link.guard import Filter, to_host, to_node
from xnornode.link.keys import read_key
from xnornode.link.parsing import parse
from xnornode.model.model_file import load_model
from xnornode.nn.layers import parameter
from xnornode.nn.optimizers import Adam
from xnornode.training.checkpoint import TrainingState, read_checkpoint, write_checkpoint

FOLDER = BUILD / "fuzz"
SECONDS = 10.0
MOST_CPU = 10.0
"""Seconds of the processor that one input may take."""
MOST_MEMORY = 400 << 10
"""KiB of memory that all inputs of a target may add."""
MOST_BYTES = 1 << 16
NUMBERS = (
    b"0",
    b"-1",
    b"255",
    b"65536",
    b"2147483648",
    b"9007199254740993",
    b"1e400",
    b"NaN",
    b"1_0",
)
WORDS = (
    b"null",
    b"{}",
    b"[" * 300,
    b"(" * 300,
    b'"',
    b"\\u0000",
    b"\0",
    b"\xff",
    b"\n",
    b",",
    b";",
)
TOKENS = (*NUMBERS, *WORDS)
EVENTS = (
    b'{"event":"prediction","seq":1,"ms":10,"label":"a","index":0,"scores":[1,-2],"us":900',
    b'{"event":"end","count":3',
    b'{"event":"ack","push":7,"at":0,"error":"damaged"',
    b'{"event":"reply","id":1,"active":{"name":"m","revision":1,"bytes":9,"sha256":"","trial":null}',
    b'{"event":"reply","id":4,"active":null,"previous":null,"part":[{"sha256":"0","bytes":1}]',
)
COMMANDS = (
    command("hello", 1),
    command("end", 4, push=7),
    command("begin", 3, protocol=1, length=9, sha256="0" * 64, revision=1),
    seal(b'{"push":7,"at":0,"data":"abc=}"'),
)


class FuzzError(Exception):
    """Something was found; the text says what, and how to see it again."""


class TooSlow(BaseException):
    """An input takes too much time. No reader catches it."""


@dataclass(frozen=True)
class Target:
    """A reader of bytes from outside.

    Parameters
    ----------
    seeds : list of bytes
        Good inputs.
    take : callable
        Reads one input. Any exception but XnorNodeError is a find.
    change : callable, optional
        Changes an input in a way that the format knows.
    """

    seeds: list[bytes]
    take: Callable[[bytes], object]
    change: Callable[[random.Random, bytes], bytes] | None = None


def changed(rng: random.Random, data: bytes) -> bytes:
    """Bytes with one to four random changes."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(made) + 1)
        to = min(len(made), at + rng.choice((1, 1, 2, 4, 16, 64)))
        match rng.randrange(7):
            case 0 if at < len(made):
                made[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(made):
                made[at] = rng.choice(b"\x00\x01\x7f\x80\xff")
            case 2:
                del made[at:to]
            case 3:
                made[at:at] = made[at:to] * rng.choice((1, 2, 50))
            case 4:
                made[at:to] = rng.choice(TOKENS)
            case 5:  # a number becomes another one
                while at < len(made) and not made[at : at + 1].isdigit():
                    at += 1
                to = at
                while made[to : to + 1].isdigit():
                    to += 1
                made[at:to] = rng.choice(NUMBERS)
            case _:
                del made[at if rng.randrange(4) == 0 else len(made) :]
    return bytes(made[:MOST_BYTES])


def change_line(rng: random.Random, line: bytes) -> bytes:
    """A line whose body is changed, with the right CRC."""
    return seal(changed(rng, line[:-19]).replace(b"\n", b""))


def change_model(rng: random.Random, data: bytes) -> bytes:
    """A model file with its right length and CRC."""
    made = changed(rng, data)
    return sealed(made[: len(made) // 4 * 4]) if len(made) > 48 else made


def change_archive(rng: random.Random, data: bytes) -> bytes:
    """An archive with a changed member, and with the right CRC."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
            members = {name: old.read(name) for name in old.namelist()}
            chosen = rng.choice([*members])
            for name, content in members.items():
                # Most of a member is numbers; its first bytes are the header
                head = changed(rng, content[:128]) if name == chosen else content[:128]
                new.writestr(name, head + content[128:])
    except Exception:  # an archive that was damaged before
        return changed(rng, data)
    return out.getvalue()


def savez(**arrays: object) -> bytes:
    """The bytes of a .npz file."""
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def save(array: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> bytes:
    """The bytes of a .npy file."""
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def recording() -> bytes:
    """A small `.rec` file."""
    samples = np.arange(12, dtype=np.int16).reshape(6, 2)
    record = Recording(samples, "walk", "p1", "r0")
    return recording_file.to_bytes(
        recording_file.RecordFile(record, ("x (g)", "y (g)"), (1, 2), 50_000)
    )


def state() -> TrainingState:
    """What a small checkpoint is read into."""
    values = np.zeros((2, 3), np.float32)
    optimizer = Adam([parameter(values)])
    return TrainingState([values], [values.copy()], optimizer, np.random.default_rng(0))


def take_stream(data: bytes) -> None:
    """Lines of a node, as the link reads them; and a guard, both ways."""
    for line in data.split(b"\n"):
        fields = unseal(line)
        if fields is not None:
            parse(fields)
    for passes in (to_host, to_node):
        for line in Filter(passes).feed(data + b"\n"):
            if len(line) > 2 * len(data) + 6 * MOST_BYTES:
                raise FuzzError("a guard makes a line longer")


def targets(folder: Path) -> dict[str, Target]:
    """All of them. folder: for the files that readers want."""

    def by_file(name: str, reader: Callable[[Path], object]) -> Callable[[bytes], object]:
        def take(data: bytes) -> object:
            path = folder / name
            path.unlink(missing_ok=True)  # ext4 puts a file that is overwritten on the disk at once
            path.write_bytes(data)
            return reader(path)

        return take

    def labelled(path: Path) -> object:
        return read(path, ReadOptions(label_all="a", rows="samples"))

    def sound(path: Path) -> object:
        return read_sound(path, ReadOptions(), "a")

    def acquisition(path: Path) -> object:
        return read_acquisition(path, ReadOptions(), "a")

    (folder / "images" / "a").mkdir(parents=True, exist_ok=True)
    windows = np.arange(96, dtype=np.int16).reshape(6, 8, 2)
    labels = np.array(["a", "b"] * 3)
    arrays = savez(X=windows, y=labels, groups=np.arange(6))
    parts = savez(
        X_train=windows, y_train=np.arange(6) % 2, X_test=windows, y_test=np.arange(6) % 2
    )
    write_checkpoint(folder / "seed", "settings", state())
    checkpoint = (folder / "seed").read_bytes()
    np.save(folder / "y.npy", labels)
    table = b"time_ms,ax,ay,label,person\n" + b"".join(
        b"%d,%d,%d.5,%s,p%d\n" % (10 * i, i, i, b"walk" if i % 20 < 10 else b"run", i % 3)
        for i in range(40)
    )
    texts = b"label,text\n" + b'en,the quick brown fox\nde,der "Fuchs"\n' * 8
    rows = b"a;b;class\n" + b"1,5;2;x\n3,25;4;y\n" * 6
    return {
        "lines": Target([*map(seal, EVENTS), *COMMANDS], take_stream, change_line),
        "rec": Target([recording()], lambda data: recording_file.from_bytes(data, "r.rec")),
        "npz": Target([arrays, parts], by_file("d.npz", read), change_archive),
        "npy": Target([save(windows), save(windows[:, 0])], by_file("X.npy", read)),
        "csv": Target([table, texts, rows], by_file("d.csv", read)),
        "log": Target(
            [data_targets.LOG, data_targets.PAIRS, data_targets.OBJECTS],
            by_file("d.log", labelled),
        ),
        "wav": Target([data_targets.sound(), data_targets.sound(3, 2)], by_file("d.wav", sound)),
        "json": Target([data_targets.as_json()], by_file("d.json", acquisition)),
        "cbor": Target([data_targets.as_cbor()], by_file("d.cbor", acquisition)),
        "image": Target(
            [
                data_targets.image("PNG"),
                data_targets.image("JPEG", "RGB"),
                data_targets.image("BMP"),
            ],
            by_file("images/a/1.png", lambda path: read(path.parents[1])),
        ),
        "checkpoint": Target(
            [checkpoint],
            by_file("c", lambda path: read_checkpoint(path, "settings", state())),
            change_archive,
        ),
        "model": Target([model_bytes()], by_file("m.bnn", load_model), change_model),
        "key": Target([b"0f" * 32 + b"\n"], by_file("k", read_key)),
        "repl": Target(
            [board_targets.TAKES_CODE + a + board_targets.ENDS for a in board_targets.ANSWERS],
            board_targets.take_answer,
            board_targets.change_answer(changed),
        ),
        "uf2": Target([board_targets.firmware()], board_targets.take_firmware),
    }


def inputs(target: Target, seed: int) -> Iterator[bytes]:
    """What a target is given: its seeds first, then changes to them and to what became of them."""
    rng = random.Random(seed)
    pool = list(target.seeds)
    yield from pool
    while True:
        data = rng.choice(pool)
        if target.change and rng.randrange(3):
            data = target.change(rng, data)
        else:
            data = changed(rng, data)
        yield data
        if rng.randrange(50) == 0:
            pool[len(target.seeds) :] = [*pool[len(target.seeds) :], data][-50:]


@contextmanager
def little_time() -> Iterator[None]:
    """Raise TooSlow after MOST_CPU seconds of the processor."""

    def stop(*_: object) -> None:
        raise TooSlow(f"more than {MOST_CPU:g} s of the processor")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_CPU)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def memory() -> int:
    """The most memory that this program has had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def take(target: Target, data: bytes) -> bool:
    """Give a target one input; whether it was accepted. Raises what is a find."""
    try:
        with little_time():
            target.take(data)
    except XnorNodeError:
        return False
    return True


def fuzz(name: str, target: Target, runs: int | None, seconds: float, seed: int = 1) -> str:
    """An account. Raises FuzzError for a find, whose input is kept."""
    start, at_start, done, accepted = time.monotonic(), memory(), 0, 0
    for data in inputs(target, seed):
        if done == runs or (runs is None and time.monotonic() > start + seconds):
            break
        try:
            accepted += take(target, data)
            if memory() > at_start + MOST_MEMORY:
                raise FuzzError(f"it takes more than {MOST_MEMORY >> 10} MiB")
        except (Exception, TooSlow) as error:
            FOLDER.mkdir(parents=True, exist_ok=True)
            crash = FOLDER / f"{name}-crash"
            crash.write_bytes(data)
            raise FuzzError(
                f"{name}: {type(error).__name__}: {error}\n"
                f"run it again: python -m tools.stress.fuzz_parsers {name} --crash {crash}"
            ) from error
        done += 1
    rate = done / max(1e-9, time.monotonic() - start)
    return f"{name}: {done:,} inputs, {rate:,.0f} a second, {accepted:,} accepted, nothing found"


def main(argv: list[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Fuzz what the PC reads from outside.")
    parser.add_argument("target", nargs="?", help="default: one after the other")
    parser.add_argument("--seed", type=int, default=1, help="default %(default)s")
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument("--seconds", type=float, default=SECONDS, help="default %(default)s")
    how_long.add_argument("--runs", type=int, help="so many inputs instead")
    how_long.add_argument("--crash", type=Path, metavar="FILE", help="run one input again")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        known = targets(Path(folder))
        if options.target not in (None, *known):
            parser.error(f"the targets are {', '.join(known)}")
        if options.crash:
            print(take(known[options.target or "lines"], options.crash.read_bytes()))
            return 0
        try:
            for name in [options.target] if options.target else known:
                print(
                    fuzz(name, known[name], options.runs, options.seconds, options.seed), flush=True
                )
        except FuzzError as error:
            print(f"fuzz: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
