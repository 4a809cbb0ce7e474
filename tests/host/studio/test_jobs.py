"""Jobs: real commands, from their start to their end, stopped, and gone on with."""

import os
import signal
import subprocess

import pytest

from tests.lab.jobslab import LONG, TABLE, JobsLab, until
from tests.lab.studio_app import with_studio
from xnornode.errors import XnorNodeError
from xnornode.studio import jobs_entry


@pytest.fixture
def lab(tmp_path):
    lab = JobsLab(tmp_path)
    yield lab
    lab.end()


def test_a_training_from_its_start_to_its_report(lab):
    job = lab.jobs.start(
        "train",
        lab.argv("--quick", "--no-baselines", "--epochs", "3"),
        "A model",
        about={"model": "m", "classes": ["up", "down"]},
    )
    assert job.running and job.command.startswith(f"xnornode train {lab.place}/t.csv -o ")
    done = lab.ended(job.id)
    assert (done.state, done.exit, done.error) == ("done", 0, None) and done.ended > done.started
    assert (lab.place / "m.bnn").exists() and lab.epochs(job.id) == [1, 2, 3]
    assert done.progress["done"] == 3 and done.progress["total"] == 3
    assert lab.jobs.output(job.id).startswith("t: 153 training")
    talk = lab.jobs.talk(job.id)
    assert [line["n"] for line in talk] == list(range(1, done.lines + 1))
    assert lab.jobs.talk(job.id, after=done.lines - 1) == [{"n": done.lines, "exit": 0}]
    until(lambda: lab.told[-1][0] == "jobs" and lab.told[-1][1]["jobs"][0]["state"] == "done")
    told = [m["talk"] for topic, m in lab.told if topic == "job" and m["id"] == job.id]
    assert [line for part in told for line in part if "n" in line] == talk
    assert lab.told[0][0] == "jobs" and lab.told[0][1]["jobs"][0]["state"] == "running"
    assert lab.open().get(job.id) == done, "a new studio knows the same"
    lab.jobs.remove(job.id)
    assert lab.jobs.list() == [] and not any(lab.folder.iterdir())


def test_a_training_that_was_stopped_goes_on_to_the_same_model(lab):
    options = ("--quick", "--no-baselines", "--validation", "0.2", "--epochs", "600")
    whole = lab.train(*options, output="whole.bnn")
    assert lab.ended(whole.id).state == "done"
    job = lab.train(*options)
    until(lambda: len(lab.epochs(job.id)) > 2)
    lab.jobs.stop(job.id)
    stopped = lab.ended(job.id)
    assert (stopped.state, stopped.exit, stopped.error) == ("stopped", 1, None)
    assert len(lab.epochs(job.id)) < 600 and not (lab.place / "m.bnn").exists()
    assert stopped.public()["resumable"]
    more = lab.jobs.resume(job.id)
    assert more.argv == [*job.argv, "--resume"] and more.resumes == job.id
    assert lab.jobs.get(job.id).went_on == more.id
    assert lab.ended(more.id).state == "done"
    told = lab.epochs(job.id) + lab.epochs(more.id)
    assert told == sorted(set(told)) and len(told) >= 599, "Ctrl-C may come before a line of one"
    assert (lab.place / "m.bnn").read_bytes() == (lab.place / "whole.bnn").read_bytes()
    with pytest.raises(XnorNodeError, match="has been gone on with already"):
        lab.jobs.resume(job.id)
    with pytest.raises(XnorNodeError, match="is done: start another"):
        lab.jobs.resume(more.id)


def test_a_search_that_is_stopped_writes_the_best_so_far_and_can_go_on(lab):
    wanted = ("--bytes", "500", "--trials", "500", "--epochs", "9", "--no-baselines")
    job = lab.jobs.start("search", ["search", *lab.argv(*wanted)[1:]], "Search")
    until(lambda: sum("candidate" in line for line in lab.jobs.talk(job.id)) > 2)
    lab.jobs.stop(job.id)
    stopped = lab.ended(job.id)
    assert stopped.state == "stopped" and stopped.public()["resumable"]
    assert (lab.place / "m.bnn").exists() and lab.epochs(job.id) == list(range(1, 10))
    more = lab.jobs.resume(job.id)
    until(lambda: any("candidate" in line for line in lab.jobs.talk(more.id)))
    lab.jobs.stop(more.id)
    lab.jobs.stop(more.id)
    assert lab.ended(more.id).state == "stopped"
    lab.jobs.remove(more.id)
    assert lab.jobs.get(job.id).public()["resumable"], "as if nobody had gone on with it"


def test_a_killed_job_is_lost_and_goes_on(lab):
    job = lab.train(*LONG[:-1], "200")  # seconds: it is not over when it is killed
    until(lambda: len(lab.epochs(job.id)) > 2)
    os.kill(job.pid, signal.SIGKILL)
    lost = lab.ended(job.id)
    assert lost.state == "lost" and lost.exit is None and "it was killed" in lost.error
    assert lab.ended(lab.jobs.resume(job.id).id).state == "done"


def test_a_job_that_does_not_stop_is_killed(lab, monkeypatch):
    monkeypatch.setattr(jobs_entry, "PATIENCE", 0.3)
    deaf = "trap '' INT; echo ready; while :; do sleep 1; done"
    with subprocess.Popen(
        ["sh", "-c", deaf], start_new_session=True, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        job = lab.fake(b"", process)
        lab.jobs.stop(job.id)
        assert process.wait(20) == -signal.SIGKILL
        assert lab.ended(job.id).state == "stopped"


def test_wrong_usage_is_a_failure_that_says_why(lab):
    failed = lab.ended(lab.train("--epochs", "x").id)
    assert failed.state == "failed" and failed.exit == 2
    assert failed.error == "argument --epochs: invalid int value: 'x'"
    with pytest.raises(XnorNodeError, match="left nothing to go on from: start it again"):
        lab.jobs.resume(failed.id)
    listed = lab.ended(lab.jobs.start("push", ["push", "none.bnn"], "Push").id)
    with pytest.raises(XnorNodeError, match="xnornode push cannot go on where it was"):
        lab.jobs.resume(listed.id)


def test_one_key_runs_once_and_a_failed_start_leaves_nothing(lab):
    job = lab.train(*LONG, exclusive="train")
    with pytest.raises(XnorNodeError, match="Training runs: wait until it is done, or stop it"):
        lab.train(*LONG, output="b.bnn", exclusive="train")
    with pytest.raises(FileNotFoundError):
        lab.jobs.start("train", lab.argv(), "T", cwd=str(lab.place / "nowhere"))
    assert [path.name for path in lab.folder.iterdir()] == [job.id]
    with pytest.raises(XnorNodeError, match="runs: stop it first"):
        lab.jobs.remove(job.id)
    with pytest.raises(XnorNodeError, match="runs: stop it first"):
        lab.jobs.resume(job.id)
    other = lab.train(*LONG, output="b.bnn", exclusive="node:/dev/ttyACM0")
    lab.jobs.stop(job.id)
    lab.jobs.stop(other.id)
    assert lab.ended(job.id).state == lab.ended(other.id).state == "stopped"
    assert lab.train(*LONG, exclusive="train").running


def test_a_file_of_pythons_name_in_the_folder_is_not_run(lab):
    (lab.place / "random.py").write_text("raise SystemExit('mine')")
    job = lab.train("--quick", "--no-baselines", "--epochs", "1")
    assert lab.ended(job.id).state == "done"


def test_pages_ask_over_http(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    data = tmp_path / "recordings"

    async def use(client):
        jobs = client.studio.jobs
        assert await client.get("/api/jobs") == {"jobs": []}
        async with client.topics("jobs", "job") as message:
            argv = ["train", str(tmp_path / "t.csv"), "-o", str(tmp_path / "m.bnn"), *LONG]
            job = jobs.start("train", argv, "Training", about={"x": 1})
            said = []
            while not any("epoch" in line for line in said):
                told = await message()
                said += told["talk"] if told["topic"] == "job" else []
            one = f"/api/jobs/{job.id}"
            got = (await client.get(one))["job"]
            assert got["state"] == "running" and got["about"] == {"x": 1}
            assert got["command"].startswith("xnornode train ") and not got["resumable"]
            talk = (await client.get(f"{one}/talk?after=2"))["talk"]
            assert talk[0]["n"] == 3 and all(line in talk for line in said if line.get("n", 0) > 2)
            assert "is no number" in await client.refused(f"{one}/talk?after=-1")
            assert "stop it first" in await client.refused(f"{one}/remove", {})
            await client.post(f"{one}/stop")
            while told["topic"] != "jobs" or told["jobs"][0]["state"] == "running":
                told = await message()
            assert told["jobs"][0]["state"] == "stopped" and told["jobs"][0]["resumable"]
            more = (await client.post(f"{one}/resume"))["job"]["id"]
            await client.post(f"/api/jobs/{more}/stop")
            while jobs.get(more).running:
                await message()
            assert (await client.get(f"{one}/output")) == {"text": ""}
            await client.post(f"/api/jobs/{more}/remove")
        assert "there is no job 'odd'" in await client.refused("/api/jobs/odd")

    with_studio(data, use)
