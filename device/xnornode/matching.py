"""Brings a sensor's samples into a model's counts (docs/reference/window.md, "Matching")."""

MOST = 32767  # multiplier
SHIFT = 30
# What a unit measures, and how many of the quantity's first unit it is: numerator, denominator.
UNITS = {
    "m/s^2": ("acceleration", 1, 1),
    "m/s²": ("acceleration", 1, 1),
    "g": ("acceleration", 980665, 100000),
    "deg/s": ("rotation", 1, 1),
    "°/s": ("rotation", 1, 1),
    "dps": ("rotation", 1, 1),
    "rad/s": ("rotation", 18_000_000_000, 314_159_265),
    "V": ("voltage", 1, 1),
    "A": ("current", 1, 1),
    "T": ("field", 1, 1),
    "Pa": ("pressure", 1, 1),
    "FS": ("full scale", 1, 1),
}
PREFIXES = {"k": (1000, 1), "h": (100, 1), "m": (1, 1000), "u": (1, 10**6)}

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from bnn import Model

    from xnornode.sensors.sensor import Sensor


class Mismatch(ValueError):
    """A sensor and a model that do not go together; the text names both sides."""


def match(
    sensor: "Sensor", model: "Model"
) -> "list[tuple[int, int] | tuple[int, int, int]] | None":
    """Per channel of a model, how a sensor's counts become its counts: `ratios` of a bnn.Window.

    None: they are already. Channels are paired by name; a channel that the sensor has at another
    place is a ratio of three numbers. Raises Mismatch where a channel is missing, a unit is
    another, or counts are too far apart.
    """
    places = {_split(name)[0]: i for i, name in enumerate(sensor.channels)}
    in_place = len(sensor.channels) == len(model.channels)
    ratios: list[tuple[int, int] | tuple[int, int, int]] = []
    for c, name in enumerate(model.channels):
        place = places.get(_split(name)[0])
        if place is None:
            have = ", ".join(sensor.channels)
            raise Mismatch(f"the sensor has {have}; the model wants {', '.join(model.channels)}")
        multiplier, shift = _ratio(
            sensor.channels[place], sensor.scales[place], name, model.scales[c]
        )
        in_place = in_place and place == c
        ratios.append((multiplier, shift, place))
    if in_place:
        ratios = [ratio[:2] for ratio in ratios]
        if all(ratio == (1, 0) for ratio in ratios):
            return None
    return ratios


def unknown_scale(sensor: "Sensor", model: "Model") -> str:
    """What a user should know of a channel whose scale one side alone knows; "" without any.

    Sensor and model must match.
    """
    places = {_split(name)[0]: i for i, name in enumerate(sensor.channels)}
    for c, name in enumerate(model.channels):
        have = sensor.scales[places[_split(name)[0]]] != 0
        if have != (model.scales[c] != 0):
            side = "model" if have else "sensor"
            return f"the {side} does not know its scale of {name}: counts are taken as they are"
    return ""


def _split(channel: str) -> "tuple[str, str]":
    """Name and unit of a channel such as "accel x (g)"."""
    name, found, unit = channel.rpartition(" (")
    return (name, unit[:-1]) if found and unit.endswith(")") else (channel, "")


def _ratio(have: str, scale: int, wanted: str, wanted_scale: int) -> "tuple[int, int]":
    """Multiplier and shift from counts of one channel and scale to those of another."""
    unit, wanted_unit = _split(have)[1], _split(wanted)[1]
    up, down = 1, 1
    if unit != wanted_unit:
        kind, up, down = _unit(unit)
        wanted_kind, wanted_up, wanted_down = _unit(wanted_unit)
        if not kind or kind != wanted_kind:
            raise Mismatch(f"the sensor has {have}; the model wants {wanted}")
        up, down = up * wanted_down, down * wanted_up
        if not (scale and wanted_scale):
            raise Mismatch(
                f"the sensor has {have}, the model wants {wanted}, and one scale is unknown"
            )
    if not (scale and wanted_scale):
        return 1, 0
    up, down = up * scale, down * wanted_scale
    for shift in range(SHIFT, -1, -1):
        multiplier = ((up << shift + 1) + down) // (2 * down)
        if multiplier <= MOST:
            break
    if not 0 < multiplier <= MOST:
        raise Mismatch(
            f"{have} of {scale} billionths a count cannot become {wanted} of {wanted_scale}"
        )
    while shift and not multiplier & 1:
        multiplier >>= 1
        shift -= 1
    return multiplier, shift


def _unit(unit: str) -> "tuple[str, int, int]":
    """What a unit measures, or "", and how many of the first unit it is."""
    if unit in UNITS:
        return UNITS[unit]
    kind, up, down = UNITS.get(unit[1:], ("", 1, 1))
    if kind and unit[0] in PREFIXES:
        prefix = PREFIXES[unit[0]]
        return kind, up * prefix[0], down * prefix[1]
    return "", 1, 1
