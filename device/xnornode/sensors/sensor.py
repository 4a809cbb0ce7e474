"""What a program asks of any sensor."""

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from array import array


class Sensor:
    """Base of all sensors: where samples come from.

    Attributes, all set before the first `read_into`:

    name: of the sensor, a str. channels: a name with its unit per channel, such as
    "accel x (g)". scales: per channel, billionths of its unit per count, an int; 0 if unknown.
    rate_mhz: sample rate in millihertz, an int. overruns: samples lost so far, because nobody read
    in time. gaps: how often the stream has been broken so far, by a loss or a new start; a window
    does not reach across a gap. ended: whether there are no more samples, ever. limit: the absolute
    count from which on a value may have been cut off, at an end of the sensor's range. button: what
    sensor.json has as `button`, None without it.
    """

    name = ""
    channels: "tuple[str, ...]" = ()
    scales: "tuple[int, ...]" = ()
    rate_mhz = 0
    overruns = 0
    gaps = 0
    ended = False
    limit = 32752  # the upper 12 bits of int16
    button: "int | str | None" = None

    def read_into(self, block: "array[int] | memoryview") -> int:
        """Take the samples that have come since the last call; returns how many, 0 for none yet.

        block: array('h') or its memoryview, with room for whole samples: all channels of the first
        one, then all of the next. Does not wait, and allocates nothing. The samples of one call
        have no gap between them: after a gap, `gaps` has changed, and they are from after it.
        Raises OSError where the sensor does not answer.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let the sensor rest, and free its pins and timers. No `read_into` after it."""
