"""Settings of sensors: which of the values that a device has is meant."""

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Sequence


def choice(name: str, value: int, choices: "Sequence[int]", unit: str) -> int:
    """The number of a value among the choices. Raises ValueError with both."""
    for number, one in enumerate(choices):
        if one == value:
            return number
    words = ", ".join(str(one) for one in choices)
    raise ValueError(f"{name} {value} {unit} is not one of {words}")


def nearest(rate: float, rates_mhz: "Sequence[int]") -> int:
    """The number of the rate that is nearest to `rate`, in Hz. Raises ValueError beyond them."""
    wanted = round(1000 * rate)
    low, high = rates_mhz[0], rates_mhz[-1]
    if not low <= wanted <= high:
        raise ValueError(f"rate {rate} Hz is not within {low / 1000:g} to {high / 1000:g}")
    best = 0
    for number, one in enumerate(rates_mhz):
        if abs(one - wanted) < abs(rates_mhz[best] - wanted):
            best = number
    return best
