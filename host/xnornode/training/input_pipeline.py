"""What the network is trained on: the front and the code of the node, fitted to the data.

Training sees exactly the bits or bytes that the node will compute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float, Int16
from xnornode.model.input_encoding import InputEncoding
from xnornode.model.preprocessing import Features, TextFeatures
from xnornode.nn.thermometer import INT8_STEPS

Given = Int16 | Sequence[bytes]


@dataclass(frozen=True, eq=False)
class InputPipeline:
    """From what a node is given to the network's input, as training computes it.

    code: None behind a text front, and where thresholds are learned, which is in the network then.
    """

    features: Features
    encoding: InputEncoding | None

    @property
    def kind(self) -> Literal["binary", "int8", "values"]:
        """What the network is given: "values" are samples, for thresholds to be learned."""
        if isinstance(self.features, TextFeatures):
            return "binary"
        return self.encoding.output if self.encoding else "values"

    def compact(self, given: Given) -> npt.NDArray[np.integer]:
        """The network's input as small integers (n, width): int16 values, or int8."""
        if isinstance(self.features, TextFeatures):
            assert not isinstance(given, np.ndarray)
            return self.features.bits(given)
        assert isinstance(given, np.ndarray)
        values = self.features.values(given)
        return self.encoding.encode(values) if self.encoding else values

    def floats(self, compact: npt.NDArray[np.integer]) -> Float:
        """The same as float32, bytes divided by 128."""
        x = compact.astype(np.float32)
        if self.kind == "int8":
            x /= np.float32(INT8_STEPS)
        return x
