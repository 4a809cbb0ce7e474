"""Jobs that another studio began: found again, followed, stopped, and their end known."""

import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.lab.jobslab import LONG, JobsLab, until
from xnornode.errors import XnorNodeError
from xnornode.studio import jobs as jobs_module
from xnornode.studio import jobs_files, jobs_process

STUDIO = """
import os, signal, sys
from pathlib import Path
from xnornode.studio.jobs import Jobs
jobs = Jobs(Path(sys.argv[1]), lambda topic, message: None)
print(jobs.start("train", sys.argv[2:], "Training", about={"a": ["b"]}, exclusive="train").id)
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def lab(tmp_path):
    lab = JobsLab(tmp_path)
    yield lab
    lab.end()


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
        jobs_files.save(lab.folder / job.id, replace(job, identity="another"))
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


def test_a_job_whose_studio_was_killed_as_it_began_it_is_known(lab):
    """Its process has said which it is, though no studio has written that."""
    studio = STUDIO.replace(
        "jobs =",
        "from xnornode.studio.jobs_entry import Entry\n"
        "Entry.change = lambda self, **_: (print(self.job.id, flush=True), "
        "os.kill(os.getpid(), signal.SIGKILL))\njobs =",
    )
    done = subprocess.run(
        [sys.executable, "-c", studio, lab.folder, *lab.argv(*LONG)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    file = lab.folder / done.stdout.strip() / jobs_files.FILE
    assert b'"pid": 0' in file.read_bytes()
    [job] = lab.open().list()
    assert job.running, "also before its process has said so"
    with pytest.raises(XnorNodeError, match="Training runs"):
        lab.train(exclusive="train")
    until(lambda: lab.epochs(job.id))
    lab.jobs.stop(job.id)
    assert lab.ended(job.id).state == "stopped"


def test_a_process_that_comes_when_its_job_is_given_up_does_nothing(lab, tmp_path):
    job = lab.ended(lab.fake(b"").id)
    assert job.state == "lost"
    place = (lab.folder / job.id / "talk.jsonl", tmp_path / "out")
    process = jobs_process.start(["info", "none"], job.id, tmp_path, *place)
    assert process.wait(60) == 1 and b"began too late" in place[0].read_bytes()


def test_arguments_that_no_process_can_have_begin_no_job(lab):
    for text in ("a\0b", "\ud800"):
        with pytest.raises(XnorNodeError, match="no command can be given"):
            lab.jobs.start("info", ["info", text], "I")
    assert lab.jobs.list() == [] and not any(lab.folder.iterdir())
    jobs_process.kill(0)
    jobs_process.interrupt(0)  # nobody's: not our own group
