"""Names of array types that many modules use."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Int8 = npt.NDArray[np.int8]
Int16 = npt.NDArray[np.int16]
Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Pair = tuple[int, int]
Shape = tuple[int, int, int]
Activation = Literal["binary", "int8"]

DataKind = Literal["windows", "texts"]
"""What a network classifies."""
