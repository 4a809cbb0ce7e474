"""Jobs: real commands that outlive the studio, are found again, stopped, and gone on with."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lab.studio_app import with_studio
from xnornode.errors import XnorNodeError
from xnornode.studio import jobs as jobs_module
from xnornode.studio import jobs_entry, jobs_files, jobs_process
from xnornode.studio.jobs import Jobs
from xnornode.studio.jobs_files import Job

pytestmark = pytest.mark.quick

TABLE = "a,b,label\n" + "".join(
    f"{a},{b},{'up' if a + b > 0 else 'down'}\n" for a in range(-8, 8) for b in range(-8, 8)
)
LONG = ("--quick", "--no-baselines", "--validation", "0.2", "--epochs", "100000")
STUDIO = """
import os, signal, sys
from pathlib import Path
from xnornode.studio.jobs import Jobs
jobs = Jobs(Path(sys.argv[1]), lambda topic, message: None)
print(jobs.start("train", sys.argv[2:], "Training", about={"a": ["b"]}, exclusive="train").id)
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


def until(true, seconds: float = 60.0):
    """What a function gives, once it gives anything."""
    end = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
    return value


class Lab:
    """Jobs in a folder with a small table, and what they published."""

    def __init__(self, place: Path) -> None:
        self.place, self.folder = place, place / ".studio" / "jobs"
        self.told: list[tuple[str, dict]] = []
        (place / "t.csv").write_text(TABLE)
        self.jobs = self.open()

    def open(self) -> Jobs:
        self.jobs = Jobs(self.folder, lambda topic, message: self.told.append((topic, message)))
        return self.jobs

    def argv(self, *options: str, output: str = "m.bnn") -> list[str]:
        return ["train", str(self.place / "t.csv"), "-o", str(self.place / output), *options]

    def train(self, *options: str, output: str = "m.bnn", exclusive: str | None = None) -> Job:
        argv = self.argv(*options, output=output)
        return self.jobs.start("train", argv, "Training", exclusive=exclusive, cwd=str(self.place))

    def ended(self, id: str) -> Job:
        until(lambda: not self.jobs.get(id).running)
        return self.jobs.get(id)

    def epochs(self, id: str) -> list[int]:
        return [line["epoch"]["number"] for line in self.jobs.talk(id) if "epoch" in line]

    def fake(self, said: bytes, process: subprocess.Popen | None = None) -> Job:
        """A job of an earlier studio, that said this; with a process, it still runs."""
        number = len(list(self.folder.glob("*")))
        folder = self.folder / f"fake{number}"
        folder.mkdir(parents=True)
        pid = process.pid if process else 0
        identity = jobs_process.identity(pid)
        keys = {"pid": pid, "identity": identity, "started": float(number)}
        job = Job(folder.name, "train", "Fake", ["train"], "/", **keys)
        jobs_files.save(folder, job)
        (folder / "talk.jsonl").write_bytes(said)
        self.jobs.close()
        self.open()
        return job


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    yield lab
    for job in lab.jobs.list():
        if job.running and job.pid:
            jobs_process.kill(job.pid)
    lab.jobs.close()


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
    options = ("--quick", "--no-baselines", "--validation", "0.2", "--epochs", "25")
    whole = lab.train(*options, output="whole.bnn")
    assert lab.ended(whole.id).state == "done"
    job = lab.train(*options)
    until(lambda: len(lab.epochs(job.id)) > 2)
    lab.jobs.stop(job.id)
    stopped = lab.ended(job.id)
    assert (stopped.state, stopped.exit, stopped.error) == ("stopped", 1, None)
    assert len(lab.epochs(job.id)) < 25 and not (lab.place / "m.bnn").exists()
    assert stopped.public()["resumable"]
    more = lab.jobs.resume(job.id)
    assert more.argv == [*job.argv, "--resume"] and more.resumes == job.id
    assert lab.jobs.get(job.id).went_on == more.id
    assert lab.ended(more.id).state == "done"
    told = lab.epochs(job.id) + lab.epochs(more.id)
    assert told == sorted(set(told)) and len(told) >= 24, "Ctrl-C may come before a line of one"
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
    job = lab.train(*LONG[:-1], "12")
    until(lambda: len(lab.epochs(job.id)) > 2)
    os.kill(job.pid, signal.SIGKILL)
    lost = lab.ended(job.id)
    assert lost.state == "lost" and lost.exit is None and "it was killed" in lost.error
    assert lab.ended(lab.jobs.resume(job.id).id).state == "done"


def test_a_job_outlives_a_studio_that_is_killed(lab):
    argv = lab.argv("--quick", "--no-baselines", "--epochs", "12")
    studio = subprocess.run(
        [sys.executable, "-c", STUDIO, lab.folder, *argv],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert studio.returncode == -signal.SIGKILL, studio.stderr
    lab.open()
    [job] = lab.jobs.list()
    assert job.id == studio.stdout.strip() and job.running
    with pytest.raises(XnorNodeError, match="Training runs: wait until it is done, or stop it"):
        lab.train(exclusive="train")
    done = lab.ended(job.id)
    assert done.state == "done" and done.exit == 0 and done.about == {"a": ["b"]}
    assert lab.epochs(job.id) == list(range(1, 13))


def test_two_studios_on_the_same_data_know_of_each_others_jobs(lab):
    first, second = lab.jobs, lab.open()
    lab.jobs = first
    job = lab.train(*LONG, exclusive="train")
    assert [one.id for one in second.list()] == [job.id]
    until(lambda: any("epoch" in line for line in second.talk(job.id)))
    with pytest.raises(XnorNodeError, match="Training runs: wait until it is done, or stop it"):
        second.start("train", lab.argv(), "T", exclusive="train")
    second.stop(job.id)
    assert lab.ended(job.id).state == "stopped"
    until(lambda: not second.get(job.id).running)
    assert second.get(job.id) == first.get(job.id)
    first.stop(first.resume(job.id).id)
    with pytest.raises(XnorNodeError, match="has been gone on with already"):
        second.resume(job.id)
    second.close()
    for one in first.list():
        lab.ended(one.id)
        first.remove(one.id)
    assert second.list() == []


def test_an_adopted_job_is_stopped_too(lab):
    job = lab.train(*LONG)
    until(lambda: lab.epochs(job.id))
    lab.jobs.close()
    lab.open().stop(job.id)
    stopped = lab.ended(job.id)
    assert stopped.state == "stopped" and stopped.exit == 1
    with pytest.raises(XnorNodeError, match="does not run"):
        lab.jobs.stop(job.id)


def test_the_end_of_a_job_is_found_that_no_studio_saw(lab):
    said = {
        b'{"say": "x"}\n{"exit": 0}\n': ("done", 0),
        b'{"error": "no"}\n{"exit": 1}\n': ("failed", 1),
        b'{"say": "x"}\n{"exi': ("lost", None),
        b"": ("lost", None),
    }
    for text, (state, status) in said.items():
        job = lab.ended(lab.fake(text).id)
        assert (job.state, job.exit) == (state, status)
    assert [job.error for job in lab.jobs.list() if job.state == "failed"] == ["no"]


def test_a_process_number_that_another_one_has_now_is_no_job(lab):
    with subprocess.Popen(["sleep", "60"]) as other:
        job = lab.fake(b"", other)
        assert lab.jobs.get(job.id).running
        lab.jobs.close()
        jobs_files.save(lab.folder / job.id, jobs_module.replace(job, identity="another"))
        lab.open()
        assert lab.ended(job.id).state == "lost"
        assert other.poll() is None, "it was left alone"
        other.kill()


@pytest.mark.parametrize("ask", [jobs_process.identity, jobs_process._of_ps])
def test_a_process_is_told_from_others(ask):
    if ask is jobs_process._of_ps and not shutil.which("ps"):
        pytest.skip("no ps here")
    with subprocess.Popen(["sleep", "60"]) as process:
        known = ask(process.pid)
        assert known and known == ask(process.pid) != ask(1)
        process.kill()
        until(lambda: not ask(process.pid))  # its parent has not asked yet: a zombie
        assert process.poll() is not None
    assert ask(process.pid) == "" and jobs_process.identity(0) == ""


def test_a_job_that_does_not_stop_is_killed(lab, monkeypatch):
    monkeypatch.setattr(jobs_entry, "PATIENCE", 0.3)
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", deaf], start_new_session=True) as process:
        until(lambda: b"01" in Path(f"/proc/{process.pid}/status").read_bytes())
        job = lab.fake(b"", process)
        lab.jobs.stop(job.id)
        assert process.wait(20) in (-signal.SIGKILL, -signal.SIGINT)
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


def test_old_jobs_are_removed(lab, monkeypatch):
    monkeypatch.setattr(jobs_module, "KEPT", 2)
    for _ in range(4):
        lab.ended(lab.fake(b'{"exit": 0}\n').id)
    newest = lab.ended(lab.jobs.start("info", ["info", "none"], "I").id)
    names = [job.id for job in lab.jobs.list()]
    assert names == [newest.id, "fake3", "fake2"]
    assert sorted(path.name for path in lab.folder.iterdir()) == sorted(names)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": 3}', b"[" * 100000])
def test_a_damaged_file_of_a_job_is_left_alone(content, lab):
    job = lab.fake(b'{"exit": 0}\n')
    lab.ended(job.id)
    file = lab.folder / job.id / "job.json"
    file.write_bytes(content)
    assert lab.open().list() == [] and file.exists()


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
