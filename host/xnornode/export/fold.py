"""A trained float network becomes an integer one: batch norm and sign turn into thresholds.

Exactness. A neuron's float decision is one expression, `BatchNorm.infer`, on one number: z, the sum
of weight times input. float32 holds z exactly (int8 inputs are multiples of a power of two). The
expression's steps (subtract a constant, multiply by a constant, add a constant) each round
monotonically, so the result never turns back as z rises: it is non-decreasing for scale >= 0,
non-increasing for scale < 0, and the decision `y >= 0` changes at most once. `fold` finds that
change by bisection over the integers, evaluating the very same expression in the same dtype. So
ties (y == 0 is +1) and rounding are settled as the float network settles them, and the two agree on
every input by construction, not by a tolerance. int8 activations and scores come from rounded
factors: they may differ from the float network's by a step.
"""

from dataclasses import replace
from math import prod

import numpy as np

from xnornode._typing import Float, Int64
from xnornode.errors import ModelError
from xnornode.export.answers import first_answers
from xnornode.export.polarity import choose_polarity
from xnornode.model.features import Features
from xnornode.model.layers import IntLayer, Requantize, Scores, Thresholds
from xnornode.model.limits import INT32_MAX
from xnornode.model.model import Model, Window
from xnornode.model.spectrum import Spectrum, frame_aligned
from xnornode.nn.activations import Int8ReLU
from xnornode.nn.conv import BinaryConv
from xnornode.nn.network import Block
from xnornode.nn.quantizers import sign
from xnornode.training.trained import Trained

SELFTEST_SEED = 2463534242  # the example seed of Marsaglia's paper
FACTOR_MAX = 2**15 - 1
SHIFT_MAX = 31
STEEPEST = 128  # times the lower quartile of an int8 layer's scales


def fold(trained: Trained, name: str = "", notes: str = "") -> Model:
    """The integer model of a trained network.

    Its binary neurons decide as the float network's do, on every input. Neurons that mostly fire
    are inverted, with the weights that read them (`choose_polarity`). Its scores are the logits
    times one positive factor, with scales rounded to int16 and offsets to integers.

    With features of frames its windows may follow each other by a little less than those of the
    data: by a multiple of the frames' hop, so that a node computes each frame once.

    Its answers have the temperature that fits the validation part, or that of the logits if there
    is none. They are of one window each, never unknown. Classes that are background by their names
    ("idle", "noise") make no events.

    Parameters
    ----------
    trained : Trained
        What `train` gives.
    name : str, default ""
        The model's name. Default: the dataset's.
    notes : str, default ""
        What it was trained on and how, at most 4095 bytes of text.

    Returns
    -------
    Model
        The network that a node runs.

    Raises
    ------
    ModelError
        The network has real weights or parameters that are not finite, or the format does not
        allow the model.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import Dense, TrainConfig, fold, from_windows, prepare, train
    >>> samples = np.random.default_rng(0).normal(0, 100, (80, 16, 2)).astype(np.int16)
    >>> samples[40:] += 300
    >>> dataset = from_windows("demo", samples, ["low"] * 40 + ["high"] * 40)
    >>> trained = train(prepare(dataset), TrainConfig(layers=(Dense(16),), epochs=3, batch=16))
    >>> model = fold(trained, name="levels")
    >>> model.name, len(model.layers)
    ('levels', 2)
    """
    network = trained.network
    if trained.config.weights == "real":
        raise ModelError("layer", "a float network cannot be folded: train with binary weights")
    encoding = network.before.encoding() if network.before else trained.inputs.encoding
    layers = tuple(fold_block(block) for block in network.blocks)
    model = Model(
        name or trained.name,
        trained.labels,
        _aligned(trained.window, trained.inputs.features),
        trained.inputs.features,
        encoding,
        choose_polarity(layers, trained.ones) if trained.ones else layers,
        seed=SELFTEST_SEED,
        shift=selftest_shift(trained.amplitude),
        notes=notes,
    )
    return replace(model, answers=first_answers(model, trained, score_gain(network.blocks[-1])))


def _aligned(window: Window, features: Features) -> Window:
    """The window with a hop that lets a node compute each frame of spectra once."""
    if not isinstance(features, Spectrum):
        return window
    return replace(window, hop=frame_aligned(window.hop, features.hop))


def fold_block(block: Block) -> IntLayer:
    """One layer with its batch norm and what comes after it, as integers."""
    linear = block.linear
    if isinstance(linear, BinaryConv):
        options = (linear.groups, linear.stride, linear.padding, linear.pool)
        kernel = linear.kernel
    else:
        options = (1, (1, 1), (0, 0), (1, 1))
        kernel = (1, 1)
    weights = linear.used().astype(np.int8)
    output: Thresholds | Requantize | Scores
    if block.output == "binary":
        # A neuron of negative scale fires for small z: inverted weights turn z into -z.
        direction = np.where(finite_scale(block) < 0, -1, 1)
        weights = weights * direction[:, None].astype(np.int8)
        output = thresholds(block, direction, weights.shape[1])
    elif block.output == "int8":
        output = requantize(block, weights.shape[1])
    else:
        output = scores(block)
    channels = block.input_shape[2] // options[0]
    shaped = weights.reshape(len(weights), *kernel, channels)
    return IntLayer(shaped, block.input_shape, block.inputs, output, *options)


def thresholds(block: Block, direction: Int64, inputs: int) -> Thresholds:
    """Thresholds of binary neurons, whose z is `direction` times that of the float network."""
    # With binary inputs, z = inputs - 2 d falls as d, the differing inputs, rises: search over -d.
    if block.inputs == "binary":
        low = np.full(len(direction), -inputs)
        high = np.ones_like(low)
        start, step = inputs, 2
    else:
        low = np.full(len(direction), -128 * inputs)
        high = -low + 1
        start, step = 0, 1
    # The least number that fires is in [low, high]; the greatest high stands for none.
    while (low < high).any():
        middle = (low + high) >> 1
        z = direction * (start + step * middle) * block.unit
        fires = sign(block.norm.infer(z.astype(np.float32)[None])[0]) > 0
        going = low < high
        high = np.where(going & fires, middle, high)
        low = np.where(going & ~fires, middle + 1, low)
    # d fires while -d >= low, so the first d that does not is 1 - low.
    return Thresholds(1 - low if block.inputs == "binary" else low)


def requantize(block: Block, inputs: int) -> Requantize:
    """Factors, offsets and the shift that give the int8 values of `Int8ReLU`."""
    scale, offset = _affine(block)
    scale, offset = scale * Int8ReLU.STEPS, offset * Int8ReLU.STEPS + 0.5
    # A neuron that hardly ever varies has a scale so large that, with one shift for all, it would
    # leave the others a few steps. It may be less steep, with the same value at its mean.
    steepest = STEEPEST * np.quantile(np.abs(scale), 0.25)
    if steepest:
        flat = np.clip(scale, -steepest, steepest)
        offset += (scale - flat) * block.norm.mean / block.unit
        scale = flat
    reach = inputs * (128 if block.inputs == "int8" else 1)
    for shift in range(SHIFT_MAX, -1, -1):
        factors = np.rint(scale * 2.0**shift)
        offsets = np.floor(offset * 2.0**shift)
        fits = np.abs(factors).max() <= FACTOR_MAX
        if fits and (np.abs(offsets) + reach * np.abs(factors)).max() <= INT32_MAX:
            return Requantize(factors.astype(np.int64), offsets.astype(np.int64), shift)
    raise ModelError(
        "layer", "a batch norm is too steep for int8: train longer or lower the learning rate"
    )


def scores(block: Block) -> Scores:
    """The last layer's integer scale and offset per class.

    The factor common to all classes is the largest that keeps scales in int16 and scores in int32.
    """
    scale, offset = _affine(block)
    factor = score_gain(block)
    return Scores(
        np.rint(factor * scale).astype(np.int64), np.rint(factor * offset).astype(np.int64)
    )


def score_gain(block: Block) -> float:
    """The factor between the logits of the last layer and its integer scores."""
    scale, offset = _affine(block)
    reach = prod(block.input_shape) * (128 if block.inputs == "int8" else 1)
    # Rounding moves a score by at most (reach + 1) / 2: room for that is left.
    room = INT32_MAX - (reach + 1)
    most = np.array([np.abs(scale).max(), (np.abs(offset) + reach * np.abs(scale)).max()])
    return float((np.array([FACTOR_MAX, room]) / np.maximum(most, 1e-30)).min())


def selftest_shift(amplitude: int) -> int:
    """The shift that narrows the self-test's random samples, 16 bits wide, to those trained on."""
    for shift in range(15, 0, -1):
        if 2**15 >> shift > amplitude:
            return shift
    return 0


def finite_scale(block: Block) -> Float:
    """The batch norm's scale. Raises ModelError where training has diverged."""
    norm = block.norm
    scale = norm.scale()
    if not all(np.isfinite(x).all() for x in (scale, norm.beta.value, norm.mean)):
        raise ModelError(
            "layer", "a batch norm is not finite: training diverged, lower the learning rate"
        )
    return scale


def _affine(block: Block) -> tuple[np.ndarray, np.ndarray]:
    """The batch norm as scale * z + offset of an integer z, in float64."""
    scale = finite_scale(block).astype(np.float64)
    offset = block.norm.beta.value.astype(np.float64) - block.norm.mean * scale
    return scale * block.unit, offset
