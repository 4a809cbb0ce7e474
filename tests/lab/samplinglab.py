"""A node on the emulated Pico whose sensor measures the time, so that each sample says when it was.

The sensor's first channel counts the milliseconds. Samples that were taken in time are a period
apart in it; one that came late, twice or not at all is seen at once. Meanwhile the node gets a
push, a rollback and a push again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from tests.lab.motionlab import AXES
from tests.lab.nets import random_model
from tests.lab.readypico import install, library_flash
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Analog, Microphone, Mpu6050, Sensor, Signal
from tools.firmware.sources import ROOT
from xnornode.board import node_library
from xnornode.board.install import Plan
from xnornode.link.connect import connect
from xnornode.link.messages import Event, Prediction, Ready
from xnornode.link.protocol import Session
from xnornode.link.push import Push
from xnornode.link.repl import Board
from xnornode.link.timing import Timing
from xnornode.model.file_format import to_bytes
from xnornode.model.model import Model

TICKS = 1000
"""Frames of a slow sensor's signal in a second."""
TURN = 65_536
"""Frames after which a signal begins again, as int16 does."""
SLOW = Timing(answer=60.0, ack=5.0)
"""For an emulated chip on a busy computer."""
ROOM = 4096
"""Samples of which a tap keeps the first channel: the newest ones."""

SPARE = 512
"""Of those that may have been overwritten by a read that Ctrl-C cut off."""

TAP = f"""
import time
from array import array
from binascii import crc32
from {{module}} import {{kind}} as Base

times = array("h", bytes(2 * {ROOM}))  # the first channel
state = 0, 0, 0  # samples, their CRC-32, the most at once
longest = last = 0  # milliseconds from one read to the next; when it was
sensor = None

class Tapped(Base):
    def __init__(self, **settings):
        global sensor
        Base.__init__(self, **settings)
        sensor = self

    def read_into(self, block):
        global state, longest, last
        now = time.ticks_ms()
        longest = max(longest, time.ticks_diff(now, last)) if last else 0
        last = now
        n = Base.read_into(self, block)
        if n:
            count, crc, most = state
            width = len(self.channels)
            crc = crc32(memoryview(block)[: n * width], crc)
            if self.rate_mhz < 2_000_000:
                for i in range(n):
                    times[(count + i) % {ROOM}] = block[i * width]
            state = count + n, crc, max(most, n)  # at once: a Ctrl-C may come
        return n
"""
REPORT = """
import tap, binascii, json
text = binascii.b2a_base64(tap.times).decode().strip()
print(json.dumps(tap.state + (tap.longest, tap.sensor.overruns, text)))
"""


@dataclass(frozen=True)
class Kind:
    """A sensor to try: what is wired, sensor.json without `sensor`, and what it should count."""

    wired: Sensor
    driver: str
    settings: dict[str, object]
    channels: tuple[str, ...]
    scales: tuple[int, ...]
    rate: int
    counts: np.ndarray
    """int16 (TURN, channels), of each frame of the signal."""
    window: int = 64
    silent: int = 0
    """Samples before the signal's first frame, which are 0."""

    @property
    def step(self) -> int:
        """Frames of the signal from one sample to the next."""
        return max(1, TICKS // self.rate)

    @property
    def fast(self) -> bool:
        """Whether the signal has a frame for each sample, and no time is kept."""
        return self.rate >= 2 * TICKS

    @property
    def files(self) -> dict[str, bytes]:
        """On the node: sensor.json and the tap that it names."""
        module, _, name = self.driver.rpartition(".")
        config = {"sensor": "tap.Tapped", "rate": self.rate, **self.settings}
        return {
            "/sensor.json": json.dumps(config).encode(),
            "/lib/tap.py": TAP.format(module=module, kind=name).encode(),
        }

    def model(self, revision: int, hidden: tuple[int, ...] = (60, 16)) -> Model:
        """A network for this sensor, with random weights."""
        width = len(self.channels)
        made = random_model(revision, self.window, width, 1, (*hidden, 7))
        window = replace(
            made.window,
            channels=self.channels,
            scales=self.scales,
            rate_mhz=1000 * self.rate,
            hop=self.window // 2,
        )
        return replace(made, revision=revision, window=window)


def motion(rate: int = 100) -> Kind:
    """An MPU6050 in its ranges of 8 g and 2000 degrees a second."""
    counts = np.random.default_rng(5).integers(-32768, 32768, (TURN, 6)).astype(np.int16)
    counts[:, 0] = np.arange(TURN) - TURN // 2
    signal = Signal(
        counts * np.repeat([8 / 32768, 1 / 16.4], 3), TICKS, AXES, loop=True, waits=True
    )
    settings = {"range": 8, "gyro_range": 2000}
    scales = (244_141,) * 3 + (60_975_610,) * 3
    driver = "xnornode.sensors.mpu6050.MPU6050"
    return Kind(Mpu6050(signal), driver, settings, AXES, scales, rate, counts)


def volts() -> Kind:
    """An analog input, whose voltage rises by a step of its 12 bits each millisecond."""
    steps = np.arange(TURN) % 4096
    wired = Analog(26, Signal((steps + 0.5) * 3.3 / 4096, TICKS, loop=True))
    counts = (8 * steps).astype(np.int16)[:, None]
    driver, channels = "xnornode.sensors.rp2_adc.RP2ADC", ("adc 26 (V)",)
    return Kind(wired, driver, {"pins": [26]}, channels, (100_708,), 100, counts)


def sound() -> Kind:
    """A microphone at 16 kHz, with a sound of which each sample is the last one and one more."""
    counts = np.arange(-TURN // 2, TURN // 2).astype(np.int16)
    wired = Microphone(10, 12, Signal(counts, 16_000, loop=True, waits=True), bits=16)
    driver, channels = "xnornode.sensors.rp2_i2s.RP2I2S", ("sound (FS)",)
    more = {"window": 1600, "silent": 1}
    return Kind(wired, driver, {}, channels, (30_518,), 16_000, counts[:, None], **more)


@dataclass
class Outcome:
    """What a run gave."""

    kind: Kind
    count: int
    """Samples that the program took."""
    crc: int
    """CRC-32 of them all."""
    most: int
    """Samples that one read took, at most."""
    longest: int
    """Milliseconds from one read to the next, at most."""
    overruns: int
    times: np.ndarray
    """First channel of the newest samples, int16."""
    events: list[Event] = field(default_factory=list)
    models: dict[int, Model] = field(default_factory=dict)
    """By revision."""

    @property
    def lateness(self) -> np.ndarray:
        """Frames of the signal by which each of the newest samples is later than the first."""
        frames = np.cumsum(np.diff(self.times.astype(np.int64)) % TURN)
        return np.concatenate([[0], frames]) - self.kind.step * np.arange(len(self.times))

    @property
    def predictions(self) -> list[Prediction]:
        """All that came."""
        return [event for event in self.events if isinstance(event, Prediction)]

    def start(self) -> int:
        """The frame of the first sample of all, by the newest ones."""
        if self.kind.fast:
            return 0
        kept = len(self.times)
        first = int(np.flatnonzero(self.kind.counts[:, 0] == self.times[0])[0])
        return (first - (self.count - kept) * self.kind.step) % TURN

    def expected(self) -> np.ndarray:
        """int16 (count, channels): what a sensor gives that loses nothing."""
        silent = np.zeros((self.kind.silent, len(self.kind.channels)), np.int16)
        frames = self.start() + self.kind.step * np.arange(self.count - len(silent))
        return np.concatenate([silent, self.kind.counts[frames % TURN]])

    @property
    def whole(self) -> bool:
        """Whether the program got exactly the expected counts."""
        return zlib.crc32(self.expected().tobytes()) == self.crc

    def disagreements(self, revision: int) -> int:
        """Predictions whose scores are not the reference's on what was expected in their window.

        revision: of the model at the first event.
        """
        samples, differ = self.expected(), 0
        for event in self.events:
            if isinstance(event, Ready):
                revision = event.revision
            elif isinstance(event, Prediction):
                model = self.models[revision]
                at = event.seq * model.window.hop
                window = samples[at : at + model.window.length]
                differ += tuple(model.scores(window[None])[0].tolist()) != event.scores
        return differ


class SamplingNode:
    """The node of a `sampling_node`, while its program runs."""

    def __init__(self, pico: EmulatedPico, kind: Kind, session: Session, events: list[Event]):
        self.pico, self.kind, self.session, self.events = pico, kind, session, events

    def follow(self, count: int) -> None:
        """Wait for so many more predictions."""
        while count:
            event = self.session.receive(SLOW.answer)
            assert event, "the node falls silent"
            self.events.append(event)
            count -= isinstance(event, Prediction)

    def push(self, model: Model) -> None:
        """Give it a model."""
        Push(to_bytes(model), timing=SLOW).over(self.session)

    def roll_back(self, model: Model) -> None:
        """Have it go back to this model, the one before."""
        self.session.request("rollback", to=hashlib.sha256(to_bytes(model)).hexdigest())

    def busy_line(self, first: Model, second: Model, windows: int = 2) -> None:
        """A push, a rollback and another push, with predictions before, between and after."""
        self.follow(windows)
        for step in (self.push, self.roll_back, self.push):
            step(first if step == self.roll_back else second)
            self.follow(windows)


@contextmanager
def sampling_node(
    folder: Path,
    firmware: Path,
    kind: Kind,
    first: Model,
    program: str = "",
    speed: float = 1,
    more: Mapping[str, bytes] = MappingProxyType({}),
) -> Iterator[tuple[SamplingNode, list[Outcome]]]:
    """A node that classifies what its sensor gives. At the end its Outcome is in the list.

    program: its main.py; by default device/classify.py. more: files.
    """
    files = {**node_library.files("armv6m"), **kind.files, **more}
    files["/main.py"] = (program or (ROOT / "device" / "classify.py").read_text()).encode()
    outcomes: list[Outcome] = []
    flash = library_flash(firmware, folder / "flash.bin")
    with EmulatedPico(flash, sensors=[kind.wired], speed=speed) as pico:
        with Board(pico.url) as board:
            board.clear()
            install(board, Plan(files, to_bytes(first)))
            board.restart()
        events: list[Event] = []
        with connect(pico.url, SLOW, on_event=events.append, patient=True) as session:
            yield SamplingNode(pico, kind, session, events), outcomes
        with Board(pico.url) as board:
            count, crc, most, longest, overruns, text = board.value(REPORT)
        times = np.frombuffer(base64.b64decode(text), "<i2")
        times = times[np.arange(max(0, count - ROOM + SPARE), count) % ROOM]
        outcomes.append(Outcome(kind, count, crc, most, longest, overruns, times, events))
