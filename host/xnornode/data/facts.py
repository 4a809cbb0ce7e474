"""What there is of a class, a group and a channel."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassFacts:
    """What there is of one class, or of one group.

    Parameters
    ----------
    name : str
        The class, or the group.
    items : int
        Recordings, windows or texts.
    samples : int
        Samples in all; of texts, bytes.
    seconds : float
        The same as a time; 0 if the sample rate is unknown.
    groups : int
        Groups that have it; of a group, the classes that it has.
    """

    name: str
    items: int
    samples: int
    seconds: float
    groups: int


@dataclass(frozen=True)
class ChannelFacts:
    """The values of one channel.

    Parameters
    ----------
    name : str
        With its unit, if it has one: `accel x (g)`.
    unit : str
        The unit; "" if none is known.
    minimum, maximum : float
        The smallest and the largest value, in the unit.
    scale : float
        Units per count; 0 where values are counts already, or before a scale is chosen.
    outliers : int
        Values that the scale does not reach: they saturate.
    constant, rising : bool
        Whether it never changes; whether it rises from sample to sample, as a counter does.
    """

    name: str
    unit: str
    minimum: float
    maximum: float
    scale: float
    outliers: int = 0
    constant: bool = False
    rising: bool = False
