"""Where the files are that go on a board: the node's library, native modules, firmware.

In a checkout they are its own and what its builds made; an installed package carries them.
"""

from pathlib import Path

_CARRIED = Path(__file__).with_name("files")
_CHECKOUT = Path(__file__).resolve().parents[3]
INSTALLED = _CARRIED.is_dir()
DEVICE = (_CARRIED if INSTALLED else _CHECKOUT) / "device"
FIRMWARE = (_CARRIED if INSTALLED else _CHECKOUT / "build") / "firmware"
LIBRARY = DEVICE / "xnornode"
CLASSIFY = DEVICE / "classify.py"
LIBRARY_TRIAL = DEVICE / "library_trial.py"
LOCKED_MAIN = DEVICE / "locked_main.py"
NATIVE_MODULES = FIRMWARE / "native"


def missing(path: Path, target: str) -> str:
    """Say that one of these files is not there; target: of make, it builds the file."""
    remedy = "install xnornode again" if INSTALLED else f"build it with `make {target}`"
    return f"there is no {path}: {remedy}"
