"""The long form of the tests of pushes, for a night: `make soak`.

    python -m tools.stress.soak                            all of it, one after the other
    python -m tools.stress.soak faults --pushes 12000  faulted pushes to a node on this computer
    python -m tools.stress.soak faults --link tcp --pushes 300  to one that listens on a TCP port
    python -m tools.stress.soak faults --link mqtt --pushes 2000  to one on a broker
    python -m tools.stress.soak faults --link gateway --pushes 300  to one behind a gateway
    python -m tools.stress.soak commands --runs 2000   each command, floods and dead starts too
    python -m tools.stress.soak cuts                   each power cut, booted
    python -m tools.stress.soak stream --seconds 3600  a node at its full rate, pushes in between
    python -m tools.stress.soak sampling --seconds 600 ... and a sensor at 100 Hz: no sample lost
    python -m tools.stress.soak rollouts --nodes 200   a poisoned model, and a good one

Accounts go to stdout, progress to stderr. Exit status 1 as soon as something does not hold.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path
from statistics import median

import serial

from tests.lab import faultplans, mqttlab
from tests.lab.bridge import Bridge
from tests.lab.faultlab import QUICK, UnixLab
from tests.lab.mqttlab import GatewayLab, MqttLab
from tests.lab.netnode import NetLab
from tests.lab.powerlab import PICO, PicoNode, PowerLab
from tests.lab.readypico import set_up
from tools.firmware.build import build
from tools.stress.soak_commands import commands, say
from tools.stress.soak_rollouts import rollouts
from tools.stress.soak_sampling import sampling
from xnornode.cli.main import main as xnornode
from xnornode.link.messages import Hello
from xnornode.link.protocol import Session
from xnornode.link.push import push

PARTS = ("faults", "commands", "cuts", "stream", "sampling", "rollouts")
TO_NODE_BYTES, TO_HOST_BYTES = 1100, 1800  # of a push of the small model
PUSH_EVERY = 20.0  # seconds
LABS: dict[str, type[UnixLab | NetLab | MqttLab]] = {
    "pty": UnixLab,
    "tcp": NetLab,
    "mqtt": MqttLab,
    "gateway": GatewayLab,
}
RACES = 50  # pushes to one of two hosts at once
PORTION = 200  # pushes that one node takes
MOST_GROWTH = 0.02  # of a node's free RAM, of a program's resident memory


class SoakError(Exception):
    """Something does not hold; the text names the plan."""


def plans(count: int) -> Iterator[faultplans.Plan]:
    """As many plans: the ones that are to be tried all, and random ones."""
    fixed = [
        *faultplans.in_each_state(QUICK),
        *faultplans.prints(),
        *faultplans.long_stalls(),
        *faultplans.every_byte(TO_NODE_BYTES, TO_HOST_BYTES),
    ]
    random.Random(0).shuffle(fixed)
    fixed = fixed[: count * 2 // 3]
    return itertools.chain(
        fixed, (faultplans.at_random(seed, 11_000) for seed in range(count - len(fixed)))
    )


@dataclass
class Account:
    """Of pushes, by the name of what was done to them: how many, to how many it did happen, and
    how those failed that did."""

    pushes: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, other: Account) -> None:
        """Take another one in."""
        self.pushes += other.pushes
        self.happened += other.happened
        self.reasons += other.reasons


def some_faults(part: tuple[int, int, int, str]) -> Account:
    """Every n-th of so many faulted pushes, from the i-th on. part: i, n, so many, the link."""
    first, step, count, link = part
    account, races = Account(), count // RACES
    kind = LABS[link]
    with tempfile.TemporaryDirectory() as folder, kind(Path(folder)) as lab:
        chosen = mqttlab.plans if link in ("mqtt", "gateway") else plans
        for plan in itertools.islice(chosen(count - races), first, None, step):
            try:
                outcome = lab.push(
                    plan.faults, plan.noise, plan.seed, pty=plan.pty and link == "pty"
                )
            except Exception as error:
                raise SoakError(f"{plan}: {error!r}") from error
            account.pushes[plan.name] += 1
            account.happened[plan.name] += bool(outcome.fired or plan.noise)
            if outcome.error:
                account.reasons[f"{plan.name}: {type(outcome.error).__name__}"] += 1
                say(f"{plan}: {outcome}")
        for seed in range(first, races, step):
            try:
                outcomes = lab.race(seed)
            except Exception as error:
                raise SoakError(f"two hosts at once, {seed}: {error!r}") from error
            account.pushes["two hosts at once"] += 1
            account.happened["two hosts at once"] += 1
            account.reasons["two hosts at once: one of them"] += any(o.error for o in outcomes)
    return account


def faults(count: int, jobs: int, link: str) -> None:
    """Faulted pushes to nodes of the unix build on some link, each of which waits a lot."""
    started = time.monotonic()
    account = Account()
    steps = max(jobs, count // PORTION)
    with Pool(jobs) as pool:
        parts = [(first, steps, count, link) for first in range(steps)]
        for done in pool.imap_unordered(some_faults, parts):
            account.add(done)
            total = sum(account.pushes.values())
            say(f"{total:,} pushes in {time.monotonic() - started:.0f} s")
    print(f"{f'faulted pushes by {link}':24}{'pushes':>8}{'faults came':>13}")
    for name, n in account.pushes.most_common():
        print(f"{name:24}{n:8,}{account.happened[name]:13,}")
    print(f"{sum(account.pushes.values()):,} in {time.monotonic() - started:.0f} s; after each the")
    print("node classified, with the old or the new model bit for bit. How some failed:")
    for name, n in account.reasons.most_common():
        print(f"{n:8,}  {name}")


def cuts() -> None:
    """Every power cut of set-ups, a push and a rollback on the emulated Pico."""
    with tempfile.TemporaryDirectory() as folder:
        lab = PowerLab(Path(folder), build("rp2"))
        old, new = lab.files
        # MicroPython passes over what comes behind a module.
        other = {p: d + b"\0" if p.endswith(".mpy") else d for p, d in lab.library.items()}
        names = {None: "not set up yet, and then set up", old: "the old model", new: "the new one"}
        flash = lab.ready
        for name, start, then, do in (
            ("push", lab.ready, None, lambda pico: push(pico.url, new, timing=PICO)),
            ("rollback", None, None, lambda pico: xnornode(["rollback", "--port", pico.url])),
            ("first set-up", lab.formatted, old, lambda pico: set_up(pico, lab.library, old)),
            ("another library", lab.ready, None, lambda pico: set_up(pico, other, None)),
        ):
            say(f"power cuts of a {name}")
            start = start or flash
            operations, flash = lab.record(start, do)
            torn = then is None and len(operations) < 100
            found = lab.check_cuts(start, operations, torn=torn, then=then)
            table = ", ".join(f"{names[model]} {count}" for model, count in found.items())
            print(
                f"power cuts of a {name}: {len(operations)} flash operations, "
                f"{sum(found.values())} different cuts, all booted; {table}",
                flush=True,
            )


class Follower:
    """`xnornode monitor` as a program of its own, and what it writes."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "xnornode", "monitor", "--port", url, "--format", "json"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.came = self.lost = 0
        self.first: int | None = None
        self.last = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            p = json.loads(line)
            self.came += 1
            self.lost += p["lost"]
            if self.first is None:
                self.first = p["seq"] - p["lost"]
            self.last = p["seq"]

    @property
    def resident(self) -> int:
        """KiB of memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()
        self._thread.join()


def grows(values: list[int], sign: int) -> float:
    """By which share the last quarter is above the second (sign 1) or below it (-1)."""
    quarter = len(values) // 4
    before, after = median(values[quarter : 2 * quarter]), median(values[-quarter:])
    return sign * (after - before) / before


def stream(seconds: float) -> None:
    """An emulated Pico at its full rate, with pushes in between; memory of node and PC."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lab = PowerLab(folder, build("rp2"), realtime=False)
        flash = folder / "stream.bin"
        flash.write_bytes(lab.ready)
        node = PicoNode(flash)
        node.start()
        free: list[int] = []
        resident: list[int] = []
        pushed = 0
        started = time.monotonic()
        try:
            with Bridge(node.end, shared=True) as line:
                follower = Follower(line.url)
                while time.monotonic() - started < seconds or len(free) < 8:
                    push(line.url, lab.files[(pushed + 1) % 2], timing=PICO, say=say)
                    pushed += 1
                    if pushed % 2 == 0:  # with the same model each time
                        free.append(hello(line.url).ram)
                        resident.append(follower.resident)
                        say(
                            f"{time.monotonic() - started:.0f} s: {pushed} pushes, "
                            f"{follower.came:,} predictions, {follower.lost} lost; "
                            f"free on the node {free[-1]:,}, resident {resident[-1]:,} KiB"
                        )
                    time.sleep(min(PUSH_EVERY, seconds / 20))
                follower.stop()
        finally:
            node.stop()
        took = time.monotonic() - started
    assert follower.first is not None, "no prediction came"
    made = follower.last - follower.first + 1
    print(
        f"{took:.0f} s on an emulated Pico: {pushed} pushes, {made:,} predictions made, "
        f"{follower.came:,} came, {follower.lost:,} counted as lost"
    )
    shrinks, swells = grows(free, -1), grows(resident, 1)
    print(f"free RAM of the node {free[0]:,} to {free[-1]:,} bytes ({-shrinks:+.2%})")
    print(f"memory of `xnornode monitor` {resident[0]:,} to {resident[-1]:,} KiB ({swells:+.2%})")
    if made != follower.came + follower.lost:
        raise SystemExit("soak: lines are missing that nobody counted")
    if shrinks > MOST_GROWTH or swells > MOST_GROWTH:
        raise SystemExit("soak: memory grows")


def hello(url: str) -> Hello:
    """What the node says of itself."""
    with closing(serial.serial_for_url(url)) as port:
        session = Session(port, PICO)
        if not session.greet(PICO.answer):
            raise SystemExit("soak: the node does not answer")
        return session.hello


def main(argv: list[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(description="The long form of the tests of pushes.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; default all")
    parser.add_argument("--pushes", type=int, default=12_000, help="default %(default)s")
    parser.add_argument(
        "--link", choices=LABS, default="pty", help="of faults, default %(default)s"
    )
    parser.add_argument("--runs", type=int, default=2000, help="commands, default %(default)s")
    parser.add_argument("--first", type=int, default=0, help="number of the first command's plan")
    parser.add_argument("--pico", action="store_true", help="commands to an emulated Pico")
    parser.add_argument("--seconds", type=float, help="default: an hour, 600 of samples")
    parser.add_argument("--jobs", type=int, default=4, help="nodes at once, default %(default)s")
    parser.add_argument("--nodes", type=int, default=200, help="of roll-outs, default %(default)s")
    options = parser.parse_args(argv)
    unknown = ", ".join(sorted({*options.parts} - {*PARTS}))
    if unknown:
        parser.error(f"no such part: {unknown} (known: {', '.join(PARTS)})")
    try:
        for part in options.parts or PARTS:
            if part == "faults":
                faults(options.pushes, options.jobs, options.link)
            elif part == "commands":
                if not commands(options.runs, options.jobs, options.first, options.pico):
                    raise SoakError("some commands do not do what they should, see above")
            elif part == "cuts":
                cuts()
            elif part == "stream":
                stream(options.seconds or 3600.0)
            elif part == "rollouts":
                if not rollouts(options.nodes):
                    raise SoakError("a roll-out has not ended as it should, see above")
            elif not sampling(options.seconds or 600.0):
                raise SoakError("samples were lost or late, or scores differ, see above")
    except SoakError as error:
        say(f"soak: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
