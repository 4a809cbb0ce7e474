"""The module bnn as a native .mpy, for a board whose firmware lacks it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

import numpy as np

from xnornode._typing import Int8
from xnornode.board.assets import NATIVE_MODULES, missing
from xnornode.board.facts import Interpreter, SelfTest, ask
from xnornode.errors import LinkError
from xnornode.link.raw_repl import RemoteError
from xnornode.link.repl import Board
from xnornode.model.features import Raw
from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import Thermometer
from xnornode.model.layers import Scores, Thresholds, dense
from xnornode.model.model import Model, Window

PATH = "/lib/bnn.mpy"
ARCHITECTURES = (
    None, "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp",
    "xtensa", "xtensawin", "rv32imc", "rv64imc",
)  # fmt: skip
"""Names by MicroPython's numbers for them (py/persistentcode.h)."""

RUNS = {"armv7em": "armv7m", "armv7emdp": "armv7emsp"}
"""Whose code an architecture runs where it has no module of its own."""

BUILT = ("x64", "armv6m", "armv7m", "armv7emsp", "rv32imc", "xtensawin")
"""Architectures that there are modules for."""

BUILT_IN = "a firmware with bnn built in (a Pico gets it from `xnornode flash` without --native)"

FACTS = """
import json, sys
try:
    import bnn
    builtin = None if hasattr(bnn, '__file__') else bnn.__version__
except Exception:
    builtin = None
version = '.'.join(map(str, sys.implementation.version[:3]))
print(json.dumps([getattr(sys.implementation, '_mpy', 0), version, builtin]))
"""
"""Code for a board that prints its `Interpreter`."""
_CHECK = """
import bnn, json
from binascii import a2b_base64
passed = bnn.Model(a2b_base64('%s')).selftest()
print(json.dumps([passed, bnn.__version__, bnn.kernel()]))
"""


@dataclass(frozen=True)
class Module:
    """A native module.

    Parameters
    ----------
    architecture : str
        Of its machine code, one of `BUILT`.
    data : bytes
        The .mpy file.
    """

    architecture: str
    data: bytes


def module_for(board: Board) -> Module:
    """The module that the board's MicroPython can load.

    Parameters
    ----------
    board : Board
        The board, whose REPL has been entered.

    Returns
    -------
    Module
        It and its architecture.

    Raises
    ------
    LinkError
        There is none, or the firmware has the module built in.
    """
    found = ask(board, Interpreter, FACTS)
    mpy, version = found.mpy, found.version
    if found.builtin:
        raise LinkError(
            f"the firmware on {board.url} has bnn {found.builtin} built in, which always comes "
            "first: run this with --no-firmware instead of --native"
        )
    architecture = architecture_of(mpy, version)
    path = NATIVE_MODULES / architecture / "bnn.mpy"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LinkError(missing(path, "native")) from error
    # Bytes 1 and 2 of a .mpy have the version; its second part counts for native code alone.
    wanted, had = (data[1], data[2] & 3), (mpy & 0xFF, mpy >> 8 & 3)
    if wanted != had:
        raise LinkError(
            f"MicroPython {version} on {board.url} loads native modules of version "
            f"{had[0]}.{had[1]}, and this one is of {wanted[0]}.{wanted[1]}: "
            f"install MicroPython 1.23 or later, or {BUILT_IN}"
        )
    return Module(architecture, data)


def built_in(board: Board) -> str | None:
    """The board's architecture if its firmware has the module built in; else None.

    Raises LinkError if native modules are not for its architecture.
    """
    found = ask(board, Interpreter, FACTS)
    return architecture_of(found.mpy, found.version) if found.builtin else None


def architecture_of(mpy: int, version: str) -> str:
    """The one whose files a board loads. Raises LinkError where there is none.

    mpy: sys.implementation._mpy (MicroPython documentation, "MicroPython .mpy files"). version: of
    its MicroPython.
    """
    number = mpy >> 10 & 0xF
    name = ARCHITECTURES[number] if number < len(ARCHITECTURES) else f"number {number}"
    if not name:
        raise LinkError(
            f"MicroPython {version} was built without support for native modules: "
            f"install another one, or {BUILT_IN}"
        )
    name = RUNS.get(name, name)
    if name not in BUILT:
        known = ", ".join(BUILT)
        raise LinkError(f"there is no native module for the architecture {name}, only for {known}")
    return name


def check(board: Board, module: Module) -> str:
    """Import the module on the board and have it run a small network.

    Parameters
    ----------
    board : Board
        The board, whose REPL has been entered.
    module : Module
        The module that is on it.

    Returns
    -------
    str
        A line of account.

    Raises
    ------
    LinkError
        The board cannot load it, or computes something else.
    """
    try:
        done = ask(board, SelfTest, _CHECK % b64encode(probe()).decode())
    except RemoteError as error:
        raise LinkError(_why_not(error, module)) from error
    if not done.passed:
        raise LinkError(f"the board computes other scores than the reference with {PATH}")
    return (
        f"module     bnn {done.version} for {module.architecture}, {len(module.data):,} bytes, "
        f"kernel {done.kernel}: self-test passed on the board"
    )


def _why_not(error: RemoteError, module: Module) -> str:
    if error.last_line.startswith("MemoryError"):
        return (
            f"the board has too little RAM for the module, {len(module.data):,} bytes: "
            f"it lies in flash with {BUILT_IN}"
        )
    return f"the board refuses {PATH}: {error.last_line}"


def probe() -> bytes:
    """A small network as a file, for its self-test."""
    rng = np.random.default_rng(0)

    def signs(*shape: int) -> Int8:
        return rng.choice(np.array([-1, 1], np.int8), shape)

    encoding = Thermometer(np.arange(-24000, 24001, 8000).astype(np.int16)[None])
    length, hidden, classes = 32, 40, 3
    inputs = length * encoding.bits
    layers = (
        dense(signs(hidden, inputs), "binary", Thresholds(np.full(hidden, inputs // 2))),
        dense(signs(classes, hidden), "binary", Scores(np.ones(classes, int), np.arange(classes))),
    )
    window = Window(("x",), length, length, 0, (0,))
    return to_bytes(Model("probe", ("a", "b", "c"), window, Raw(), encoding, layers))
