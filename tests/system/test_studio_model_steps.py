"""Steps of the pages Models and Live by clicks: search, compare, rename, delete, push, rollback."""

import re
from pathlib import Path

from tests.lab.gesture_node import gesture_node
from tests.lab.many_recordings import write_recordings
from tests.lab.studio_owner import LONG
from tests.lab.studiolab import StudioProcess, Visitor, wait

RATE = 100  # Hz, of the recordings and of the node
MOST = 8000  # bytes, the budget


def fill(visitor: Visitor, **fields: object) -> None:
    """Fill in fields of the form; a name's underscores are blanks."""
    for name, value in fields.items():
        box = visitor.page.get_by_label(name.replace("_", " "), exact=True).filter(visible=True)
        box.fill(str(value))


def report(visitor: Visitor, name: str) -> None:
    """Wait for the report at the end of a training or a search."""
    found = visitor.page.get_by_label(f"Report of {name}", exact=True)
    problem = visitor.page.get_by_role("alert").filter(visible=True)
    wait(lambda: found.count() or problem.count(), f"the report of {name}", LONG)
    assert found.count(), problem.first.inner_text()


def fact(visitor: Visitor, name: str) -> str:
    """What the page Live says of a model on the node, or nothing."""
    terms = visitor.page.get_by_label("What runs", exact=True).locator("dl").first
    rows = terms.inner_text().split("\n") if terms.count() else []
    return rows[rows.index(name) + 1] if name in rows else ""


def push(visitor: Visitor, name: str, runs: str) -> None:
    """Choose a model on the page Live, push it, and wait until the node says that it runs.

    runs: its name on the node.
    """
    card = visitor.page.get_by_label("What runs", exact=True)
    choice = card.get_by_label("model to push", exact=True)
    wait(lambda: choice.locator(f"option[value='{name}']").count(), f"{name} in the list")
    choice.select_option(name)
    card.get_by_role("button", name="Push", exact=True).click()
    wait(lambda: fact(visitor, "Active") == runs, f"{name} on the node", LONG)


def models(data: Path) -> set[str]:
    """The models that are kept."""
    return {path.parent.name for path in data.glob(".studio/models/*/model.bnn")}


def test_models_are_made_compared_put_away_and_pushed_by_turns(browser, tmp_path):
    data = tmp_path / "data"
    write_recordings(data, ("rest", "circle", "shake"), groups=3, each=1, seconds=3.0)
    with (
        gesture_node(tmp_path / "node", "shake", RATE) as port,
        StudioProcess(data, "--port", port) as studio,
        Visitor(browser, studio.address) as visitor,
    ):
        page = visitor.page
        visitor.go("Train")
        fill(visitor, Name="one", Epochs=3, Window=RATE)
        page.get_by_label("Quick: try no other networks").check()
        visitor.click("Start training")
        report(visitor, "one")

        page.get_by_role("button", name="New training").first.click()
        page.get_by_role("radio", name=re.compile("^Search within a budget")).check()
        fill(visitor, Name="two", Most_bytes=MOST, Networks=2, Window=RATE)
        page.get_by_text("All options", exact=True).filter(visible=True).click()
        page.get_by_label(re.compile("^--epochs")).filter(visible=True).fill("2")
        visitor.click("Start search")
        page.get_by_label("the training", exact=True).get_by_role("table").first.wait_for()
        report(visitor, "two")
        assert (studio.data / ".studio" / "models" / "two" / "model.bnn").stat().st_size <= MOST

        visitor.follow("Compare models", "models")
        for name in ("one", "two"):
            page.get_by_label(f"compare {name}", exact=True).check()
        both = page.get_by_label("Side by side", exact=True)
        for name in ("one", "two"):
            told = both.get_by_role("region", name=name, exact=True)
            told.wait_for()
            for head in ("accuracy", "bytes", "RP2040"):
                assert told.get_by_role("term").filter(has_text=head).count(), told.inner_text()
            assert told.get_by_role("table").count() == 1

        visitor.click("Show one")
        visitor.click("Rename")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("New name").fill("first")
        dialog.get_by_role("button", name="Rename").click()
        wait(lambda: models(data) == {"first", "two"}, "the new name")
        page.get_by_label("first", exact=True).get_by_role("button", name="Delete").click()
        dialog.get_by_role("button", name="Delete").click()
        wait(lambda: models(data) == {"two"}, "the model is away")
        page.get_by_text("Bin: 1 deleted").click()
        visitor.click("Bring back first")
        wait(lambda: models(data) == {"first", "two"}, "the model is back")
        page.get_by_role("button", name="Show first", exact=True).wait_for()

        visitor.go("Live")
        push(visitor, "first", "one")  # what a kept model is called anew, a node is not told
        push(visitor, "two", "two")
        now = page.locator(".live-now strong")
        wait(lambda: now.inner_text() in ("rest", "circle", "shake"), "a class on the page", LONG)
        visitor.click("Back to the model before")
        dialog.get_by_role("button", name="Go back").click()
        wait(lambda: fact(visitor, "Active") == "one", "the first one on the node", LONG)
        assert fact(visitor, "Before") == "two"
        visitor.go("Models")  # for the second time: what is the same as then is shown again
        page.get_by_role("button", name="Show first", exact=True).wait_for()
