"""The window of a stream that keeps levels of frames (docs/reference/window.md).

Twin of `bnn_stream.c`: written to be read, compared with it bit for bit.
"""

from collections.abc import Sequence

import numpy as np

from xnornode._typing import Int16, Int64
from xnornode.model.model import Model
from xnornode.model.spectrum import Spectrum
from xnornode.model.window import Ratio, Window
from xnornode.model.work import frame_work, work


def keeps_levels(model: Model) -> bool:
    """Whether a node's window of this model keeps levels instead of samples.

    It does where the features are spectra, and each window begins with a frame.
    """
    return isinstance(model.features, Spectrum) and model.window.hop % model.features.hop == 0


def known_frames(model: Model) -> int:
    """Frames that a window has in common with the one before it, which a node has computed then."""
    features, window = model.features, model.window
    if not isinstance(features, Spectrum) or not keeps_levels(model):
        return 0
    return max(0, features.frames(window.length) - window.hop // features.hop)


def hop_work(model: Model) -> int:
    """Operations of a hop of a stream: those of one window, without the frames that are known."""
    f, window = model.features, model.window
    channels = len(window.channels)
    total = work(f, model.encoding, model.layers, window.length, channels)
    known = known_frames(model)
    return total - known * channels * frame_work(f) if isinstance(f, Spectrum) else total


class LevelWindow:
    """A window of a model that `keeps_levels`: what `bnn.Window(model)` is then.

    Parameters
    ----------
    model : Model
        The model.
    ratios : sequence of Ratio, optional
        Per channel, how counts become the model's. By default they are.
    width : int, optional
        Values of a sample, by default one per channel.

    Raises
    ------
    ValueError
        The model keeps no levels.
    """

    def __init__(
        self, model: Model, ratios: Sequence[Ratio] | None = None, width: int | None = None
    ) -> None:
        if not isinstance(model.features, Spectrum) or not keeps_levels(model):
            raise ValueError("the windows of this model do not each begin with a frame")
        self.features, channels = model.features, len(model.window.channels)
        self.length, self.hop = model.window.length, model.window.hop
        self.width = width or channels
        self.at = 0
        """Samples that are in the window."""
        self.frame = Window(
            self.features.frame, channels, self.features.hop, ratios, model.window.scales, width
        )
        """The samples of the frame that is under way."""
        self._levels: list[Int64] = []  # of the frames that are complete, each (channels * bands,)
        self._out = 0  # frames that are to be left out: they belong to no window

    @property
    def complete(self) -> bool:
        """Whether the window is full; it slides when the next sample comes."""
        return self.at == self.length

    @property
    def saturated(self) -> int:
        """Values that were clipped so far."""
        return self.frame.saturated

    @property
    def levels(self) -> Int64:
        """Levels of the frames that are complete, (frames, channels * bands)."""
        each = self.frame.channels * self.features.bands
        return np.array(self._levels, np.int64).reshape(-1, each)

    def add(self, sample: Sequence[int | float] | None) -> bool:
        """Add one sample; whether it completes the window. None marks a gap.

        Raises
        ------
        ValueError
            As of `Window.add`; nothing is changed then.
        """
        if sample is None:
            self.clear()
            return False
        frame_complete = self.frame.add(sample)
        self._slide()
        self.at += 1
        if frame_complete:
            self._finish_frame()
        return self.complete

    def fill(self, block: Int16, start: int = 0) -> int:
        """Add samples of a block, int16 (n, width), from `start` on; how many.

        The last one that is taken is the one that completes the window.
        """
        for i, sample in enumerate(block[start:].tolist()):
            if self.add(sample):
                return i + 1
        return len(block) - start

    def clear(self) -> None:
        """Empty the window."""
        self.frame.clear()
        self.at, self._levels, self._out = 0, [], 0

    def take(self, other: "Window | LevelWindow") -> None:
        """Take what another window has of levels, if frames and bands are the same.

        The first frames are left out, as few as leave this window at least one sample short.
        Where they are not the same, or the other window keeps samples, this one is emptied.
        """
        self.clear()
        if isinstance(other, LevelWindow) and _frames(other.features) == _frames(self.features):
            state = LevelWindow.__new__(LevelWindow)
            state.__dict__.update(other.__dict__)
            state._levels = list(other._levels)
            state._slide()
            hop = self.features.hop
            more = max(0, -(-(state.at - (self.length - 1)) // hop))
            state._leave_out(more)
            self.at, self._levels, self._out = state.at - more * hop, state._levels, state._out
            self.frame._rows = [list(row) for row in other.frame._rows]
        self.frame.saturated = other.saturated

    def _slide(self) -> None:
        """By a hop, if the window is full."""
        if self.complete:
            self.at -= self.hop
            self._leave_out(self.hop // self.features.hop)

    def _leave_out(self, frames: int) -> None:
        """The next so many frames: those that there are, and then those that come."""
        self._out += max(0, frames - len(self._levels))
        del self._levels[:frames]

    def _finish_frame(self) -> None:
        if self._out:
            self._out -= 1
            return
        self._levels.append(self.features.levels(self.frame.samples[None])[0, 0])


def _frames(features: Spectrum) -> tuple[object, ...]:
    """What levels depend on."""
    return features.frame, features.hop, features.floor, features.edges


OBJECT_BYTES = 76
SCALE_BYTES, RATIO_BYTES = 4, 8


def window_bytes(model: Model, converts: bool = False, own_scratch: bool = False) -> int:
    """Bytes of RAM that `bnn.Window` takes for a model, on a board with 32 bits.

    Parameters
    ----------
    model : Model
        Of sensor windows.
    converts : bool, default False
        Whether the sensor's counts have to be converted into the model's.
    own_scratch : bool, default False
        Whether frames are not computed in the model's scratch, as the second core uses it.

    Returns
    -------
    int
        What `bnn.Window(model).ram` says there: the object, and the samples of a window with one
        more; or where it keeps levels, the samples of a frame with one more, and the levels.
    """
    channels = len(model.window.channels)
    size = OBJECT_BYTES + channels * (SCALE_BYTES + (RATIO_BYTES if converts else 0))
    if own_scratch and isinstance(model.features, Spectrum) and keeps_levels(model):
        size += 4 * model.features.frame_words()
    return size + sum(kept_bytes(model))


def kept_bytes(model: Model) -> tuple[int, ...]:
    """Bytes of the samples that a window keeps, and of the levels, if it keeps them."""
    features, window = model.features, model.window
    channels = len(window.channels)
    if not isinstance(features, Spectrum) or not keeps_levels(model):
        return (2 * channels * (window.length + 1),)
    levels = features.frames(window.length) * channels * features.bands
    return 2 * channels * (features.frame + 1), levels
