"""What a command of the link imports before it has something to do."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.quick

HELP = """
import sys
from xnornode.cli.main import main
try:
    main([{command!r}, "--help"])
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("command", ["push", "list", "rollback", "monitor", "doctor", "key"])
def test_help_does_not_import_numpy(command):
    done = subprocess.run(
        [sys.executable, "-c", HELP.format(command=command)],
        capture_output=True,
        text=True,
        check=True,
    )
    modules = done.stderr.split()
    assert f"usage: xnornode {command}" in done.stdout and "xnornode.cli.main" in modules
    assert "numpy" not in modules
