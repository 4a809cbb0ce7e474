"""What a model is said to cost, and what it takes on the emulated Pico: each recipe, untrained."""

from pathlib import Path

import pytest

from tests.lab.driftlab import drifting
from tests.lab.readypico import library_flash
from tests.lab.recipe_data import SHAPES, data_for
from tools.bench.fit_chips import TARGETS
from tools.bench.fit_networks import Case
from tools.bench.whole_models import SETUP, timed
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.unicorn_core import Machine
from xnornode.cost.chips import RP2040
from xnornode.cost.cycles import joined, measure
from xnornode.cost.estimate import estimate
from xnornode.cost.ram import ANSWERS_OBJECT, MODEL_OBJECT, answer_words, scratch_words
from xnornode.link.repl import Board
from xnornode.model.file_format import to_bytes
from xnornode.model.model import Model
from xnornode.model_search.budget import untrained
from xnornode.recipes.defaults import default_config
from xnornode.recipes.settings import RECIPES

MEASURE = Path(__file__).parents[1] / "lab" / "node_scripts" / "ram.py"
ON_NODE = "/costs.bnn"
ERROR = 0.08
"""Of estimated times, as docs/guides/training.md says."""


@pytest.fixture(scope="module")
def board(pico_firmware, tmp_path_factory):
    flash = library_flash(pico_firmware, tmp_path_factory.mktemp("pico") / "flash.bin")
    with EmulatedPico(flash) as pico, Board(pico.url) as board:
        board.put(MEASURE.read_bytes(), "/ram.py")
        board.run(SETUP)
        board.run("from ram import ram, ram_of_text, spared")
        yield board


@pytest.fixture(scope="module")
def machine():
    return Machine(TARGETS[RP2040.name])


def taken(board: Board, model: Model) -> list[int]:
    """Bytes of the heap; and what the objects in C say, the model's and the answers'."""
    if model.features.data_kind == "texts":
        call = f"ram_of_text('{ON_NODE}', {model.window.length})"
    else:
        call = f"ram('{ON_NODE}')"
    return [int(x) for x in board.run(call).split()]


def spared(board: Board, model: Model) -> int:
    """Bytes less than said: names that the firmware knows are no new strings."""
    w = model.window
    texts = [model.name, *model.labels, *w.channels]
    if model.features.data_kind == "windows":
        texts.append(", ".join(w.channels))
    # As bytes: of a short str in a program the firmware keeps a word
    return int(board.run(f"spared({[text.encode() for text in texts]})"))


@pytest.mark.parametrize("name", [*RECIPES, "sound", "watch with drift"])
def test_a_model_costs_what_is_said(board, machine, name):
    """Of each recipe, and of the default for sound, whose window keeps levels; and with drift."""
    drifts, name = name.endswith("drift"), name.split()[0]
    assert name in SHAPES, "say the shape of its data in tests/lab/recipe_data.py"
    splits = data_for(name)
    config = RECIPES[name].config if name in RECIPES else default_config(splits)
    model = untrained(config, splits)
    if drifts:
        model = drifting(1, (64, 8, 8, 12), model)
    given = splits.train.items[:2]
    if model.features.data_kind == "texts":
        given = joined(list(given), model.window.length)
    said = estimate(model, (RP2040,), measure(model, given))

    data = to_bytes(model)
    board.put(data, ON_NODE)
    assert int(board.run(f"import os; print(os.stat('{ON_NODE}')[6])")) == said.file_bytes

    took, of_model, of_answers = taken(board, model)
    assert of_model == MODEL_OBJECT + 4 * scratch_words(model), "renew xnornode/cost/ram.py"
    assert of_answers == ANSWERS_OBJECT + 4 * answer_words(model), "renew xnornode/cost/ram.py"
    assert said.ram.total - spared(board, model) == took, "renew xnornode/cost/ram.py"

    inputs = [x if isinstance(x, bytes) else x.astype("<i2").tobytes() for x in given]
    case = Case(name, model, given, inputs)
    microseconds = timed(board, machine, case).microseconds
    assert said.times[0].microseconds == pytest.approx(microseconds, rel=ERROR)
