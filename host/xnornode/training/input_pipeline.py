"""What the network is trained on: the node's features and input encoding, fitted to the data.

Training sees exactly the binary or int8 inputs that the node will compute.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float, Int16
from xnornode.model.features import Features, Items
from xnornode.model.input_encoding import InputEncoding
from xnornode.model.spectrum import Spectrum
from xnornode.nn.thermometer import INT8_STEPS


@dataclass(frozen=True, eq=False)
class InputPipeline:
    """From what a node is given to the network's input, as training computes it.

    Parameters
    ----------
    features : Raw, Statistics or NGrams
        What a window or a text becomes first.
    encoding : Thermometer, BitPlanes or Int8Encoding, or None
        None for texts, and where thresholds are learned: they are in the network then.
    """

    features: Features
    encoding: InputEncoding | None

    @property
    def kind(self) -> Literal["binary", "int8", "values"]:
        """What the network is given: "values" are samples, for thresholds to be learned."""
        if self.encoding:
            return self.encoding.output
        return "binary" if self.features.data_kind == "texts" else "values"

    def compact(self, items: Items) -> npt.NDArray[np.integer]:
        """The network's input as small integers (n, width): int16 values, or int8."""
        return self.encoded(self.features.values(items))

    def encoded(self, values: Int16) -> npt.NDArray[np.integer]:
        """The network's input of values of the features."""
        return self.encoding.encode(values) if self.encoding else values

    def floats(self, compact: npt.NDArray[np.integer]) -> Float:
        """The same as float32, int8 divided by 128."""
        x = compact.astype(np.float32)
        if self.kind == "int8":
            x /= np.float32(INT8_STEPS)
        return x


def level_shape(features: Features, length: int, channels: int) -> tuple[int, int, int] | None:
    """Frames, channels and bands of the values of a window; None for features without bands.

    What is given of all frames, such as their mean, is one frame with a channel for each; the
    differences of levels over time are channels of their own.
    """
    if not isinstance(features, Spectrum):
        return None
    frames = 1 if features.summary else features.frames(length)
    each = (len(features.summary) or 1) * (1 + features.differences)
    return frames, each * channels, features.bands
