"""What the network is trained on: the front and the code of the node, fitted to the data.

Training sees exactly the bits or bytes that the node will compute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float, Int16
from xnornode.model.input_encoding import Code
from xnornode.model.preprocessing import Front, TextFront
from xnornode.nn.thermometer import BYTE_STEPS

Given = Int16 | Sequence[bytes]


@dataclass(frozen=True, eq=False)
class Inputs:
    """From what a node is given to the network's input, as training computes it.

    code: None behind a text front, and where thresholds are learned, which is in the network then.
    """

    front: Front
    code: Code | None

    @property
    def kind(self) -> Literal["bits", "bytes", "values"]:
        """What the network is given: "values" are samples, for thresholds to be learned."""
        if isinstance(self.front, TextFront):
            return "bits"
        return self.code.output if self.code else "values"

    def compact(self, given: Given) -> npt.NDArray[np.integer]:
        """The network's input as small integers (n, width): int16 values, or int8."""
        if isinstance(self.front, TextFront):
            assert not isinstance(given, np.ndarray)
            return self.front.bits(given)
        assert isinstance(given, np.ndarray)
        values = self.front.values(given)
        return self.code.encode(values) if self.code else values

    def floats(self, compact: npt.NDArray[np.integer]) -> Float:
        """The same as float32, bytes divided by 128."""
        x = compact.astype(np.float32)
        if self.kind == "bytes":
            x /= np.float32(BYTE_STEPS)
        return x
