"""How a dataset is split and cut, and the parts that come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from xnornode.data.read_options import Length
from xnornode.data.split import Wanted
from xnornode.data.understood import Understood
from xnornode.data.windows import Data
from xnornode.errors import DataError
from xnornode.model.model import Window


@dataclass(frozen=True)
class PrepareOptions:
    """How a dataset becomes training, validation and test parts.

    Parameters
    ----------
    test, validation : tuple of str or float, optional
        Groups, or a share of every class; () or 0 for no validation. Default: the groups that the
        dataset sets aside for the test, else a quarter; a fifth of the rest, if there are 10 groups
        or more.
    length : int or Seconds, optional
        The node's window, in samples or seconds; of texts, the bytes that are read. Default: by
        the sample rate and the shortest recordings (`usual_length`), or 1024 bytes.
    hop : int or Seconds, optional
        The step from window to window. Default: half a window.
    training_hop : int or Seconds, optional
        The step in the training part. Default: a quarter of `hop`, so that a movement is seen at
        every phase.
    full_scale : mapping of str to float, default {}
        The largest absolute value of a channel that counts can say, in its unit, by the channel's
        name or by its unit; "" stands for all other channels. Default: by the unit and the data.
    split : {"group", "time"}, default "group"
        Hold out groups, or the last quarter of each recording.
    short : {"pad", "drop"}, optional
        What becomes of recordings that are shorter than a window. Default: sound is padded with
        quiet noise, and cut around its energy where it is a little longer; all else is left out.

    Examples
    --------
    >>> from xnornode import PrepareOptions
    >>> PrepareOptions(test=("ann", "bob"), length=64, hop=16).validation is None
    True
    """

    test: Wanted = None
    validation: Wanted = None
    length: Length | None = None
    hop: Length | None = None
    training_hop: Length | None = None
    full_scale: Mapping[str, float] = field(default_factory=dict)
    split: Literal["group", "time"] = "group"
    short: Literal["pad", "drop"] | None = None


@dataclass(frozen=True, eq=False)
class Splits:
    """The training, validation and test part of a dataset, and what a model says about them.

    Parameters
    ----------
    name : str
        The data's name; 1 to 63 bytes of text in UTF-8.
    window : Window
        The input as the model file's header has it: channels, length and hop in samples, sample
        rate in millihertz, scales.
    labels : tuple of str
        The classes in the order of the network's outputs.
    train : Windows or Texts
        The training part.
    validation, test : Windows or Texts, optional
        The other parts. They share no group with the training part.
    image_shape : tuple of int, optional
        Height and width of images, in pixels.
    held_out : tuple of str, default ()
        The groups of the test.
    notes, warnings : tuple of str, default ()
        What was chosen; what makes the results doubtful.
    understood : Understood, optional
        What was understood of the data: the table that is shown before training.
    padded : bool, default False
        Whether recordings were brought to the window's length: short ones padded, or sound cut.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import from_windows, prepare
    >>> samples = np.arange(480, dtype=np.int16).reshape(20, 8, 3)
    >>> people = [f"person {i % 4}" for i in range(20)]
    >>> splits = prepare(from_windows("demo", samples, ["low"] * 10 + ["high"] * 10, people))
    >>> splits.labels, splits.window.length, splits.tested().items.shape
    (('high', 'low'), 8, (5, 8, 3))
    """

    name: str
    window: Window
    labels: tuple[str, ...]
    train: Data
    validation: Data | None = None
    test: Data | None = None
    image_shape: tuple[int, int] | None = None
    held_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    understood: Understood | None = None
    padded: bool = False

    def tested(self) -> Data:
        """The test part.

        Returns
        -------
        Windows or Texts
            `test`.

        Raises
        ------
        DataError
            There is none.
        """
        if self.test is None:
            raise DataError(f"{self.name} has no test part")
        return self.test
