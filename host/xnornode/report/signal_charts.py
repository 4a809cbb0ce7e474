"""Windows, images and texts drawn as SVG, and a map of points coloured by class."""

import struct
import zlib
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._words import columns
from xnornode.report.charts import WIDTH, Svg, svg, text
from xnornode.report.pictures import Picture
from xnornode.report.units import short

COLOURS = 8
"""Colours that the style sheet has for lines and points, `c0` to `c7`."""
MOST_POINTS = 240
"""Points of a line: more are not seen."""
MOST_CHANNELS = 12
MOST_LETTERS = 240


def draw(picture: Picture, channels: Sequence[str]) -> Svg:
    """A picture as SVG.

    Parameters
    ----------
    picture : Picture
        A window, an image or a text.
    channels : sequence of str
        The channels' names.

    Returns
    -------
    Svg
        The drawing, about 340 wide.
    """
    if isinstance(picture.item, bytes):
        return _text(picture)
    if picture.image_shape:
        return _image(picture, picture.image_shape)
    return _signal(picture, channels)


def _signal(picture: Picture, channels: Sequence[str]) -> Svg:
    width, height, left, bottom = 340, 130, 44, 26
    samples = np.asarray(picture.item, np.float64)[:, :MOST_CHANNELS]
    low, high = float(samples.min()), float(samples.max())
    span = (high - low) or 1.0
    step = max(1, -(-len(samples) // MOST_POINTS))
    at = np.arange(0, len(samples), step)
    x = left + (width - left - 8) * at / max(1, len(samples) - 1)
    parts = [
        _line(left, 8, left, height - bottom),
        _line(left, height - bottom, width - 8, height - bottom),
    ]
    for value, y in ((high, 14.0), (low, height - bottom)):
        said = f"{value:,.0f}" if 1000 <= abs(value) < 1e5 else f"{value:.3g}"
        parts.append(text(left - 6, y, said, "end", "small"))
    for c in range(samples.shape[1]):
        y = 8 + (height - bottom - 8) * (high - samples[at, c]) / span
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        name = channels[c] if c < len(channels) else f"channel {c}"
        parts.append(
            f'<polyline class="trace c{c % COLOURS}" points="{points}">'
            f"<title>{escape(name)}</title></polyline>"
        )
    end = f"{len(samples) / picture.rate:.3g} s" if picture.rate else f"{len(samples)} samples"
    parts.append(text(left, height - 8, "0", "start", "small"))
    parts.append(text(width - 8, height - 8, end, "end", "small"))
    return svg(width, height, parts, picture.caption)


def legend(channels: Sequence[str]) -> Svg:
    """The channels' names, each with the colour of its line.

    Parameters
    ----------
    channels : sequence of str
        The names. Those that `draw` leaves out are counted.

    Returns
    -------
    Svg
        A few lines.
    """
    parts, x, y = list[str](), 0.0, 14.0
    for c, name in enumerate(channels[:MOST_CHANNELS]):
        said = short(name, 24)
        width = 34 + 7.5 * columns(said)
        if x and x + width > WIDTH:
            x, y = 0.0, y + 18
        line = f'x1="{x:.0f}" x2="{x + 16:.0f}" y1="{y - 4:.0f}" y2="{y - 4:.0f}"'
        parts.append(f'<line class="trace c{c % COLOURS}" {line}/>')
        parts.append(text(x + 22, y, said, "start", "small"))
        x += width
    if len(channels) > MOST_CHANNELS:
        said = f"and {len(channels) - MOST_CHANNELS:,} more channels, which are not drawn"
        y += 18
        parts.append(text(0, y, said, "start", "small"))
    return svg(WIDTH, y + 8, parts, "channels")


def _image(picture: Picture, shape: tuple[int, int]) -> Svg:
    height, width = shape
    pixels = np.asarray(picture.item, np.float64).reshape(height, width, -1)
    low, high = float(pixels.min()), float(pixels.max())
    if low < 0 or high > 255 or pixels.max() <= 1:
        pixels = 255 * (pixels - low) / ((high - low) or 1.0)
    if pixels.shape[2] not in (1, 3):
        pixels = pixels[:, :, :1]
    data = b64encode(to_png(pixels.astype(np.uint8))).decode()
    scale = max(1, 96 // max(height, width))
    size = f'width="{scale * width}" height="{scale * height}"'
    picture_tag = (
        f'<image {size} style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>'
    )
    return svg(scale * width, scale * height, [picture_tag], picture.caption)


def to_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Pixels as a PNG file (PNG specification, third edition, W3C 2025).

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 1 or 3)
        Grey or red, green and blue.

    Returns
    -------
    bytes
        The file.
    """
    height, width, channels = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _text(picture: Picture) -> Svg:
    letters = picture.item[:MOST_LETTERS].decode("utf-8", "replace")
    said = " ".join("".join(c if c.isprintable() else " " for c in letters).split())
    lines = [said[i : i + 48] for i in range(0, len(said), 48)]
    parts = [text(4, 16 + 16 * i, line, "start", "small") for i, line in enumerate(lines)]
    return svg(340, 24 + 16 * len(lines), parts, picture.caption)


def feature_map(points: npt.NDArray[Any], classes: npt.NDArray[Any], labels: Sequence[str]) -> Svg:
    """Points coloured by class.

    Parameters
    ----------
    points : ndarray of float64, shape (n, 2)
        Coordinates from -1 to 1.
    classes : ndarray of int64, shape (n,)
        The class of each.
    labels : sequence of str
        The classes. From the ninth on, the colours begin again with another shape.

    Returns
    -------
    Svg
        The map with its legend.
    """
    side, left = 420, 16
    shown = sorted(set(classes.tolist()))
    parts = [f'<rect class="cell" x="{left}" y="8" width="{side}" height="{side}" rx="4"/>']
    for (a, b), c in zip(points.tolist(), classes.tolist(), strict=True):
        x, y = left + side * (a + 1.05) / 2.1, 8 + side * (1.05 - b) / 2.1
        parts.append(_mark(x, y, c, labels[c]))
    for row, c in enumerate(shown[:24]):
        y = 20 + 18 * row
        parts.append(_mark(left + side + 24, y - 4, c, labels[c]))
        parts.append(text(left + side + 36, y, short(labels[c], 28), "start", "small"))
    parts.append(text(left + side / 2, side + 26, "first principal component", "middle", "small"))
    turn = f'transform="rotate(-90 10 {side / 2:.0f})"'
    parts.append(
        f'<text class="small" text-anchor="middle" x="10" y="{side / 2:.0f}" {turn}>'
        "second principal component</text>"
    )
    return svg(WIDTH, side + 34, parts, "map of the features")


def _mark(x: float, y: float, c: int, label: str) -> str:
    style, title = f"point c{c % COLOURS}", f"<title>{escape(label)}</title>"
    if c // COLOURS % 2:
        place = f'x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"'
        return f'<rect class="{style}" {place}>{title}</rect>'
    return f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="3.5">{title}</circle>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'
