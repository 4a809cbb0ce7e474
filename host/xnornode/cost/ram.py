"""RAM that a loaded model takes on a node, block by block of MicroPython's heap.

A heap gives whole blocks. The sizes of objects are those of ports with 32 bits, as those for the
RP2040 and the ESP32 are. tests/system/test_costs_pico.py compares them with the emulated Pico's.
"""

from dataclasses import dataclass
from math import ceil, prod

from xnornode.cost.cycles import gathers
from xnornode.model.file_format import to_bytes
from xnornode.model.geometry import lying, span
from xnornode.model.layers import IntLayer
from xnornode.model.level_window import OBJECT_BYTES, kept_bytes
from xnornode.model.model import Model
from xnornode.model.spectrum import Spectrum
from xnornode.model.statistics import Statistics

BLOCK = 16
"""Bytes of a block of the heap."""
SMALL_INT = 1 << 30
"""Integers from which on MicroPython keeps a number in an object of its own."""
# Bytes of the module's objects, without what they point to.
MODEL_OBJECT, ANSWERS_OBJECT, DRIFT_OBJECT = 1464, 40, 72
# The Classifier in Python: an instance with its table of attributes, and 4 bound methods.
CLASSIFIER = (16, 96, 16, 16, 16, 16)
DRIFTING = 136  # of that table, with one attribute more
STRING = 16  # the object of a str, an array or a large integer, without its characters
TUPLE = 8  # the object of a tuple, without its items


@dataclass(frozen=True)
class Ram:
    """Bytes on the node.

    Parameters
    ----------
    model : int
        Its file; 0 on a node that uses it where it lies in ROM.
    scratch : int
        What the C core works in, and what it keeps for the answers.
    window : int
        The samples that are being collected, or the text. Of spectra the samples of a frame, and
        the levels of the frames, where a node keeps those.
    objects : int
        What MicroPython keeps of the model besides: the objects `Model`, `Window`, `Answers` and
        `Classifier`, names and labels, and the rests of the heap's blocks of 16 bytes.
    """

    model: int
    scratch: int
    window: int
    objects: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.model + self.scratch + self.window + self.objects


def ram_of(model: Model, size: int | None = None) -> Ram:
    """The RAM that a model takes on a node with 32 bits: that of `Classifier(path)`.

    Of a model of texts it is that of `bnn.Model(read(path))`, its `bnn.Answers`, and the longest
    text that is read. The sensor's driver, and what a program keeps of predictions, come on top. A
    name that is a word of the firmware, such as "0" or "text", takes nothing: some 32 bytes less.

    Parameters
    ----------
    model : Model
        The model.
    size : int, optional
        Bytes of its file. Default: they are counted.

    Returns
    -------
    Ram
        Bytes. The total is in whole blocks of the heap.
    """
    size = len(to_bytes(model)) if size is None else size
    w, texts = model.window, model.features.data_kind == "texts"
    scratch = 4 * scratch_words(model)
    answers = 4 * answer_words(model)
    kept = [model.features.item_bytes(w.length, 1)] if texts else kept_bytes(model)
    window = sum(kept)
    pieces = [STRING, size, MODEL_OBJECT, scratch, *kept, *_strings(model)]
    pieces += [TUPLE + 4 * len(model.labels), *[TUPLE + 4 * len(w.channels)] * 2]
    pieces += [ANSWERS_OBJECT, answers]
    if texts:
        pieces += [STRING]
    else:
        if model.drift:
            pieces += [DRIFT_OBJECT, DRIFTING - CLASSIFIER[1]]
        pieces += [OBJECT_BYTES, 4 * len(w.channels), *_string(", ".join(w.channels)), *CLASSIFIER]
    total = sum(map(blocks, pieces))
    parts = (size, scratch + answers, window)
    return Ram(*parts, total - sum(parts))


def blocks(size: int) -> int:
    """Bytes of the heap's blocks that so many bytes take."""
    return BLOCK * ceil(size / BLOCK)


def _strings(model: Model) -> list[int]:
    texts = (model.name, *model.labels, *model.window.channels)
    large = sum(scale >= SMALL_INT for scale in model.window.scales)
    return [size for text in texts for size in _string(text)] + large * [STRING, BLOCK]


def _string(text: str) -> list[int]:
    return [STRING, len(text.encode()) + 1]


def answer_words(model: Model) -> int:
    """Words that `bnn.Answers` keeps for a model."""
    classes = len(model.labels)
    return model.answers.memory_words(classes) if model.answers else classes + ceil(classes / 32)


def scratch_words(model: Model) -> int:
    """Words of scratch by FORMAT.md, "Memory on the node", as `bnn_load` lays it out."""
    most, field = [0, 0], 0
    for i, layer in enumerate(model.layers):
        unit = 8 if layer.inputs == "int8" else 1
        most[i % 2] = max(most[i % 2], ceil(prod(layer.input_shape) * unit / 32))
        if layer.in_columns:
            field = max(field, _list_words(layer))
        elif gathers(layer):
            field = max(field, ceil(layer.geometry.inputs * unit / 32))
    words = sum(most) + field + len(model.labels)
    if isinstance(model.features, Statistics | Spectrum):
        w = model.window
        features = model.features.scratch_words(w.length, len(w.channels))
        if model.drift:
            features += ceil(model.features.count(w.length, len(w.channels)) / 2)
        words = max(words, most[0] + features)
    return words


def _list_words(layer: IntLayer) -> int:
    """Words of the list of counted inputs, with where in it each input column starts."""
    g = lying(layer.geometry)
    columns = (span(g) - 1) * g.stride[1] + g.kernel[1]
    return ceil((g.kernel[0] * g.input_shape[2] * columns + columns + 1) / 2)
