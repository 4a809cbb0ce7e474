"""Where the libraries are that pages use, and that are not ours: the wheel carries them."""

from pathlib import Path

_CARRIED = Path(__file__).parent / "web" / "vendor"
_CHECKOUT = Path(__file__).resolve().parents[3] / "build" / "studio-npm" / "vendor"
VENDOR = _CARRIED if _CARRIED.is_dir() else _CHECKOUT
