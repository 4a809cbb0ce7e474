"""What is trained, and how: the settings of one training."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from xnornode._typing import Float, Labels
from xnornode.data.augment import Augmentation
from xnornode.errors import DataError
from xnornode.model.features import Features, Raw
from xnornode.model.fit_encoding import ENCODINGS, EncodingName
from xnornode.model.limits import MAX_BITS
from xnornode.nn.layer_spec import Conv, Dense, Spec
from xnornode.nn.losses import LOSSES
from xnornode.nn.optimizers import OPTIMIZERS, SCHEDULES
from xnornode.nn.quantizers import STES, WEIGHTS

MIN_BATCH = 4
MOST_SPREAD = 10.0


@dataclass(frozen=True)
class Teacher:
    """Distillation: how much a teacher counts, and which one to train if its logits are not given.

    The teacher is the same network in float, but wider (Hinton, Vinyals, Dean, "Distilling the
    knowledge in a neural network", 2015).

    Parameters
    ----------
    share : float, default 0.7
        Share of the loss that is the teacher's, above 0 and at most 1.
    temperature : float, default 4.0
        Softens both outputs.
    wider : float, default 2.0
        How many times as wide the teacher is.
    epochs : int, optional
        Of the teacher. Default: as many as the student's.
    learning_rate : float, default 0.002
        Of the teacher.

    Raises
    ------
    DataError
        A value is outside these.
    """

    share: float = 0.7
    temperature: float = 4.0
    wider: float = 2.0
    epochs: int | None = None
    learning_rate: float = 0.002

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise DataError(f"a teacher's share must be above 0 and at most 1, not {self.share}")
        if not self.temperature > 0:
            raise DataError(f"a teacher's temperature must be above 0, not {self.temperature}")
        if not self.wider > 0:
            raise DataError(f"a teacher's wider must be above 0, not {self.wider}")
        if self.epochs is not None and self.epochs < 1:
            raise DataError(f"a teacher's epochs must be at least 1, not {self.epochs}")
        if not self.learning_rate > 0:
            raise DataError(f"a teacher's learning_rate must be above 0, not {self.learning_rate}")


@dataclass(frozen=True)
class TrainConfig:
    """What is trained, and how.

    Parameters
    ----------
    layers : tuple of Dense or Conv, default (Dense(64),)
        The hidden layers.
    global_average_pooling : bool, default False
        The scores see each channel's mean over all output positions, not every value.
    features : Raw, Statistics or NGrams, default Raw()
        What a window or a text becomes first.
    encoding : {"thermometer", "learned-thermometer", "bit-planes", "int8"}, default "thermometer"
        How values become the first layer's inputs. N-grams need none.
    bits : int, default 3
        Bits per value of thermometers (1 to 32) and bit planes (1 to 8).
    image_shape : tuple of int, optional
        Height and width of the input where it is an image. Default: it is a series of samples.
    epochs : int, default 20
        Passes over the data.
    batch : int, default 128
        Windows per step, at least 4, as batch norm needs a spread.
    learning_rate : float, default 0.003
        The highest one.
    schedule : {"cosine", "constant"}, default "cosine"
        How the learning rate falls.
    optimizer : {"adam", "bop"}, default "adam"
        Bop has no latent weights; it takes weights "sign".
    ste : {"identity", "clipped", "polynomial", "relu"}, default "clipped"
        The gradient that stands in for that of the neurons' sign.
    weights : {"sign", "ede", "soft", "real"}, default "sign"
        How latent weights become -1 and +1. "real" trains a float network, which cannot be folded.
    standardize : bool, default False
        Each neuron's latent weights are brought to mean 0 and deviation 1 first.
    two_stage : float, default 0.0
        Share of training with binary activations but real weights, below 1.
    loss : {"cross-entropy", "squared-hinge"}, default "cross-entropy"
        The loss on the labels.
    smoothing : float, default 0.0
        Share of the target that goes to all classes alike, below 1.
    label_spread : float, default 0.0
        For labels that are steps of one quantity: the standard deviation, in steps, of the target
        around the label, 0 to 10. 0: the label's class alone.
    circular : bool, default False
        Behind the last of such labels comes the first again, as with directions and hours.
    class_weights : "balanced" or tuple of float, optional
        How much windows of each class count. Default: all alike. The teacher's share of the loss
        is not weighted.
    teacher : Teacher, optional
        Distillation.
    augment : Augment, SoundAugment, ImageAugment or TextAugment, optional
        Random changes of the training data.
    seed : int, default 0
        Of everything random. `train` says what else the result depends on.

    Raises
    ------
    DataError
        A value is outside these, or two do not go together.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from xnornode import Conv, Dense, TrainConfig
    >>> config = TrainConfig(layers=(Conv(16, (5, 1)), Dense(32)), encoding="int8", epochs=30)
    >>> replace(config, seed=1).learning_rate
    0.003
    """

    layers: tuple[Spec, ...] = (Dense(64),)
    global_average_pooling: bool = False
    features: Features = field(default_factory=Raw)
    encoding: EncodingName = "thermometer"
    bits: int = 3
    image_shape: tuple[int, int] | None = None
    epochs: int = 20
    batch: int = 128
    learning_rate: float = 0.003
    schedule: str = "cosine"
    optimizer: str = "adam"
    ste: str = "clipped"
    weights: str = "sign"
    standardize: bool = False
    two_stage: float = 0.0
    loss: str = "cross-entropy"
    smoothing: float = 0.0
    label_spread: float = 0.0
    circular: bool = False
    class_weights: str | tuple[float, ...] | None = None
    teacher: Teacher | None = None
    augment: Augmentation | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MAX_BITS:
            raise DataError(f"bits must be 1 to {MAX_BITS}, not {self.bits}")
        if self.epochs < 1:
            raise DataError(f"epochs must be at least 1, not {self.epochs}")
        if self.batch < MIN_BATCH:
            raise DataError(f"batch must be at least {MIN_BATCH}, not {self.batch}")
        if not self.learning_rate > 0:
            raise DataError(f"learning_rate must be above 0, not {self.learning_rate}")
        if self.seed < 0:
            raise DataError(f"seed must be at least 0, not {self.seed}")
        for name, value, known in (
            ("encoding", self.encoding, ENCODINGS),
            ("schedule", self.schedule, SCHEDULES),
            ("optimizer", self.optimizer, OPTIMIZERS),
            ("ste", self.ste, tuple(STES)),
            ("weights", self.weights, (*WEIGHTS, "real")),
            ("loss", self.loss, LOSSES),
        ):
            if value not in known:
                raise DataError(f"{name} must be one of {', '.join(known)}, not {value}")
        if not 0 <= self.smoothing < 1:
            raise DataError(f"smoothing must be at least 0 and below 1, not {self.smoothing}")
        if not 0 <= self.label_spread <= MOST_SPREAD:
            raise DataError(f"label_spread must be 0 to {MOST_SPREAD}, not {self.label_spread}")
        if self.label_spread and self.loss != "cross-entropy":
            raise DataError(f"label_spread needs the loss cross-entropy, not {self.loss}")
        if self.circular and not self.label_spread:
            raise DataError("circular is for ordered labels: set label_spread too, such as 0.6")
        if not 0 <= self.two_stage < 1:
            raise DataError(f"two_stage must be at least 0 and below 1, not {self.two_stage}")
        if self.optimizer == "bop" and (self.weights != "sign" or self.standardize):
            raise DataError(
                'Bop has no latent weights: use it with weights "sign", not standardized'
            )
        if self.optimizer == "bop" and self.two_stage:
            raise DataError("Bop has no latent weights: use it without two_stage")

    def of_teacher(self) -> "TrainConfig":
        """The settings by which the teacher is trained.

        Returns
        -------
        TrainConfig
            The same with wider layers, float weights, and the teacher's epochs and learning rate.
        """
        assert self.teacher
        wider, groups = [], 1
        for spec in reversed(self.layers):
            # A width must be divided by the groups of its own layer and of the one behind it.
            own = spec.groups if isinstance(spec, Conv) else 1
            step = math.lcm(own, groups)
            steps = max(1, round(spec.outputs * self.teacher.wider / step))
            wider.append(replace(spec, outputs=steps * step))
            groups = own
        return replace(
            self,
            layers=tuple(reversed(wider)),
            weights="real",
            optimizer="adam",
            standardize=False,
            two_stage=0.0,
            teacher=None,
            epochs=self.teacher.epochs or self.epochs,
            learning_rate=self.teacher.learning_rate,
        )

    def input_shape_of(self, width: int, channels: int, columns: int = 1) -> tuple[int, int, int]:
        """The shape of the network's input.

        Parameters
        ----------
        width : int
            Inputs in all.
        channels : int
            Inputs per sample, where the input is no image.
        columns : int, default 1
            Neighbouring values of a sample, such as the bands of a frame. Convolutions whose kernel
            is wider than 1 see them as the width of an image.

        Returns
        -------
        tuple of int
            (height, width, channels).

        Raises
        ------
        DataError
            So many inputs are no image of `image_shape`.
        """
        if self.image_shape is None:
            wide = any(isinstance(s, Conv) and s.kernel[1] > 1 for s in self.layers)
            across = columns if wide else 1
            return (width // channels, across, channels // across)
        positions = self.image_shape[0] * self.image_shape[1]
        if width % positions:
            raise DataError(
                f"{width} inputs are no image of {self.image_shape[0]} x {self.image_shape[1]}"
            )
        return (*self.image_shape, width // positions)

    def weights_of(self, labels: Labels, classes: int) -> Float | None:
        """How much each window counts.

        Parameters
        ----------
        labels : ndarray of int64, shape (n,)
            Class index per window.
        classes : int
            Number of classes.

        Returns
        -------
        ndarray of float32, shape (n,), or None
            None for all alike.

        Raises
        ------
        DataError
            `class_weights` do not fit the classes.
        """
        if self.class_weights is None:
            return None
        counts = np.bincount(labels, minlength=classes)
        if self.class_weights == "balanced":
            each = len(labels) / (classes * np.maximum(counts, 1))
        elif isinstance(self.class_weights, str) or len(self.class_weights) != classes:
            raise DataError(f'class_weights must be "balanced" or {classes} numbers')
        else:
            each = np.array(self.class_weights)
            if not (np.isfinite(each).all() and (each >= 0).all() and each.any()):
                raise DataError("class_weights must be at least 0, and not all of them 0")
        return each[labels].astype(np.float32)
