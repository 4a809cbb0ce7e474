# Runs in MicroPython: what a Keeper needs beside its classifier and its ring.


class Playing:
    """A sensor, as far as a Keeper looks at it."""

    name = "playing"
    rate_mhz = 100_000

    def __init__(self, channels, scales):
        self.channels, self.scales = tuple(channels), tuple(scales)


class Heard:
    """A link that remembers what it is given."""

    session = "5e5510"

    def __init__(self):
        self.said, self.warned, self.kept = [], [], None

    def prediction(self, p):
        self.said.append([p.answer, int(1000 * p.confidence + 0.5)] if p.confidence else [])

    def warning(self, kind, text, **more):
        self.warned.append([kind, text])
        return True

    def keeps(self, kept):
        self.kept = kept
