"""What tests ask programs on the emulated Pico, whose sensors they read."""

import base64

import numpy as np

from xnornode.link.repl import Board

# What the tests' programs have at hand.
START = """
from machine import ADC, I2S, Pin, Timer, UART, mem32
import time, array, binascii, json, rp2
def show(buffer): print(binascii.b2a_base64(buffer).decode(), end='')
"""


def ask(board: Board, expression: str) -> object:
    """The value of an expression on the Pico, by JSON."""
    return board.value(f"import json\nprint(json.dumps({expression}))")


def shown(board: Board, code: str, dtype: str) -> np.ndarray:
    """What a program prints in base 64, as numbers of a type."""
    return np.frombuffer(b"".join(map(base64.b64decode, board.run(code).split())), dtype)
