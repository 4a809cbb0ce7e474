"""Where the files are that go on a board: the node's library, native modules, firmware."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
LIBRARY = CHECKOUT / "device" / "xnornode"
CLASSIFY = CHECKOUT / "device" / "classify.py"
NATIVE_MODULES = CHECKOUT / "build" / "firmware" / "native"
RP2_FIRMWARE = CHECKOUT / "build" / "firmware" / "rp2" / "firmware.uf2"
