"""An emulated Pico that classifies from power-on, and what each power cut of a run leaves of it."""

import hashlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from tests.lab.faultlab import Lab, all_scores, lab_models
from tests.lab.livenode import CHANNELS, DEVICE, samples
from tests.lab.readypico import ready_flash, set_up
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.flash_log import FlashOperation, PowerCut, power_cuts, read_log
from xnornode.board import node_library
from xnornode.data.recording_file import RecordFile
from xnornode.data.recording_file import to_bytes as record_bytes
from xnornode.data.windows import Recording
from xnornode.link.messages import Error, Prediction
from xnornode.link.protocol import Session
from xnornode.link.socket_port import SocketPort
from xnornode.link.timing import Timing
from xnornode.model.file_format import to_bytes

SAMPLES = 400
RATE_MHZ = 200_000  # a prediction every 40 ms
PATIENCE = 60.0  # seconds for a prediction after power-on, on a busy computer
GLANCE = 1.0  # seconds between two looks for the REPL's prompt
BOOTS_AT_ONCE = 2
PICO = Timing(answer=8.0, ack=2.0, reconnect=20.0)
"""For a node that runs slower than a chip."""


def node_files(realtime: bool, rate_mhz: int = RATE_MHZ) -> dict[str, bytes]:
    """What a node that classifies from power-on needs, but for a model."""
    files = node_library.files("armv6m")
    sensor = Recording(samples(SAMPLES), "x", "p1", "r0")
    files["/recordings/r0.rec"] = record_bytes(RecordFile(sensor, CHANNELS, (0, 0), rate_mhz))
    files["/main.py"] = (
        f"REALTIME = {realtime}\nREPEAT = True\n{(DEVICE / 'classify.py').read_text()}".encode()
    )
    return files


class PowerLab:
    """A node, set up in `folder`; runs on it that are written down, and their power cuts."""

    def __init__(self, folder: Path, firmware: Path, realtime: bool = True) -> None:
        self.folder, self.firmware = folder, firmware
        small, _, middle = lab_models()
        self.models = {to_bytes(model): model for model in (small, middle)}
        self.files = list(self.models)
        self.library = node_files(realtime)
        self._scores = {data: all_scores(model) for data, model in self.models.items()}
        self._hashes = {hashlib.sha256(data).hexdigest(): data for data in self.models}
        self.formatted = ready_flash(firmware)
        self.without_model = ready_flash(firmware, self.library)
        self.ready = ready_flash(firmware, self.library, self.files[0])

    def record(
        self, start: bytes, do: Callable[[EmulatedPico], object]
    ) -> tuple[list[FlashOperation], bytes]:
        """Have something done to a node whose flash is `start`: its operations, and the flash."""
        flash, log = self.folder / "run.bin", self.folder / "log"
        flash.write_bytes(start)
        with EmulatedPico(flash, flash_log=log) as pico:
            if start != self.formatted:
                self._model(pico)
            do(pico)
        return read_log(log), flash.read_bytes()

    def active(self, image: bytes, then: bytes | None = None) -> bytes | None:
        """Boot a node with this flash; the model that it classifies with, which is one of ours.

        then: where the node does not yet classify, it is set up with this model, and then does.
        """
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            flash = Path(folder) / "flash.bin"
            flash.write_bytes(image)
            with EmulatedPico(flash) as pico:
                data = self._model(pico)
                if data is None and then:
                    set_up(pico, self.library, then)
                    assert self._model(pico) == then
                return data

    def _model(self, pico: EmulatedPico) -> bytes | None:
        """The model that a node classifies with, None if it is not set up yet."""
        with closing(SocketPort(pico.url)) as port:
            session = Session(port, Timing())
            deadline = time.monotonic() + PATIENCE
            while not isinstance(event := session.receive(GLANCE), Prediction):
                assert time.monotonic() < deadline, f"no prediction, but {session.pending!r}"
                if event is None:
                    if session.at_prompt:
                        return None  # no program yet, or one that lacks a part of its library
                    session.send(b"\r\n")
                elif isinstance(event, Error):
                    assert "push a model" in event.error, event
                    return None
            assert session.greet(PATIENCE), "the node does not answer"
        data = self._hashes[session.hello.model.sha256]
        assert event.scores in self._scores[data], "scores of another model"
        return data

    def check_cuts(
        self,
        start: bytes,
        operations: list[FlashOperation],
        torn: bool = False,
        then: bytes | None = None,
    ) -> Counter[bytes | None]:
        """Boot after every power cut of a run: how often which model classifies; as `active`."""

        def boot(cut: PowerCut) -> bytes | None:
            try:
                return self.active(cut.image, then)
            except Exception as error:
                error.add_note(f"after a power cut {cut}")
                raise

        with ThreadPoolExecutor(BOOTS_AT_ONCE) as pool:
            return Counter(pool.map(boot, power_cuts(start, operations, torn)))


class PicoNode:
    """An emulated Pico as a Lab's node."""

    def __init__(self, flash: Path) -> None:
        self._pico = EmulatedPico(flash)

    @property
    def end(self) -> tuple[str, int]:
        """What a Bridge takes."""
        return ("127.0.0.1", self._pico.port)

    @property
    def running(self) -> bool:
        """False if the chip is dead."""
        return not any(event["event"] == "lockup" for event in self._pico.events)

    def start(self) -> None:
        """Give it power."""
        self._pico.start()

    def stop(self) -> None:
        """Take its power away."""
        self._pico.kill()

    def restart(self) -> tuple[str, int]:
        """Take its power and give it back."""
        self.stop()
        self.start()
        return self.end


class PicoLab(Lab):
    """An emulated Pico, set up as that of a PowerLab; each has a number of its own."""

    def __init__(self, power: PowerLab, number: int = 0) -> None:
        flash = power.folder / f"lab{number}.bin"
        flash.write_bytes(power.ready)
        super().__init__(PicoNode(flash), PICO)
