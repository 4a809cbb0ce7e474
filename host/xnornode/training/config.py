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


@dataclass(frozen=True)
class Teacher:
    """Distillation: how much a teacher counts, and which one to train if its logits are not given.

    share: of the loss that is the teacher's, 0 to 1. temperature: that softens both outputs. The
    teacher is the same network in float, `wider` times as wide, trained for `epochs` (None: as
    many as the student) at learning rate `learning_rate`.
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

    layers: the hidden layers. average: scores see the mean over height and width. front, code,
    bits: what the input is made of; bits per value for thermometers and bit planes. grid: height
    and width of the input where it is an image, else it is a row of samples.
    epochs: passes over the data. batch: windows per step, at least 4 (batch norm needs a spread).
    rate, schedule: peak learning rate and its way. optimizer: "adam" or "bop". estimator: gradient
    of the neurons' sign. weights, standardize: how latent weights become -1 and +1. two_stage:
    share of training with binary activations but real weights. weights "real" trains a float
    network, which cannot be folded.
    loss, smoothing: smoothing is the share of the target that goes to all classes alike.
    class_weights: "balanced", one number per class, or None; a teacher's share is not weighed.
    teacher: distillation. augment: random
    changes of the training data. seed: of everything random; what else decides is at `train`.
    Raises DataError for values that make no sense.
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
        if not 0 <= self.two_stage < 1:
            raise DataError(f"two_stage must be at least 0 and below 1, not {self.two_stage}")
        if self.optimizer == "bop" and (self.weights != "sign" or self.standardize):
            raise DataError(
                'Bop has no latent weights: use it with weights "sign", not standardized'
            )
        if self.optimizer == "bop" and self.two_stage:
            raise DataError("Bop has no latent weights: use it without two_stage")

    def of_teacher(self) -> "TrainConfig":
        """The settings by which the teacher is trained."""
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

    def input_shape_of(self, width: int, channels: int) -> tuple[int, int, int]:
        """The input's grid (height, width, channels), for `width` inputs. Raises DataError."""
        if self.image_shape is None:
            return (width // channels, 1, channels)
        places = self.image_shape[0] * self.image_shape[1]
        if width % places:
            raise DataError(
                f"{width} inputs are no image of {self.image_shape[0]} x {self.image_shape[1]}"
            )
        return (*self.image_shape, width // places)

    def weights_of(self, labels: Labels, classes: int) -> Float | None:
        """How much each window counts, float32 (n,), or None for all alike. Raises DataError."""
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
