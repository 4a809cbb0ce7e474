"""How soon a turned or weakened sensor is flagged, how often one that is as it was, and the cost.

On the example set `watch`: people that are held out, their recordings in an order by chance, again
and again. A change begins with a recording. The cost is that of the C core on a Cortex-M0+, with
memory that never waits, as on the emulated Pico.
Exit status 0; 1 where a bound is not met or a tool is missing; 2 for wrong usage.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tools.bench.fit_chips import TARGETS
from tools.bench.fit_networks import Spec, network
from tools.emulators.unicorn_core import INPUT, MODEL, SCORES, SCRATCH, Machine, classify, load
from xnornode._typing import Int16, Int64
from xnornode.data.prepare import prepare
from xnornode.data.splits import Splits
from xnornode.data.windows import Windows
from xnornode.datasets.watch import watch
from xnornode.errors import XnorNodeError
from xnornode.export.drift import fit_drift
from xnornode.export.drift_changes import changes
from xnornode.model.drift import Drift
from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import Int8Encoding
from xnornode.model.model import Model
from xnornode.model.statistics import Statistics
from xnornode.recipes.defaults import default_config

DAY, WITHIN = 24 * 3600, 60.0  # seconds
STARTS = 1000
SOME = {"acceleration": (0, 1, 2), "angular velocity": (3, 4, 5), "accel x": (0,), "accel y": (1,)}
SHARE = 2.0  # % of a window's time
RAM = 64


@dataclass(frozen=True)
class Trial:
    """Windows of people held out, and the drift that others have taught."""

    drift: Drift
    features: Statistics
    windows: Int16
    recordings: Int64
    hop: float
    """Seconds from one window to the next."""

    def evidence(self, change: Callable[[Int16], Int16] | None = None) -> Int64:
        """Of each window, after a change, (n, directions)."""
        windows = change(self.windows) if change else self.windows
        return self.drift.evidence(self.drift.distances(self.features.values(windows)))

    def order(self, rng: np.random.Generator, seconds: float) -> Int64:
        """Windows of whole recordings by chance, so many seconds of them."""
        count = round(seconds / self.hop)
        parts: list[Int64] = []
        while sum(len(part) for part in parts) < count:
            for recording in rng.permutation(np.unique(self.recordings)):
                parts.append(np.flatnonzero(self.recordings == recording))
        return np.concatenate(parts)[:count]

    def highest(self, evidence: Int64) -> Int64:
        """The largest sum of evidence after each window, in thousandths of the bound."""
        # Without the upper end, which changes nothing of when the bound is reached first.
        total = np.cumsum(evidence, axis=0)
        sums = total - np.minimum(np.minimum.accumulate(total), 0)
        return sums.max(axis=1) * 1000 // self.drift.bound


def seconds_to_flag(trial: Trial, evidence: Int64, seed: int) -> list[float]:
    """From the begin of a change to its flag; infinite where there is none in two minutes."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(STARTS):
        over = trial.highest(evidence[trial.order(rng, 2 * WITHIN)]) >= 1000
        found.append((int(over.argmax()) + 1) * trial.hop if over.any() else float("inf"))
    return found


def show_changes(trial: Trial, channels: Sequence[str]) -> bool:
    """Print when each change is flagged; whether all of all channels are in time."""
    made = changes(channels)
    for name, which in SOME.items():
        for gain in ("gain 0.8", "gain 1.2"):
            made[f"{gain}, {name} alone"] = _some(made[gain], which)
    print("| change                           | within 60 s | median | longest |")
    print("|----------------------------------|------------:|-------:|--------:|")
    met = True
    for name, change in made.items():
        took = np.array(seconds_to_flag(trial, trial.evidence(change), 1))
        share, last = 100 * float((took <= WITHIN).mean()), float(took.max())
        longest = f"{last:5.0f} s" if last <= 2 * WITHIN else "never"
        middle = float(np.median(took))
        median = f"{middle:4.0f} s" if middle <= 2 * WITHIN else "never"
        print(f"| {name:<32} | {share:9.1f} % | {median:>6} | {longest:>7} |", flush=True)
        met = met and ("alone" in name or share == 100)
    return met


def _some(change: Callable[[Int16], Int16], which: Sequence[int]) -> Callable[[Int16], Int16]:
    """The change of some channels only."""

    def made(windows: Int16) -> Int16:
        changed = windows.copy()
        changed[..., list(which)] = change(windows)[..., list(which)]
        return changed

    return made


def show_false_flags(trial: Trial, days: int) -> bool:
    """Print how often nothing but chance flags; whether it is at most once a day."""
    evidence, rng = trial.evidence(), np.random.default_rng(0)
    worst, most = 0, 0
    for _ in range(days):
        levels = trial.highest(evidence[trial.order(rng, DAY)])
        over = levels >= 1000
        flags = int((over[1:] & ~over[:-1]).sum() + over[0])
        worst, most = max(worst, flags), max(most, int(levels.max()))
    print(f"\n{days} days of 24 h as recorded: at most {worst} flags a day, drift {most} at most")
    return worst <= 1


def usual(splits: Splits, features: Statistics) -> Model:
    """A model of the usual size, dense 128-64."""
    values = features.count(splits.window.length, len(splits.window.channels))
    encoding = Int8Encoding(np.ones(values, np.int64), np.zeros(values, np.int64), 5)
    return network(features, encoding, splits.window, [Spec(128), Spec(64)])


def show_costs(model: Model, window: Int16) -> bool:
    """Print RAM, bytes, and cycles; whether they are within the bounds."""
    assert model.drift
    met, given = True, window.astype("<i2").tobytes()
    print(f"\n{model.drift.ram} bytes of RAM, {len(model.drift.to_bytes())} bytes of the file")
    for chip, target in TARGETS.items():
        machine = Machine(target)
        load(machine, to_bytes(model))
        classify(machine, given, len(model.labels))
        plain, kept = machine.count, SCORES + 4096
        machine.write(kept, bytes(RAM))
        machine.call("bnn_classify_watched", MODEL, INPUT, SCRATCH, SCORES, kept)
        more = machine.count - plain
        share = 100 * more / plain
        unit = "cycles" if chip == "RP2040" else "instructions"
        print(f"{chip}: {more:,} {unit} a window, {share:.2f} % of the {plain:,} without it")
        met = met and (share <= SHARE or chip != "RP2040")
    return met and model.drift.ram <= RAM


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--held-out", default="8,9,10", help="people (default: 8,9,10)")
    parser.add_argument("--days", type=int, default=3, help="of 24 h (default: 3)")
    options = parser.parse_args(argv)
    people = tuple(options.held_out.split(","))
    try:
        data = watch()
        if unknown := {*people} - {*(data.groups or ())}:
            parser.error(f"no such people: {', '.join(sorted(unknown))}; there are 1 to 10")
        splits = prepare(replace(data, test_groups=people))
        features = default_config(splits).features
        test, train = splits.test, splits.train
        assert isinstance(features, Statistics) and isinstance(train, Windows)
        assert isinstance(test, Windows) and test.places is not None
        model = usual(splits, features)
        drift = fit_drift(model, train).drift
        hop = splits.window.hop * 1000 / splits.window.rate_mhz
        trial = Trial(drift, features, test.items, test.places[:, 0], hop)
        met = show_changes(trial, splits.window.channels)
        met = show_false_flags(trial, options.days) and met
        met = show_costs(replace(model, drift=drift), test.items[len(test) // 2]) and met
    except (OSError, RuntimeError, XnorNodeError) as error:
        print(f"drift: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndrift: stopped", file=sys.stderr)
        return 1
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
