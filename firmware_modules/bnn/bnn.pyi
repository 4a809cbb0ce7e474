"""Binary neural network inference from `.bnn` files, in C (FORMAT.md)."""

from array import array
from typing import Final

from typing_extensions import Buffer

__version__: Final[str]
"""Version of this module."""
FORMAT: Final[int]
"""Version of the model file's format that it reads."""

def kernel() -> str:
    """Name of the kernel that was built in, such as "portable"."""

class Model:
    """A network that is read where it lies: nothing is copied, and predicting allocates nothing.

    buffer: the bytes of a `.bnn` file, at a multiple of 4 in memory. Raises ValueError with the
    reason when it is not a valid model.
    """

    def __init__(self, buffer: Buffer) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]:
        """One label per class."""
    @property
    def channels(self) -> tuple[str, ...]:
        """One name per channel, with its unit."""
    @property
    def scales(self) -> tuple[int, ...]:
        """Per channel, billionths of its unit to one count of a sample; 0 if unknown."""
    @property
    def notes(self) -> str:
        """What the model was trained on and how."""
    @property
    def length(self) -> int:
        """Samples in a window; of a text model, the bytes of a text that are read."""
    @property
    def hop(self) -> int:
        """Samples from one window to the next."""
    @property
    def rate_mhz(self) -> int:
        """Sample rate in thousandths of a hertz; 0 if unknown."""
    @property
    def revision(self) -> int:
        """The maker's version of this model; 0 if not numbered."""
    @property
    def crc(self) -> int:
        """CRC-32 of the file."""
    @property
    def size(self) -> int:
        """Bytes of the file."""
    @property
    def ram(self) -> int:
        """Bytes of RAM that this object holds besides the file and the strings."""
    def predict(self, window: Buffer | str) -> int:
        """Class index of one window: `length` samples of all channels as array('h') or bytes.

        A text model takes a text of any length as str or bytes. Raises ValueError for a window of
        another size, TypeError for another type.
        """
    def scores(self, window: Buffer | str, out: array[int]) -> int:
        """The same, and every class's score is written to `out`, an array('i')."""
    def selftest(self) -> bool:
        """Whether this machine computes the scores that the file gives for its self-test.

        Allocates the memory of one window, and frees it. Raises MemoryError where there is none.
        """
