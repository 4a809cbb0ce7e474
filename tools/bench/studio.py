"""The studio's page in Chromium: its first paint, and how even six channels of 100 Hz run.

Usage: python -m tools.bench.studio [--seconds N]

Chromium draws without a graphics card here, so a computer with one is faster.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.lab.studio_process import StudioProcess
from tests.lab.studiolab import Visitor, chromium

OPENED = 5  # times that the page is opened
LONGEST_FRAME = 25.0  # milliseconds; beyond that a frame of 60 Hz was left out
PAINT = """() => ({
  paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
  ready: performance.getEntriesByType("resource").reduce((t, r) => Math.max(t, r.responseEnd), 0),
  bytes: performance.getEntriesByType("resource").reduce((n, r) => n + r.encodedBodySize, 0),
})"""
SCROLL = """async (seconds) => {
  const { SignalChart } = await import("/web/signal.js");
  const channels = [..."xyz"].flatMap((a) => [`accel ${a} (g)`, `gyro ${a} (deg/s)`]);
  const chart = new SignalChart(document.querySelector("main"),
    { channels, scales: channels.map(() => 1e6), rate: 100, seconds: 6 });
  const draws = [], frames = [], draw = chart.draw.bind(chart);
  chart.draw = () => {
    const begun = performance.now();
    draw();
    draws.push(performance.now() - begun);
  };
  let at = 0, running = true;
  const feed = setInterval(() => { // a node sends some samples at once
    const rows = new Int16Array(2 * channels.length);
    rows.forEach((_, i) => { rows[i] = 1000 * Math.sin((at + i) / 20) + 100 * Math.random(); });
    at += rows.length;
    chart.push(rows);
  }, 20);
  await new Promise((done) => {
    const begun = performance.now();
    const frame = (now) => {
      frames.push(now);
      if (now - begun < 1000 * seconds) requestAnimationFrame(frame); else done();
    };
    requestAnimationFrame(frame);
  });
  clearInterval(feed);
  chart.end();
  return { frames: frames.slice(1).map((t, i) => t - frames[i]), draws };
}"""


def middle(values: list[float], part: float = 0.5) -> float:
    """The value below which this part of them lies."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def measure(data: Path, seconds: float) -> dict[str, Any]:
    """What is printed, as numbers: milliseconds, and bytes.

    Parameters
    ----------
    data : Path
        A folder of recordings, which need not be there.
    seconds : float
        For which the chart runs.
    """
    opened = []
    with StudioProcess(data) as studio, chromium() as browser:
        for _ in range(OPENED):
            with Visitor(browser, studio.address) as visitor:
                opened.append(visitor.page.evaluate(PAINT))
        with Visitor(browser, studio.address) as visitor:
            found = visitor.page.evaluate(SCROLL, seconds)
    return {
        "paint": middle([one["paint"] for one in opened]),
        "loaded": middle([one["ready"] for one in opened]),
        "bytes": opened[0]["bytes"],
        **found,
    }


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of the chart, default 10")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder) / "data", options.seconds)
    frames, draws = found["frames"], found["draws"]
    late = sum(frame > LONGEST_FRAME for frame in frames)
    print(f"first paint            {found['paint']:7.0f} ms, middle of {OPENED}")
    print(f"all files there        {found['loaded']:7.0f} ms, {found['bytes']:,} bytes")
    print(f"frames a second        {1000 * len(frames) / sum(frames):7.1f}")
    print(f"frame, middle          {middle(frames):7.1f} ms, 99 % below {middle(frames, 0.99):.1f}")
    print(f"frames left out        {late:7d} of {len(frames)}, longest {max(frames):.0f} ms")
    print(f"drawing six channels   {middle(draws):7.2f} ms, 99 % below {middle(draws, 0.99):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
