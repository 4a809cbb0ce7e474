"""What kernels, layers and networks take, as tables: the same figures on every machine.

Builds the C core as for a board, runs it in an emulator (Unicorn), and compares each result with
the reference before its count is printed. Of the Cortex-M0+ cycles are counted, by its manual, with
memory that never waits; of other cores instructions. For the Cortex-M33 the portable kernels are
beside its own. docs/reference/kernels.md says more.
Exit status 0; 1 where a result is wrong, a tool is missing, or --check finds something slower.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from tools.bench.measure import XTENSA, Figure, measure
from tools.emulators.unicorn_core import (
    ARMV6M,
    M33,
    M33_PORTABLE,
    RV32IMC,
    Architecture,
    compiler,
)
from tools.firmware.sources import SourceError
from xnornode._files import write_whole

ARCHITECTURES = {a.name: a for a in (ARMV6M, M33, M33_PORTABLE, RV32IMC, XTENSA)}
REFERENCE = Path(__file__).with_suffix(".json")
SLOWER = 0.02

# The most that something may take: cycles or instructions, per what.
BARS: dict[tuple[str, str], tuple[float, str]] = {
    ("ARMv6-M", "dense 1024 to 64"): (0.34, "MAC"),
    ("ARMv6-M", "dense 256 to 64"): (0.55, "MAC"),
    ("ARMv6-M", "dense 64 to 64"): (55, "neuron"),
    ("ARMv6-M", "int8 784 to 64 bits"): (2.2, "MAC"),
    ("ARMv6-M", "conv 3x3, 32 to 32, 14x14"): (0.60, "MAC"),
    ("ARMv6-M", "frame of 256 to 32 levels"): (60_000, "frame"),
    ("Cortex-M33", "dense 1024 to 64"): (0.20, "MAC"),
    ("Cortex-M33", "dense 64 to 64"): (28, "neuron"),
    ("Cortex-M33", "int8 784 to 64 bits"): (1.15, "MAC"),
    ("Cortex-M33", "conv 3x3, 32 to 32, 14x14"): (0.21, "MAC"),
    ("RV32IMC", "dense 1024 to 64"): (0.28, "MAC"),
    ("RV32IMC", "frame of 256 to 32 levels"): (30_000, "frame"),
    ("Xtensa LX6", "dense 1024 to 64"): (0.31, "MAC"),
    ("Xtensa LX6", "frame of 256 to 32 levels"): (30_000, "frame"),
}
PER = {"spectra": ("sample", "frame")}  # of a section, where it is not MAC and neuron

# What a layer is compared with: multiply-accumulate for multiply-accumulate.
PEERS = {
    "dense 1024 to 64": ("__builtin_popcount, 1024", "int8 by int8, 1024"),
    "dense 256 to 64": ("__builtin_popcount, 256", "int8 by int8, 1024"),
    "dense 64 to 64": ("__builtin_popcount, 64", "int8 by int8, 1024"),
    "int8 784 to 64 bits": ("int8 by int8, 784",),
}


def verdict(architecture: str, figure: Figure) -> str:
    """The bar of a figure, and whether it is met; empty without one."""
    bar = BARS.get((architecture, figure.name))
    if bar is None:
        return ""
    most, per = bar
    got = figure.count / (figure.macs if per == "MAC" else figure.neurons)
    return f"{most:,g} per {per}: {'met' if got <= most else 'not met'}"


def show(architecture: Architecture, figures: Sequence[Figure]) -> None:
    """Print a table in Markdown for each kind of figure."""
    for section in dict.fromkeys(figure.section for figure in figures):
        title = f"{architecture.name}, {section}"
        each, whole = PER.get(section, ("MAC", "neuron"))
        head = f"| {title:<34} | {architecture.counts:>12} | {f'per {each}':>7} | per {whole:<6} |"
        print(f"\n{head} bar |")
        print(f"|{'-' * 36}|{'-' * 13}:|--------:|-----------:|-----|")
        for figure in figures:
            if figure.section == section:
                each = f"{figure.count / figure.neurons:,.1f}" if figure.neurons else ""
                print(
                    f"| {figure.name:<34} | {figure.count:12,} | {figure.count / figure.macs:7.3f} "
                    f"| {each:>10} | {verdict(architecture.name, figure)} |"
                )


def compare(figures: Sequence[Figure]) -> None:
    """Print how much faster layers are than their peers."""
    print()
    each = {figure.name: figure.count / figure.macs for figure in figures}
    for name, peers in PEERS.items():
        if name in each and each.keys() >= set(peers):
            times = (f"{each[peer] / each[name]:.1f} times as fast as {peer}" for peer in peers)
            print(f"- {name}: per MAC", ", ".join(times))


def against_portable(done: Mapping[Architecture, Sequence[Figure]]) -> None:
    """Print what the Cortex-M33's kernels bring over the portable ones, if both were measured."""
    portable = {figure.name: figure.count for figure in done.get(M33_PORTABLE, ())}
    pairs = [(each, portable[each.name]) for each in done.get(M33, ()) if each.name in portable]
    if pairs:
        print(f"\n| {M33.name + ', instructions':<34} |   portable |    kernels | times as fast |")
        print(f"|{'-' * 36}|{'-' * 11}:|{'-' * 11}:|{'-' * 14}:|")
    for each, before in pairs:
        if each.section not in ("peers", "spectra"):
            times = before / each.count
            print(f"| {each.name:<34} | {before:10,} | {each.count:10,} | {times:13.2f} |")


def slower(name: str, figures: Sequence[Figure], reference: Mapping[str, int]) -> list[str]:
    """What is wrong with an architecture's figures against the reference, a line each."""
    lines = []
    for figure in figures:
        had = reference.get(figure.name)
        if had is None:
            lines.append(f"{name}, {figure.name}: {figure.count:,}, not in the reference")
        elif figure.count > had * (1 + SLOWER):
            change = f"{had:,} to {figure.count:,}, {figure.count / had - 1:+.1%}"
            lines.append(f"{name}, {figure.name}: slower, {change}")
    return lines


def read_reference() -> dict[str, Any]:
    """What --renew has written: for each architecture its compiler and its counts."""
    result: dict[str, Any] = json.loads(REFERENCE.read_text()) if REFERENCE.exists() else {}
    return result


def check(
    architecture: Architecture, figures: Sequence[Figure], reference: Mapping[str, Any]
) -> list[str]:
    """`slower` for an architecture, with what to do about it as the last line."""
    known = reference.get(architecture.name, {})
    lines = slower(architecture.name, figures, known.get("counts", {}))
    version = compiler(architecture)
    if lines and known and known["compiler"] != version:
        lines.append(
            f"{architecture.name}: this compiler is GCC {version}, the reference is of "
            f"{known['compiler']}: compare with that of Debian 12"
        )
    return lines


def renewed(done: Mapping[Architecture, Sequence[Figure]]) -> bytes:
    """The reference that these figures make."""
    content = {
        architecture.name: {
            "compiler": compiler(architecture),
            "counts": {figure.name: figure.count for figure in figures},
        }
        for architecture, figures in done.items()
    }
    return (json.dumps(content, indent=1) + "\n").encode()


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="TEXT", default="", help="names with this in them")
    parser.add_argument("--core", choices=ARCHITECTURES, action="append", help="this one (all)")
    reference = parser.add_mutually_exclusive_group()
    reference.add_argument("--check", action="store_true", help=f"compare with {REFERENCE.name}")
    reference.add_argument("--renew", action="store_true", help=f"write {REFERENCE.name} again")
    args = parser.parse_args(argv)
    if args.renew and (args.only or args.core):
        parser.error("--renew takes all figures: without --only and --core")
    done: dict[Architecture, list[Figure]] = {}
    try:
        for name in args.core or ARCHITECTURES:
            architecture = ARCHITECTURES[name]
            done[architecture] = list(measure(architecture, lambda figure: args.only in figure))
            show(architecture, done[architecture])
            compare(done[architecture])
        against_portable(done)
        if args.renew:
            write_whole(REFERENCE, renewed(done))
        if args.check:
            known = read_reference()
            problems = [line for a, some in done.items() for line in check(a, some, known)]
            if problems:
                print("kernels:", *problems, sep="\n  ", file=sys.stderr)
                print("If it is meant: --renew, and say why in the commit", file=sys.stderr)
                return 1
    except (OSError, ValueError, RuntimeError, SourceError, CalledProcessError) as error:
        print(f"kernels: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nkernels: stopped", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
