"""Deadlines: each wait of the link ends at one, whatever comes from the port."""

import math
import time


class Deadline:
    """A moment at which a wait ends.

    Parameters
    ----------
    seconds : float
        How far away it is. `math.inf` for one that never comes.

    Examples
    --------
    >>> Deadline(0).passed, Deadline(60).within(600).left <= 60
    (True, True)
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then; 0 once it has passed."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether the wait is over."""
        return self.left <= 0

    def within(self, seconds: float) -> "Deadline":
        """The earlier one of this and a deadline so many seconds away."""
        return Deadline(min(seconds, self.left))

    def extend(self, seconds: float, most: float) -> None:
        """Put it off by so many seconds, but to no more than `most` seconds from now."""
        self._end = min(self._end + seconds, time.monotonic() + most)

    def pause(self, seconds: float) -> None:
        """Sleep for so many seconds, or until the deadline."""
        time.sleep(min(seconds, self.left))


NEVER = Deadline(math.inf)
"""For waits that their own deadlines bound."""
