"""What a training gives: the float network, and how its epochs went."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float
from xnornode.data.windows import Data
from xnornode.model.features import Items
from xnornode.model.model import Window
from xnornode.nn.network import Network
from xnornode.training.config import TrainConfig
from xnornode.training.input_pipeline import InputPipeline

PREDICT_BATCH = 256


@dataclass(frozen=True)
class Epoch:
    """How an epoch went.

    Parameters
    ----------
    number : int
        Which one, from 1 on.
    of : int
        Epochs in all.
    loss, accuracy : float
        Means over the training windows as they were augmented. Accuracy is 0 to 1.
    validation : float or None
        Accuracy on the validation windows, None without them.
    seconds : float
        What the epoch took.
    teacher : bool, default False
        It is the teacher that is trained.
    """

    number: int
    of: int
    loss: float
    accuracy: float
    validation: float | None
    seconds: float
    teacher: bool = False


Progress = Callable[[Epoch], None]


@dataclass(frozen=True)
class Temperature:
    """What logits are divided by before their softmax, so that probabilities are the shares of
    windows that are right.

    Parameters
    ----------
    value : float
        Above 1 the logits are too sure, below 1 not sure enough.
    windows : int, default 0
        How many windows it was fitted on; 0: it was not fitted.
    part : str, default ""
        Which windows those are.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", ICML 2017.
    """

    value: float
    windows: int = 0
    part: str = ""


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained float network, its input pipeline, and what a model file says about it.

    Parameters
    ----------
    network : Network
        With the parameters of the best epoch.
    inputs : InputPipeline
        What windows become before it.
    config : TrainConfig
        How it was trained.
    history : tuple of Epoch
        All epochs.
    best : int
        The number of the epoch whose parameters the network has.
    amplitude : int
        What nearly all samples stay within, in counts; 0 for texts.
    name : str
        The data's.
    labels : tuple of str
        The classes, in the order of the logits.
    window : Window
        Channels, length, hop, sample rate and scales of the data.
    teacher : Trained, optional
        The teacher, where one was trained.
    ones : tuple of ndarray of float32, default ()
        Per layer the share of 1s among its inputs (`Network.ones`), on some training windows.
    validation : Windows or Texts, optional
        The validation part, to which `fold` fits the temperature.
    temperature : Temperature, optional
        One that was fitted already. Default: `fold` fits it.
    """

    network: Network
    inputs: InputPipeline
    config: TrainConfig
    history: tuple[Epoch, ...]
    best: int
    amplitude: int
    name: str
    labels: tuple[str, ...]
    window: Window
    teacher: "Trained | None" = None
    ones: tuple[Float, ...] = ()
    validation: Data | None = None
    temperature: Temperature | None = None

    def logits(self, items: Items) -> Float:
        """Logits in float arithmetic.

        Parameters
        ----------
        items : ndarray of int16, shape (n, length, channels), or sequence of bytes
            Windows in counts of the sensor, or texts.

        Returns
        -------
        ndarray of float32, shape (n, classes)
            In the order of `labels`.
        """
        return logits(self.network, self.inputs, self.inputs.compact(items))

    def predict(self, items: Items) -> npt.NDArray[np.int64]:
        """Class index per window or text, in float arithmetic.

        It means the same as `Model.predict`, which computes in integers, as a node does. Both take
        the same items and give indices into `labels`. `XnorClassifier.predict` follows
        scikit-learn: it gives the classes themselves.

        Parameters
        ----------
        items : ndarray of int16, shape (n, length, channels), or sequence of bytes
            Windows in counts of the sensor, or texts.

        Returns
        -------
        ndarray of int64, shape (n,)
            The class of the highest logit; of equal logits the first.
        """
        return self.logits(items).argmax(axis=1)


def logits(network: Network, inputs: InputPipeline, compact: npt.NDArray[np.integer]) -> Float:
    """Logits (n, classes) of inputs that the pipeline has made."""
    parts = [
        network.forward(inputs.floats(compact[i : i + PREDICT_BATCH]), training=False)
        for i in range(0, len(compact), PREDICT_BATCH)
    ]
    return np.concatenate(parts)
