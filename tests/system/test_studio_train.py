"""A training that is killed, as its studio is: both are found again, and go on."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.lab.many_recordings import write_recordings
from tests.lab.studio_process import StudioProcess, wait
from tests.lab.studiolab import Visitor

LONG = 200.0  # seconds for a training, on a busy computer
LABELS = ("rest", "shake", "circle")


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    write_recordings(folder, LABELS, groups=3, each=1, seconds=4.0)
    return folder


def job(data: Path) -> dict:
    """The file of the newest job."""
    return max(
        (json.loads(path.read_text()) for path in data.glob(".studio/jobs/*/job.json")),
        key=lambda one: one["started"],
    )


def epochs(data: Path) -> int:
    """Epochs that the newest job has told of."""
    talk = data / ".studio" / "jobs" / job(data)["id"] / "talk.jsonl"
    return talk.read_text().count('"epoch"') if talk.exists() else 0


def start(visitor: Visitor, number: int) -> None:
    """Begin a training of so many epochs, without a choice of the network."""
    visitor.go("Train")
    page = visitor.page
    page.get_by_label("Name", exact=True).fill("waves")
    page.get_by_text("Quick: try no other networks").click()
    page.get_by_label("Epochs", exact=True).fill(str(number))
    visitor.click("Start training")


def see_the_end(visitor: Visitor, data: Path) -> None:
    """Wait for the model of the training that runs."""
    wait(lambda: job(data)["state"] != "running", "the end of the training", LONG)
    assert job(data)["state"] == "done", job(data)
    assert (data / ".studio" / "models" / "waves" / "model.bnn").exists()


def test_a_training_that_is_killed_goes_on(browser, data):
    with StudioProcess(data) as studio, Visitor(browser, studio.address) as visitor:
        start(visitor, 600)
        wait(lambda: [*data.glob(".studio/jobs/*/job.json")] and epochs(data) > 5, "epochs", LONG)
        os.killpg(job(data)["pid"], signal.SIGKILL)
        visitor.page.get_by_text("was killed").first.wait_for()
        visitor.picture("train-killed")
        visitor.click("Go on")
        wait(lambda: job(data)["resumes"], "the job that goes on", LONG)
        visitor.picture("train-runs")
        see_the_end(visitor, data)
        visitor.page.get_by_label("Report of waves", exact=True).wait_for()
        visitor.picture("train-went-on")
        assert visitor.findings() == []


def test_a_training_outlives_its_page_and_its_studio(browser, data):
    with StudioProcess(data) as studio:
        with Visitor(browser, studio.address) as visitor:
            start(visitor, 600)
            wait(
                lambda: [*data.glob(".studio/jobs/*/job.json")] and epochs(data) > 3, "epochs", LONG
            )
        studio.end(signal.SIGKILL)
    first = job(data)
    with StudioProcess(data) as studio, Visitor(browser, studio.address) as visitor:
        visitor.go("Train")
        see_the_end(visitor, data)
        assert job(data)["id"] == first["id"]
        visitor.go("Models")
        wait(lambda: "waves" in visitor.page.locator("main").inner_text(), "the model")
