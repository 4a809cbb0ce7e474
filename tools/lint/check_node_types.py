"""Type-check device/ as each port's MicroPython has it. Part of `make lint`.

    python -m tools.lint.check_node_types

Takes MicroPython's stubs from build/stubs (`make setup-test`). Exits with 1 if there are errors.
"""

import os
import subprocess
import sys

from tools.firmware.sources import BUILD, ROOT

PORTS = ("rp2", "esp32")


def check(port: str) -> bool:
    """Whether mypy finds no error in device/ with the stubs of `port`."""
    stubs = BUILD / "stubs" / port
    if not stubs.is_dir():
        sys.exit(
            f"check_node_types.py: {stubs} is missing; run: rm -f build/venv/.test && make lint"
        )
    command = [sys.executable, "-m", "mypy", "--config-file", "device/mypy.ini"]
    command += ["--custom-typeshed-dir", str(stubs), "--cache-dir", str(BUILD / "mypy" / port)]
    command += ["--no-error-summary"]
    if port != "rp2":
        command += ["--exclude", "/rp2_[a-z0-9]+[.]py$"]  # drivers of that port's own parts
    environment = os.environ | {"MYPYPATH": str(stubs)}
    if subprocess.run(command, cwd=ROOT, env=environment).returncode:
        print(f"check_node_types.py: errors in device/ with the stubs of {port}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(not all([check(port) for port in PORTS]))
