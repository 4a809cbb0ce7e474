"""Augmentations as short text, "shift 0.1, gain 6, noise 10..30": of options, reports and notes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

from xnornode.data.augment import Augment, Augmentation, ImageAugment, SoundAugment, TextAugment
from xnornode.data.augment_values import (
    Channels,
    channel_numbers,
    flag,
    names,
    number,
    outside,
    pair,
    ratios,
    share_or_time,
    steps_or_time,
    whole,
)
from xnornode.data.image_augment import IMAGE_CHANNELS
from xnornode.data.read_options import Seconds
from xnornode.data.sound import is_sound
from xnornode.data.splits import Splits
from xnornode.data.triads import find_triads
from xnornode.errors import DataError

Parser = Callable[[str], Any]
NONE = "none"
DEFAULT = "default"

SOUND: Mapping[str, Parser] = {
    "shift": share_or_time,
    "gain": number,
    "speed": number,
    "noise": ratios,
    "noise share": number,
    "band mask": whole,
    "frame mask": whole,
    "band shift": whole,
    "frame shift": whole,
    "versions": whole,
}
MOTION: Mapping[str, Parser] = {
    "shift": steps_or_time,
    "scale": number,
    "jitter": number,
    "drop": number,
    "mirror": names,
    "rotation": number,
    "triads": names,
    "versions": whole,
}
IMAGES: Mapping[str, Parser] = {
    "shift": pair,
    "rotation": number,
    "scale": number,
    "flip": flag,
    "stretch": number,
    "outside": outside,
    "brightness": number,
    "contrast": number,
    "gamma": number,
    "invert": number,
    "blur": number,
    "noise": number,
    "cutout": number,
}
TEXTS: Mapping[str, Parser] = {"drop": number}


@dataclass(frozen=True)
class Kind:
    """An augmentation, and what text can say of it.

    Parameters
    ----------
    what : str
        The data that it is for.
    of : type
        The augmentation.
    parsers : mapping of str to callable
        How the value of each name is read.
    """

    what: str
    of: type[Any]
    parsers: Mapping[str, Parser]


KINDS = (
    Kind("sound and vibration", SoundAugment, SOUND),
    Kind("motion and other windows", Augment, MOTION),
    Kind("images", ImageAugment, IMAGES),
    Kind("texts", TextAugment, TEXTS),
)


@dataclass(frozen=True)
class Wanted:
    """What a text asks for.

    Parameters
    ----------
    given : tuple of tuple of str
        Names, with blanks between their words, and their values as they were written.
    on_default : bool, default False
        Whether the default is changed: else what is not named is off.
    """

    given: tuple[tuple[str, str], ...]
    on_default: bool = False

    def text(self) -> str:
        """The same as it is written."""
        start = (DEFAULT,) if self.on_default else ()
        return ", ".join((*start, *(f"{name} {value}".strip() for name, value in self.given)))


def read_augment(text: str) -> Wanted | None:
    """Read a text before the data are known.

    Parameters
    ----------
    text : str
        Changes separated by commas, each a name and a value; "none"; or "default", ...

    Returns
    -------
    Wanted or None
        None for "none".

    Raises
    ------
    DataError
        A name is unknown, a value is wrong, or no kind of data has all of the names.

    Examples
    --------
    >>> read_augment("shift 10%, noise 10..30").given
    (('shift', '10%'), ('noise', '10..30'))
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if [part.lower() for part in parts] == [NONE]:
        return None
    on_default = bool(parts) and parts[0].lower() == DEFAULT
    given = [_name_and_value(part) for part in parts[on_default:]]
    if not parts:
        raise DataError(f"no change is named; {_all_names()}; or {NONE}, or {DEFAULT}")
    twice = {name for name, _ in given if [n for n, _ in given].count(name) > 1}
    if twice:
        raise DataError(f"{', '.join(sorted(twice))} is given twice")
    wanted = Wanted(tuple(given), on_default)
    having = [kind for kind in KINDS if all(name in kind.parsers for name, _ in given)]
    if not having:
        whose = "; ".join(f"{name} is for {_whose(name)}" for name, _ in given)
        raise DataError(f"no kind of data has all of these: {whose}")
    faults = [fault for kind in having if (fault := _fault(kind, wanted))]
    if len(faults) == len(having):
        raise DataError("; ".join(dict.fromkeys(faults)))
    return wanted


def make_augment(wanted: Wanted, splits: Splits, usual: Augmentation | None) -> Augmentation:
    """Make the augmentation that a text asks for.

    Parameters
    ----------
    wanted : Wanted
        What was asked for.
    splits : Splits
        The data.
    usual : Augmentation or None
        The default, for a text that changes it.

    Returns
    -------
    Augmentation
        The one for the data's kind.

    Raises
    ------
    DataError
        It does not suit the data.
    """
    kind = _kind_of(wanted, splits, usual)
    given = {}
    for name, value in wanted.given:
        if name not in kind.parsers:
            raise DataError(
                f"{name} is for {_whose(name)}, and these are {_what(splits)}: their changes are "
                f"{', '.join(kind.parsers)}"
            )
        try:
            parsed = kind.parsers[name](value)
        except ValueError as error:
            raise DataError(f"{name} {value}: for {kind.what} {error}") from None
        given[name.replace(" ", "_")] = _settled(kind, name, parsed, splits)
    if kind.of is Augment and given.get("rotation") and not given.get("triads"):
        before = usual if wanted.on_default and isinstance(usual, Augment) else None
        given["triads"] = (before and before.triads) or find_triads(splits.window.channels)
        if not given["triads"]:
            raise DataError(
                "rotation turns channels x, y and z of a sensor, and no names say which: give the "
                "first of each three, such as triads 0+3"
            )
    made: Augmentation
    if wanted.on_default and isinstance(usual, kind.of):
        made = replace(usual, **given)
    else:
        size = splits.image_shape if kind.of is ImageAugment else None
        made = kind.of(*(size or ()), **given)
    made.check(splits.window.length, len(splits.window.channels))
    return made


def augment_in_words(augment: Augmentation) -> str:
    """An augmentation as the text that makes it.

    Examples
    --------
    >>> augment_in_words(SoundAugment(shift=0.1, noise=(10, 30), band_mask=4))
    'shift 0.1, noise 10..30, band mask 4'
    """
    kind = next((kind for kind in KINDS if isinstance(augment, kind.of)), None)
    if kind is None:
        return type(augment).__name__
    usual = {f.name: f.default for f in fields(kind.of) if f.default is not MISSING}
    said = []
    for name in kind.parsers:
        value = getattr(augment, name.replace(" ", "_"))
        if value != usual[name.replace(" ", "_")]:
            said.append(f"{name} {_value_in_words(name, value)}".strip())
    if isinstance(augment, SoundAugment) and augment.backgrounds:
        said.append(f"{len(augment.backgrounds)} recordings of noise")
    return ", ".join(said) or "nothing"


def _value_in_words(name: str, value: Any) -> str:
    if value is True:
        return ""
    if isinstance(value, tuple):
        between = ".." if name == "noise" else "x" if name == "shift" else "+"
        return between.join(f"{v:g}" for v in value)
    return value if isinstance(value, str) else f"{value:g}"


def _name_and_value(part: str) -> tuple[str, str]:
    """The name that a part begins with, of one or two words, and the rest."""
    known = sorted({name for kind in KINDS for name in kind.parsers}, key=len, reverse=True)
    for name in known:
        match = re.match(name.replace(" ", r"[ _-]") + r"(?=$|[\s=:])[\s=:]*", part, re.IGNORECASE)
        if match:
            return name, part[match.end() :].strip()
    raise DataError(f"{part.split()[0]!r} is no change; {_all_names()}; or {NONE}, or {DEFAULT}")


def _all_names() -> str:
    return "; ".join(f"for {kind.what}: {', '.join(kind.parsers)}" for kind in KINDS)


def _whose(name: str) -> str:
    return " or ".join(kind.what for kind in KINDS if name in kind.parsers)


def _fault(kind: Kind, wanted: Wanted) -> str:
    """What is wrong with values for a kind of data, whatever the data; "" if nothing."""
    given = {}
    try:
        for name, text in wanted.given:
            try:
                value = kind.parsers[name](text)
            except ValueError as error:
                return f"{name} {text}: for {kind.what} {error}"
            if not isinstance(value, Seconds | Channels):
                given[name.replace(" ", "_")] = value
        size = (2, 2) if kind.of is ImageAugment else ()
        kind.of(*size, **given).check(4 if size else 2**24, 1 if size else 2**16)
    except DataError as error:
        return f"for {kind.what}: {error}"
    return ""


def _kind_of(wanted: Wanted, splits: Splits, usual: Augmentation | None) -> Kind:
    """What changes data of this kind."""
    sound, motion, images, texts = KINDS
    if splits.train.data_kind == "texts":
        return texts
    if splits.image_shape and len(splits.window.channels) in IMAGE_CHANNELS:
        return images
    heard = is_sound(splits.window.channels, splits.window.rate_mhz)
    if wanted.on_default and usual is not None:
        heard = isinstance(usual, SoundAugment)
    first, other = (sound, motion) if heard else (motion, sound)
    fits = [kind for kind in (first, other) if all(n in kind.parsers for n, _ in wanted.given)]
    return fits[0] if fits and not _fault(fits[0], wanted) else fits[-1] if fits else first


def _what(splits: Splits) -> str:
    if splits.train.data_kind == "texts":
        return "texts"
    if splits.image_shape:
        return "images"
    heard = is_sound(splits.window.channels, splits.window.rate_mhz)
    return "sound" if heard else "windows of samples"


def _settled(kind: Kind, name: str, value: Any, splits: Splits) -> Any:
    """A value in the unit of its field, now that the data are known."""
    window = splits.window
    if isinstance(value, Seconds):
        if not window.rate_mhz:
            raise DataError(f"{name} in seconds needs the sample rate: give it with --rate")
        samples = value.samples(window.rate_mhz / 1000)
        return samples / window.length if kind.of is SoundAugment else samples
    if isinstance(value, Channels):
        return channel_numbers(value, name, window.channels)
    return value
