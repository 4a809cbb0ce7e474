"""What a model file can hold at most (FORMAT.md)."""

import numpy as np

MAX_BITS = 32

MAX_PLANES = 8

INT16 = np.iinfo(np.int16)

INT32_MAX = 2**31 - 1


MAX_INPUTS = 65534  # of one neuron

MAX_COLUMNS = 4095  # inputs of one neuron whose weights are in columns: a list is 8 KiB at most

LIST = 1024  # inputs that a list of counted inputs is of at most, or one patch

MAX_OUTPUTS = 65535
MAX_LENGTH = 65535
"""Samples of a window."""

MAX_CLASSES = 255

MAX_SHAPE = 2**24


MAX_LAYERS = 16

MAX_CHANNELS = 255

MAX_STRING = 63

MAX_NOTES = 4095

MAX_WINDOWS = 32  # of the mean that an answer is from

MAX_SHIFT = 15  # of the answers

MAX_WORK = 2**24  # operations of one window: some 2 s on a Pico
