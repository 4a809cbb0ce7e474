"""The options that change training data at random: --augment and --noise-folder."""

import argparse
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from xnornode._typing import Int16
from xnornode.cli.output import say
from xnornode.data.augment import Augmentation, SoundAugment
from xnornode.data.augment_text import Wanted, augment_in_words, make_augment, read_augment
from xnornode.data.default_augment import default_augment, fit_to_features
from xnornode.data.noise_folder import find_noise, read_noise
from xnornode.data.sound import is_sound
from xnornode.data.splits import Splits
from xnornode.errors import DataError
from xnornode.model.spectrum import Spectrum
from xnornode.training.config import TrainConfig

RATIOS = 5.0, 25.0
"""Signal-to-noise ratios in decibels, where a folder of noise is given and no ratios are."""

OF_LEVELS = ("band mask", "frame mask", "band shift", "frame shift")


def add_options(group: Any) -> None:
    """Add the options --augment and --noise-folder."""
    add = group.add_argument
    what = (
        'random changes of the training data, as "shift 0.1, gain 6, noise 10..30"; none; or '
        '"default, gain 12" (default: what suits the data)'
    )
    add("--augment", type=_wanted, default=Wanted((), True), metavar="CHANGES", help=what)
    what = "sound files of noise, such as of the node's place, to mix into sound in training"
    add("--noise-folder", type=Path, metavar="FOLDER", help=what)


def check(options: argparse.Namespace) -> None:
    """Raise DataError, before the data are read, for a folder that holds no noise."""
    if not options.noise_folder:
        return
    if options.augment is None:
        options.wrong_usage("--noise-folder mixes noise in, and --augment none nothing: omit one")
    find_noise(options.noise_folder)


def settle(options: argparse.Namespace, config: TrainConfig, splits: Splits) -> TrainConfig:
    """`config` with the augmentation that the user asked for. Raises DataError."""
    wanted: Wanted | None = options.augment
    augment: Augmentation | None = None
    usual = fit_to_features(config.augment, config.features)
    if options.features and isinstance(usual, SoundAugment | None):
        usual = default_augment(splits, config.features)  # levels of bands too, if there are any
    if wanted and not wanted.given:
        augment = usual
    elif wanted:
        try:
            augment = make_augment(wanted, splits, usual)
        except DataError as error:
            raise DataError(f"--augment: {error}") from None
        if not options.features:  # of networks that are tried, some have no bands
            augment = fit_to_features(augment, config.features)
    if options.noise_folder:
        _check_noise(wanted, augment, splits)
        augment = _with_noise(options.noise_folder, augment, splits)
    return replace(config, augment=augment)


def tell(options: argparse.Namespace, config: TrainConfig) -> None:
    """Say which augmentation is used, and what of it the features have no use for."""
    if config.augment:
        say(f"augmentation: {augment_in_words(config.augment)} (--augment)")
    wanted: Wanted | None = options.augment
    named = [name for name, _ in wanted.given if name in OF_LEVELS] if wanted else []
    if named and not isinstance(config.features, Spectrum):
        say(f"{', '.join(named)} left out: {config.features.NAME} features have no bands")


def _check_noise(wanted: Wanted | None, augment: Augmentation | None, splits: Splits) -> None:
    """Raise DataError, before noise is read, where the user has nothing that it is mixed into."""
    if splits.train.data_kind != "windows" or splits.image_shape or splits.window.length == 1:
        raise DataError("--noise-folder mixes noise into sound, and these data are none: omit it")
    of_sound = isinstance(augment, SoundAugment)
    if wanted and wanted.given:
        if not of_sound:
            raise DataError(
                f"--noise-folder mixes noise into sound, and --augment '{wanted.text()}' is for "
                "motion: omit one"
            )
    elif not of_sound and not is_sound(splits.window.channels, splits.window.rate_mhz):
        hertz = splits.window.rate_mhz / 1000
        raise DataError(
            f"these data are no sound ({f'{hertz:g} Hz' if hertz else 'of unknown rate'}): "
            "--noise-folder mixes noise into sound; omit it, or choose changes of sound, as for "
            "vibration, such as --augment 'gain 6'"
        )


def _with_noise(folder: Path, augment: Augmentation | None, splits: Splits) -> SoundAugment:
    if augment is not None and not isinstance(augment, SoundAugment):  # of a recipe
        raise DataError(
            f"--noise-folder mixes noise into sound, and the usual augmentation, "
            f"{augment_in_words(augment)}, is for other data: omit it, or choose changes of sound "
            "(--augment)"
        )
    sounds = _noise(folder, splits.window.rate_mhz / 1000)
    augment = augment or SoundAugment()
    return replace(augment, backgrounds=sounds, noise=augment.noise or RATIOS)


@cache
def _noise(folder: Path, rate: float) -> tuple[Int16, ...]:
    """The recordings of noise; what is to say of them is said once, whatever networks are tried."""
    sounds, notes = read_noise(find_noise(folder), rate)
    for note in notes:
        say(note)
    return sounds


def _wanted(text: str) -> Wanted | None:
    try:
        return read_augment(text)
    except DataError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
