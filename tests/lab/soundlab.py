"""A microphone's sound, and a model that tells its tones, for the emulated Pico."""

from dataclasses import replace

import numpy as np

from tests.lab.samplinglab import TURN, Kind
from tools.emulators.sensors import Microphone, Signal
from xnornode import TrainConfig, fold, from_windows, prepare, train
from xnornode.model.model import Model
from xnornode.nn.layer_spec import Conv, Spec
from xnornode.recipes.spectra import logmel

TONES = (300.0, 700.0, 1500.0)
"""Hertz of the classes."""
SCALE = 30_518
"""Billionths of full scale in a count."""
LAYERS = (
    Conv(32, (7, 4), (2, 2), activation="int8"),
    Conv(64, (3, 3), (2, 1), activation="int8"),
)
"""They tell tones after hardly any training."""


def tones(rate: int, seconds: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sound of one tone after another, a quarter of a second each; int16 (n,), and which it is."""
    rng = np.random.default_rng(seed)
    n, step = int(rate * seconds), rate // 4
    which = rng.integers(0, len(TONES), n // step + 1).repeat(step)[:n]
    loud = rng.uniform(300, 8000, n // step + 1).repeat(step)[:n]
    t = np.arange(n) / rate
    sound = loud * np.sin(2 * np.pi * np.array(TONES)[which] * t) + rng.normal(0, 100, n)
    return np.clip(sound, -32768, 32767).astype(np.int16), which


def tone_model(rate: int, hop: float = 0.25, layers: tuple[Spec, ...] = LAYERS) -> Model:
    """A log-mel network of windows of a second, `hop` seconds apart, which hardly trained."""
    rng = np.random.default_rng(rate)
    t = np.arange(rate) / rate
    labels = np.arange(18) % len(TONES)
    pitch = np.array(TONES)[labels][:, None] * rng.uniform(0.95, 1.05, (18, 1))
    sound = rng.uniform(300, 8000, (18, 1)) * np.sin(2 * np.pi * pitch * t)
    sound += rng.normal(0, 100, sound.shape)
    dataset = from_windows(
        "tones",
        sound.astype(np.int16)[:, :, None],
        [f"{TONES[i]:.0f} Hz" for i in labels],
        channels=("sound (FS)",),
        rate_mhz=1000 * rate,
    )
    splits = prepare(dataset, hop=int(rate * hop))
    features = logmel(splits)
    config = TrainConfig(features=features, encoding="int8", layers=layers, epochs=2, batch=9)
    model = fold(train(splits, config))
    return replace(model, window=replace(model.window, scales=(SCALE,)))


def microphone(rate: int) -> Kind:
    """An I2S microphone that hears tones."""
    counts, _ = tones(rate, TURN / rate, seed=1)
    wired = Microphone(10, 12, Signal(counts, rate, loop=True, waits=True), bits=16)
    driver, channels = "xnornode.sensors.rp2_i2s.RP2I2S", ("sound (FS)",)
    return Kind(wired, driver, {}, channels, (SCALE,), rate, counts[:, None], window=rate, silent=1)
