"""Counts what the C core takes, instruction by instruction, and fits the prices of chips to it.

Builds the core for the Cortex-M0+ and for RV32IMC as for a board (-Os), runs networks of many
shapes in an emulator (Unicorn), checks their scores against the reference, and
prints counts and how far estimates by chips.py are off. --renew fits the prices again and writes
them into chips.py. Cortex-M0+ cycles are those of its manual, with memory that never waits; of
RV32IMC instructions are counted. Takes some minutes.
Exit status 0; 1 where a tool is missing, scores differ, or an estimate is off by more than --most.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tools.bench.fit_drawn import draw
from tools.bench.fit_networks import Case, cases
from tools.emulators.unicorn_core import ARMV6M, RV32IMC, Machine, classify, load
from xnornode.cost import chips
from xnornode.cost.chips import ESP32, RP2040
from xnornode.model.file_format import to_bytes

TARGETS = {RP2040.name: ARMV6M, ESP32.name: RV32IMC}
SEEDS, EACH = (1, 2, 3, 4), 8  # of the drawn networks that are fitted to


def fitted() -> Iterator[Case]:
    """All networks of the fit, with the usage of what they are given."""
    yield from cases()
    for seed in SEEDS:
        for case in draw(seed, EACH):
            yield replace(case, given=case.given[:2], inputs=case.inputs[:2], usage=None)


def count(machine: Machine, case: Case) -> float:
    """Mean count of the case's inputs. Raises RuntimeError where scores are not right."""
    load(machine, to_bytes(case.model))
    total = 0
    for given, scores in zip(case.inputs, case.model.scores(case.given), strict=True):
        if classify(machine, given, len(scores)) != scores.astype("<i4").tobytes():
            raise RuntimeError(f"{case.name}: the core's scores differ from the reference")
        total += machine.count
    return total / len(case.inputs)


def fit(done: Sequence[tuple[Case, float]]) -> dict[str, float]:
    """The prices, none below 0, with the least squares of relative errors."""
    names = sorted({name for case, _ in done for name in case.work})
    rows = np.array([[case.work[name] / counted for name in names] for case, counted in done])
    best, used = np.zeros(len(names)), np.ones(len(names), bool)
    while True:
        best[used], *_ = np.linalg.lstsq(rows[:, used], np.ones(len(rows)))
        if best.min() >= 0:
            return dict(zip(names, best.tolist(), strict=True))
        # Nothing takes less than no time: what is furthest below is left out.
        used[best.argmin()] = False
        best[~used] = 0


def estimated(case: Case, costs: Mapping[str, float]) -> float:
    """Cycles of the case by these prices."""
    return sum(amount * costs[name] for name, amount in case.work.items())


def renewed(text: str, chip: str, costs: Mapping[str, float]) -> str:
    """The text of chips.py with these prices of a chip."""
    lines = "".join(f'        "{name}": {cost:.3g},\n' for name, cost in costs.items())
    found = re.compile(rf'(name="{chip}".*?costs={{\n).*?(    }})', re.DOTALL)
    return found.sub(lambda match: match[1] + lines + match[2], text, count=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=float, default=8, help="%% an estimate may be off (8)")
    parser.add_argument("--renew", action="store_true", help="fit again, and write chips.py")
    args = parser.parse_args(argv)
    file, worst = Path(chips.__file__), 0.0
    try:
        networks = list(fitted())
        for chip in (RP2040, ESP32):
            machine = Machine(TARGETS[chip.name])
            done = [(case, count(machine, case)) for case in networks]
            costs = chip.costs
            if args.renew:
                costs = fit(done)
                file.write_text(renewed(file.read_text(), chip.name, costs))
            print(f"\n{chip.name:<80} counted  estimated")
            for case, counted in done:
                off = 100 * (estimated(case, costs) / counted - 1)
                worst = max(worst, abs(off))
                print(f"{case.name[:76]:<76} {counted:11,.0f} {off:+9.1f} %")
    except KeyError as error:
        print(f"fit_chips: chips.py lacks a price for {error}: --renew", file=sys.stderr)
        return 1
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        print(f"fit_chips: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nfit_chips: stopped", file=sys.stderr)
        return 1
    if worst > args.most:
        print(f"fit_chips: an estimate is {worst:.1f} % off: --renew", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
