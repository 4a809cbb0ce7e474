"""What sound costs the emulated Pico sample by sample: log-mel windows of a second, hop 0.25 s.

The frames are computed as their samples come, and once: the windows after the first one cost the
frames of a hop. That is checked by the emulator's cycles, which are the same each time.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tests.lab.readypico import install
from tools.bench.fit_networks import Spec, network
from xnornode.board.install import Plan
from xnornode.link.repl import Board
from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import Int8Encoding
from xnornode.model.level_window import window_bytes
from xnornode.model.model import Model, Window
from xnornode.model.spectrum import Spectrum, band_edges, frame_aligned

MEGAHERTZ = 125
RATES = {8000: 256, 16_000: 512}
"""Samples of a frame, half of them apart, by sample rate."""
BANDS = 32
BLOCK = 64
MOST = 420
"""Cycles of a sample, at most."""
CODE = """
import bnn, gc, json, machine, time
from array import array
def filled(window, block, samples):
    total = 0
    for _ in range(samples * 2 // len(bytes(block))):
        state = machine.disable_irq()
        start = time.ticks_us()
        window.fill(block)
        total += time.ticks_diff(time.ticks_us(), start)
        machine.enable_irq(state)
    return total
def predicted(model, given):
    start = time.ticks_us()
    model.predict(given)
    return time.ticks_diff(time.ticks_us(), start)
def heard(path, block):
    block = array('h', [(37 * i * i) % 20_011 - 10_000 for i in range(block)])
    with open(path, 'rb') as f: model = bnn.Model(f.read())
    windows, heap = [], []
    for given in ((model,), (model.length, 1, model.hop)):
        gc.collect()
        before = gc.mem_alloc()
        windows.append(bnn.Window(*given))
        gc.collect()
        heap.append(gc.mem_alloc() - before)
    took = [[filled(w, block, n) for n in (model.length, model.hop, model.hop)] for w in windows]
    took.append([predicted(model, w) for w in windows])
    print(json.dumps([took, [w.ram for w in windows], heap]))
"""


@dataclass(frozen=True)
class Heard:
    """What sound of a sample rate costs."""

    rate: int
    frame: float
    """Cycles of a frame."""
    sample: float
    """Cycles of a sample, the frames shared out, in a window that follows another."""
    frames: tuple[float, float]
    """Of a window of samples, and of each hop in a window of levels: by their cycles."""
    ram: int
    """Bytes of the window, as it says."""
    heap: int
    """The same, by the heap."""
    samples_ram: int
    """Bytes of a window that keeps samples."""

    @property
    def met(self) -> bool:
        """Whether a sample takes no more than it may."""
        return self.sample <= MOST

    def row(self) -> str:
        """A row of the table."""
        share = self.sample * self.rate / (MEGAHERTZ * 1e4)
        return (
            f"| {self.rate / 1000:g} kHz, frames of {RATES[self.rate]} | {self.frame:8,.0f} | "
            f"{self.sample:6.0f} | {share:4.1f} % | {self.frames[1]:.1f} of {self.frames[0]:.1f} | "
            f"{self.ram:,} of {self.samples_ram:,} |"
        )


HEAD = (
    "| log-mel, 1 s, hop 0.25 s | cycles a frame | a sample | of 125 MHz | frames a hop | bytes |\n"
    "|--------------------------|---------------:|---------:|-----------:|-------------:|------:|"
)


def model_of(rate: int) -> Model:
    """A log-mel model of a second with hardly a network."""
    frame = RATES[rate]
    edges = band_edges(frame, BANDS, rate, 60, rate / 2)
    features = Spectrum(frame, frame // 2, edges)
    hop = frame_aligned(rate // 4, features.hop)
    window = Window(("sound (FS)",), rate, hop, 1000 * rate, (30_518,))
    rows = features.rows(rate, 1)
    encoding = Int8Encoding(np.ones(rows, np.int64), np.zeros(rows, np.int64), 4)
    return network(features, encoding, window, [Spec(16, output="int8")], 4)


def heard(board: Board) -> Iterator[Heard]:
    """Each rate.

    Raises RuntimeError where frames are computed more often than once, or RAM is not as foreseen.
    """
    models = {rate: model_of(rate) for rate in RATES}
    install(board, Plan({f"/sound{rate}.bnn": to_bytes(model) for rate, model in models.items()}))
    for rate, model in models.items():
        board.clear()  # a window of samples takes 32 kB in one piece
        board.run(CODE)
        features = model.features
        assert isinstance(features, Spectrum)
        took, ram, heap = json.loads(board.run(f"heard('/sound{rate}.bnn', {BLOCK})"))
        levels, samples, (from_levels, from_samples) = took
        first, *hops = (a - b for a, b in zip(levels, samples, strict=True))
        frames, again = features.frames(rate), model.window.hop // features.hop
        one = first / frames
        found = Heard(
            rate,
            one * MEGAHERTZ,
            levels[2] / model.window.hop * MEGAHERTZ,
            ((from_samples - from_levels) / one, sum(hops) / 2 / one),
            ram[0],
            heap[0],
            ram[1],
        )
        for got, wanted in zip(found.frames, (frames, again), strict=True):
            if abs(got - wanted) > 0.03 * wanted + 0.2:
                raise RuntimeError(f"{rate} Hz: the time of {got:.2f} frames, not of {wanted}")
        # The heap gives blocks of 16 bytes
        if ram[0] != window_bytes(model) or not 0 <= heap[0] - ram[0] < 6 * 16:
            raise RuntimeError(
                f"{rate} Hz: {heap[0]} bytes of heap, {window_bytes(model)} foreseen"
            )
        yield found
