"""Ctrl-C from the first moment on: whatever is imported then, there is no traceback."""

import subprocess
import sys
import tomllib

import pytest

from tools.firmware.sources import ROOT

pytestmark = pytest.mark.quick

START = """
import sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
sys.argv = ["xnornode", "list", "--port", "/dev/null"]
{start}
"""
WAYS = {
    "python -m xnornode": "import runpy\nrunpy.run_module('xnornode', run_name='__main__')",
    "xnornode": "from xnornode.__main__ import main\nsys.exit(main())",
}
"""What runs the command: the second one is what pip makes of the entry point."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "module",
    ["xnornode.cli", "xnornode.cli.main", "xnornode.cli.output", "xnornode.errors", "argparse",
     "xnornode.cli.models", "serial", "xnornode.link.connect", "xnornode.cli.talk"],
)  # fmt: skip
def test_ctrl_c_while_something_is_imported(way, module):
    code = START.format(module=module, start=WAYS[way])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == "xnornode: stopped; nothing was written\n"
    assert done.returncode == 1 and not done.stdout


def test_the_package_itself_imports_nothing():
    """There Ctrl-C is not ours to catch."""
    code = "import sys; before = {*sys.modules}; import xnornode; print(*{*sys.modules} - before)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert set(done.stdout.split()) <= {"xnornode", "xnornode._version", "__future__"}


def test_the_entry_point_is_the_small_module():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"xnornode": "xnornode.__main__:main"}
