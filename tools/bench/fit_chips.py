"""Counts what the C core takes, instruction by instruction, and fits xnornode.cost.chips to it.

Builds the core for the Cortex-M0+ and for RV32IMC as for a board (-Os), runs networks of many
shapes in an emulator (Unicorn), checks their scores against the reference, and
prints counts, estimates by chips.py, and the constants that fit best. Cortex-M0+ cycles are those
of its manual, with memory that never waits; of RV32IMC instructions are counted.
Exit status 0; 1 where a tool is missing, scores differ, or an estimate is off by more than --most.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from tools.bench.fit_networks import Case, cases
from tools.emulators.unicorn_core import ARMV6M, RV32IMC, Machine, classify, load
from xnornode.cost.chips import ESP32, RP2040, Chip, FeatureCosts
from xnornode.cost.estimate import cycles
from xnornode.model.file_format import to_bytes

TARGETS = {RP2040.name: ARMV6M, ESP32.name: RV32IMC}


def count(machine: Machine, case: Case) -> float:
    """Mean count of the case's inputs. Raises RuntimeError where scores are not right."""
    load(machine, to_bytes(case.model))
    total = 0
    for given, scores in zip(case.inputs, case.model.scores(case.given), strict=True):
        if classify(machine, given, len(scores)) != scores.astype("<i4").tobytes():
            raise RuntimeError(f"{case.name}: the core's scores differ from the reference")
        total += machine.count
    return total / len(case.inputs)


def fit(chip: Chip, done: Sequence[tuple[Case, float]]) -> dict[str, float]:
    """The constants with the least squares of relative errors: an estimate is linear in them."""
    features = [f.name for f in fields(FeatureCosts)]
    own = [f.name for f in fields(Chip) if f.name not in ("name", "hertz", "basis", "features")]
    nothing: dict[str, Any] = {name: 0.0 for name in own}
    nothing["features"] = FeatureCosts(*(0.0 for _ in features))
    units: dict[str, Chip] = {}
    for name in own:
        units[name] = replace(chip, **{**nothing, name: 1.0})
    for name in features:
        features = replace(nothing["features"], **{name: 1.0})
        units[f"front.{name}"] = replace(chip, **{**nothing, "features": features})
    rows = [
        [cycles(case.model, unit, case.shares) / counted for unit in units.values()]
        for case, counted in done
    ]
    best, used = np.zeros(len(units)), np.ones(len(units), bool)
    while True:
        best[used], *_ = np.linalg.lstsq(np.array(rows)[:, used], np.ones(len(rows)))
        if best.min() >= 0:
            return dict(zip(units, best.tolist(), strict=True))
        # Nothing takes less than no time: what is furthest below is left out.
        used[best.argmin()] = False
        best[~used] = 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=float, default=10, help="%% an estimate may be off (10)")
    args = parser.parse_args(argv)
    worst = 0.0
    try:
        for chip in (RP2040, ESP32):
            machine = Machine(TARGETS[chip.name])
            done = []
            print(f"\n{chip.name:<28} counted  estimated")
            for case in cases():
                counted = count(machine, case)
                done.append((case, counted))
                off = 100 * (cycles(case.model, chip, case.shares) / counted - 1)
                worst = max(worst, abs(off))
                print(f"{case.name:<24} {counted:11,.0f} {off:+9.1f} %", flush=True)
            print("best: " + " ".join(f"{name}={v:.3g}" for name, v in fit(chip, done).items()))
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        print(f"fit_chips: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nfit_chips: stopped", file=sys.stderr)
        return 1
    if worst > args.most:
        print(f"fit_chips: an estimate is {worst:.1f} % off: renew chips.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
