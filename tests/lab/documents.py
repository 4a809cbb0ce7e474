"""Code blocks of the documents, and small data for the commands in them."""

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from tests.lab.livenode import DEVICE, small_model
from tests.lab.nets import random_model
from tools.firmware.sources import ROOT
from xnornode.data.recording_file import RecordFile
from xnornode.data.recording_file import to_bytes as record_bytes
from xnornode.data.sound import to_wav
from xnornode.data.windows import Recording
from xnornode.model.file_format import to_bytes
from xnornode.model.model_file import save_model

NOT_TESTED = "# not tested: "
"""How the first line of a block that no test runs begins; the reason follows."""
ON_NODE = 'title="on the node"'
"""Behind `python`: the block runs in MicroPython."""
TEXT = ("text", "json", "toml", "yaml")

FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.M | re.S)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, its language, and what stands behind that."""

    page: Path
    line: int
    language: str
    info: str
    code: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def tested(self) -> bool:
        """False if its first line says why not."""
        return not self.code.startswith(NOT_TESTED)

    @property
    def commands(self) -> list[str]:
        """The lines of a shell block."""
        lines = self.code.replace("\\\n", " ").splitlines()
        return [line for line in lines if line.strip() and not line.startswith("#")]


def pages() -> list[Path]:
    """Each document for people."""
    names = ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")
    names += ("tools/emulators/pico/README", "tools/emulators/esp32/README")
    return [*(ROOT / f"{name}.md" for name in names), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks() -> list[Block]:
    """The fenced blocks of all documents."""
    return [
        Block(page, text.count("\n", 0, fence.start()) + 1, *fence.groups())
        for page in pages()
        for text in [page.read_text()]
        for fence in FENCE.finditer(text)
    ]


def inline_commands() -> list[tuple[Path, str]]:
    """What `xnornode ...` in the running text says, by page."""
    return [
        (page, code)
        for page in pages()
        for code in INLINE.findall(FENCE.sub("", page.read_text()))
        if code.startswith("xnornode ")
    ]


def windows(count: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X (n, 64, 3), whose level is the class; y, and people (n,)."""
    y = np.arange(count) % 2
    noise = np.random.default_rng(0).normal(0, 100, (count, 64, 3))
    return noise + 300 * y[:, None, None], y, np.arange(count) // 2 % 6


def six_channels() -> bytes:
    """A model for six channels: windows of 16 samples, a hop of 8."""
    model = random_model(1, 16, 6, 2, (8, 3))
    return to_bytes(replace(model, window=replace(model.window, hop=8)))


def make_data(folder: Path) -> None:
    """The files that commands in the documents name."""
    rng = np.random.default_rng(0)
    rows = ["activity,person,x,y,z"]
    for speed, label in ((0.1, "shake"), (0.6, "circle")):
        for person in ("anna", "ben", "cleo", "dan"):
            wave = 800 * np.sin(speed * np.arange(420)[:, None] + np.arange(3))
            samples = (wave + rng.normal(0, 100, wave.shape)).astype(int).tolist()
            text = [",".join(map(str, row)) for row in samples]
            rows += [f"{label},{person},{line}" for line in text]
            path = folder / "gestures" / label / person / "1.csv"
            path.parent.mkdir(parents=True)
            path.write_text("\n".join(["x,y,z", *text]) + "\n")
    (folder / "log.csv").write_text("\n".join(rows) + "\n")
    for label, step in (("yes", 0.9), ("no", 0.2)):
        for speaker in ("anna", "ben", "cleo", "dan"):
            tone = 4000 * np.hanning(3200) * np.sin(step * np.arange(3200))
            path = folder / "words" / label / speaker / "1.wav"
            path.parent.mkdir(parents=True)
            sound = (tone + rng.normal(0, 50, 3200)).astype(np.int16)
            path.write_bytes(to_wav(sound[:, None], 8000))
    (folder / "noise").mkdir()
    hiss = rng.normal(0, 500, (9000, 1)).astype(np.int16)
    (folder / "noise" / "street.wav").write_bytes(to_wav(hiss, 16000))
    labels = np.arange(120) % 3
    images = rng.integers(0, 4, (120, 64)) + 8 * (np.arange(64) % 3 == labels[:, None])
    np.savez(folder / "digits.npz", X=images.astype(np.int16), y=labels)
    for label, size in (("0.0", 60), ("0.5", 200)):
        for device in ("watermeter-altair", "watermeter-integra", "gasmeter", "powermeter"):
            path = folder / "digits" / label / device
            path.mkdir(parents=True)
            for i in range(6):
                pixels = rng.integers(0, size, (32, 20)).astype(np.uint8)
                Image.fromarray(pixels).save(path / f"{i}.png")
    words = {"ham": "see you at the river", "spam": "win money now"}
    texts = [f"{k}\t{words[k]} {i}" for i in range(40) for k in words]
    (folder / "sms.tsv").write_text("\n".join(["label\ttext", *texts]) + "\n")
    for name in ("model", "new", "gestures", "watch"):
        save_model(small_model(), folder / f"{name}.bnn")


def make_node(folder: Path, model: bytes) -> None:
    """The node's library and its store in `folder`, which stands for the node's root."""
    (folder / "models").mkdir()
    (folder / "models" / "1.bnn").write_bytes(model)
    shutil.copytree(DEVICE / "xnornode", folder / "xnornode")
    (folder / "recordings").mkdir()
    counts = np.arange(200, dtype=np.int16).reshape(100, 2)
    file = RecordFile(Recording(counts, "x", "p", "r"), ("x (g)", "y (g)"), (0, 0), 100_000)
    (folder / "recordings" / "r.rec").write_bytes(record_bytes(file))
    for path in (folder / "xnornode").rglob("*.py"):
        text = path.read_text()
        for name in ("models", "recordings"):
            text = text.replace(f'"/{name}"', f'"{folder}/{name}"')
        path.write_text(text)
