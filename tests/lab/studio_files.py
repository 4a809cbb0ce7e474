"""Files that somebody drops on the studio's page or chooses for it."""

import base64
import io
import wave
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page

__all__ = ["choose", "drop", "wav", "zip_of_images"]

DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], name));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.querySelector("main").dispatchEvent(
      new DragEvent(kind, {dataTransfer: files, bubbles: true, cancelable: true}));
}"""


def drop(page: Page, path: Path) -> None:
    """Drop a file on the page, as a file manager's drag ends."""
    page.evaluate(DROP, [path.name, base64.b64encode(path.read_bytes()).decode()])


def choose(page: Page, button: str, path: Path) -> None:
    """Click on a button that asks for a file or a folder, and give this one."""
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name=button, exact=True).first.click()
    asked.value.set_files(path)


def wav(path: Path, hertz: float, rate: int = 8000, seconds: float = 1.0) -> Path:
    """Write a tone, and the folders above it; the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    angle = 2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((8000 * np.sin(angle)).astype("<i2").tobytes())
    return path


def zip_of_images(path: Path, labels: tuple[str, ...], each: int) -> Path:
    """Write a ZIP of LABEL/N.png, noise of 16 x 16; the file."""
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as packed:
        for label in labels:
            for number in range(each):
                content = io.BytesIO()
                pixels = rng.integers(0, 256, (16, 16), dtype=np.uint8)
                Image.fromarray(pixels).save(content, "png")
                packed.writestr(f"{label}/{number}.png", content.getvalue())
    return path
