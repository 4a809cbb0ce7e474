"""Bytes of the module on each architecture: text, data, bss, and the stack that calls take.

Compiles the core as for a board (-Os); the binding is that of the firmware, which is built. Stack
is the deepest path by GCC's call graph; on ARMv6-M, where kernels are in assembly, it is the most
that the networks of tools/bench/cases.py write to.
Exit status 0; 1 where a tool is missing or the module is larger than it may be.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError

from tools.bench import cases
from tools.bench.measure import XTENSA
from tools.emulators.unicorn_core import (
    ARMV6M,
    INPUT,
    MODEL,
    RV32IMC,
    SCRATCH,
    STRING_H,
    Architecture,
    Machine,
    classify,
    load,
)
from tools.firmware import xtensa_toolchain
from tools.firmware.build import FIRMWARE, BuildError, build
from tools.firmware.c_core import MODULE, includes, sources
from tools.firmware.sources import SourceError
from xnornode.model.file_format import to_bytes

ARCHITECTURES = (
    ARMV6M,
    Architecture("ARMv7-M", "arm-none-eabi-", ("-mcpu=cortex-m3", "-mthumb"), ""),
    RV32IMC,
    Architecture(XTENSA.name, XTENSA.prefix, xtensa_toolchain.FLAGS, ""),
    Architecture("x86-64", "", (), ""),
)
BINDINGS = {"ARMv6-M": "rp2", "RV32IMC": "qemu-riscv", "x86-64": "unix"}
ENTRIES = ("bnn_load", "bnn_classify", "bnn_selftest")
# Bytes of text of the whole module on ARMv6-M: networks 12,240; windows (conversion, floats,
# samples of any kind, feed) 3,500; answers 1,300; spectra 4,300; levels of a stream 1,350; drift
# 2,100.
MOST = 24_900
KERNELS = ".text.bnn_kernel"


@dataclass(frozen=True)
class Size:
    """Bytes: text, data and bss; of text the kernels; of text the binding, None without one;
    stack of each of ENTRIES."""

    text: int
    data: int
    bss: int
    kernels: int
    binding: int | None
    stack: tuple[int, ...]


def size(architecture: Architecture, folder: Path) -> Size:
    """Compile the core for an architecture into an empty folder, and measure it."""
    (folder / "string.h").write_text(STRING_H)
    environment = (
        xtensa_toolchain.environment() if architecture.name == XTENSA.name else dict(os.environ)
    )
    gcc = [architecture.prefix + "gcc", *architecture.flags, "-std=gnu99", "-Os", "-ffreestanding"]
    gcc += ["-fcallgraph-info=su", "-DBNN_KERNEL_SECTION=" + KERNELS, "-c", f"-I{folder}"]
    command = [*gcc, *includes(), *map(str, sources())]
    subprocess.run(command, check=True, cwd=folder, env=environment)
    objects = sorted(folder.glob("*.o"))
    text, data, bss = totals(architecture, objects)
    listed = run(architecture, "size", "-A", *map(str, objects))
    kernels = sum(map(int, re.findall(rf"^{re.escape(KERNELS)}\S*\s+(\d+)", listed, re.M)))
    binding = None
    if architecture.name in BINDINGS:
        binding, own_data, own_bss = totals(architecture, modbnn(BINDINGS[architecture.name]))
        text, data, bss = text + binding, data + own_data, bss + own_bss
    stack = measured() if architecture is ARMV6M else deepest(folder)
    return Size(text, data, bss, kernels, binding, stack)


def run(architecture: Architecture, tool: str, *arguments: str) -> str:
    """The output of one of the compiler's tools."""
    return subprocess.check_output([architecture.prefix + tool, *arguments], text=True)


def totals(architecture: Architecture, objects: Sequence[Path]) -> tuple[int, int, int]:
    """Text, data and bss of object files."""
    lines = run(architecture, "size", *map(str, objects)).splitlines()[1:]
    text, data, bss = (sum(int(line.split()[i]) for line in lines) for i in range(3))
    return text, data, bss


def modbnn(target: str) -> list[Path]:
    """The binding's object files in a firmware, which is brought up to date."""
    build(target)
    names = [path.stem for path in MODULE.glob("modbnn*.c")]
    return [next((FIRMWARE / target).rglob(f"{name}.*o")) for name in names]


def deepest(folder: Path) -> tuple[int, ...]:
    """Bytes of stack of the deepest path from each of ENTRIES."""
    frames: dict[str, int] = {}
    calls: defaultdict[str, set[str]] = defaultdict(set)
    for path in folder.glob("*.ci"):
        graph = path.read_text()
        for name, frame in re.findall(r'node: { title: "(.+?)" label: ".*?(\d+) bytes', graph):
            frames[name] = int(frame)
        for edge in re.findall(r'edge: { sourcename: "(.+?)" targetname: "(.+?)"', graph):
            calls[edge[0]].add(edge[1])

    def depth(name: str) -> int:
        return frames.get(name, 0) + max(map(depth, calls[name]), default=0)

    return tuple(map(depth, ENTRIES))


def measured(architecture: Architecture = ARMV6M) -> tuple[int, ...]:
    """The most that any of the benchmark's networks makes each of ENTRIES write to."""
    machine = Machine(architecture)
    most = [0] * len(ENTRIES)
    for case in (*cases.layers(), *cases.models()):
        load(machine, to_bytes(case.model))
        used = [machine.stack_used()]
        classify(machine, case.inputs[0], len(case.model.labels))
        used.append(machine.stack_used())
        machine.call("bnn_selftest", MODEL, INPUT, SCRATCH)
        used.append(machine.stack_used())
        most = list(map(max, most, used))
    return tuple(most)


def sizes() -> Iterator[tuple[str, Size]]:
    """Of each architecture its name and sizes."""
    for architecture in ARCHITECTURES:
        with tempfile.TemporaryDirectory() as folder:
            yield architecture.name, size(architecture, Path(folder))


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args(argv)
    large = False
    try:
        columns = ["text", "of it kernels", "of it binding", "data", "bss"]
        columns += [f"stack of {entry.removeprefix('bnn_')}" for entry in ENTRIES]
        print(f"| {'bytes':<10} | " + " | ".join(columns) + " |")
        print("|------------|" + "|".join(f"-{'-' * len(column)}:" for column in columns) + "|")
        for name, got in sizes():
            binding = "none" if got.binding is None else f"{got.binding:,}"
            numbers = [got.text, got.kernels, binding, got.data, got.bss, *got.stack]
            cells = (f"{n:>{len(column)},}" if isinstance(n, int) else f"{n:>{len(column)}}"
                     for n, column in zip(numbers, columns, strict=True))  # fmt: skip
            print(f"| {name:<10} | " + " | ".join(cells) + " |", flush=True)
            if name == ARMV6M.name and got.text > MOST:
                large = True
                print(f"size: more than {MOST:,} bytes of text", file=sys.stderr)
    except (BuildError, OSError, RuntimeError, SourceError, CalledProcessError) as error:
        print(f"size: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsize: stopped", file=sys.stderr)
        return 1
    return int(large)


if __name__ == "__main__":
    sys.exit(main())
