"""A page of a running studio as an SVG, for the README: what the browser shows, as text.

Usage: python -m tools.docs.studio_picture ADDRESS PAGE FILE.svg [--wait SECONDS]

ADDRESS is what `xnornode studio` has printed, PAGE such as live.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("page_svg.js")
SIZE = (1200, 760)
"""Of the picture, in pixels."""


def draw(address: str, page: str, wait: float) -> str:
    """The page as an SVG, so many seconds after it was opened."""
    from playwright.sync_api import sync_playwright

    browser = shutil.which("chromium") or shutil.which("google-chrome")
    script = SCRIPT.read_text()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        tab = chromium.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        tab.add_init_script(f"{script}\nrecordCanvases();")
        tab.goto(address)
        tab.evaluate(f"location.hash = '#/{page}'")
        tab.wait_for_timeout(1000 * wait)
        svg = str(tab.evaluate(f"() => {{ {script}\nreturn pageAsSvg(); }}"))
        chromium.close()
    return svg


def main() -> int:
    """Exit status: 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("address")
    parser.add_argument("page")
    parser.add_argument("file", type=Path)
    parser.add_argument("--wait", type=float, default=5.0, metavar="SECONDS")
    options = parser.parse_args()
    svg = draw(options.address, options.page, options.wait)
    options.file.write_text(svg)
    print(f"{options.file}: {len(svg.encode()):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
