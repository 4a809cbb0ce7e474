"""`xnornode keep` on the emulated Pico: what is written, what the flash has no room for."""

import json

import pytest

from tests.lab.readypico import ready_flash
from tools.emulators.emulated_pico import EmulatedPico
from xnornode.board import node_library
from xnornode.cli.main import main
from xnornode.link.repl import Board

READ = """
import json
try:
    with open('/keep.json') as f: print(json.dumps(json.load(f)))
except OSError:
    print('null')
"""


@pytest.fixture(scope="module")
def pico(tmp_path_factory, pico_firmware):
    flash = tmp_path_factory.mktemp("keep") / "flash.bin"
    flash.write_bytes(ready_flash(pico_firmware, node_library.files("armv6m")))
    with EmulatedPico(flash) as pico:
        yield pico


def on_node(pico, code: str = READ):
    with Board(pico.url) as board:
        return json.loads(board.run(code))


def test_what_is_set_and_what_the_flash_stands(pico, capsys):
    def keep(*words: str) -> int:
        return main(["keep", *words, "--port", pico.url])

    assert keep("64k") == 0
    said = capsys.readouterr()
    assert "65,536 bytes of flash" in said.out and "below 60 %" in said.out
    assert "12 in an hour" in said.out and "years" in said.out, said.out
    assert on_node(pico) == {"bytes": 65536, "below": 600, "per_hour": 12}

    assert keep("128k", "--below", "0.75", "--per-hour", "3600") == 0
    said = capsys.readouterr()
    assert "not 3600: the flash is to last for years" in said.out
    assert on_node(pico) == {"bytes": 131072, "below": 750, "per_hour": 3600}

    assert keep("16M") == 1
    said = capsys.readouterr()
    assert "has room for" in said.err and "65,536 that stay free" in said.err
    assert on_node(pico)["bytes"] == 131072, "a bound that is too large changes nothing"

    assert keep() == 0  # at the REPL, by the receiver
    said = capsys.readouterr()
    assert "0 of 131,072 bytes" in said.out and "below 75 %" in said.out

    assert keep("--remove") == 0 and on_node(pico) is None
    assert keep() == 0 and "there is no /keep.json" in capsys.readouterr().out

    on_node(pico, "import os\nos.remove('/lib/xnornode/kept.mpy')\nprint(1)")
    assert keep("64k") == 1 and "run `xnornode update`" in capsys.readouterr().err
    assert on_node(pico) is None
