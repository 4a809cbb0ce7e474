"""`xnornode search --jobs` and `--dask` as a user has them: what is refused, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.lab.search_tasks import TEST, TRAINING, waves
from xnornode.cli.main import main

WAIT = 60.0
"""Seconds that anything here may take."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = waves(1, TRAINING + TEST)
    path = tmp_path_factory.mktemp("data") / "waves.npz"
    np.savez(path, X=data.items, y=np.array(["slow", "fast", "rest"])[data.labels], g=data.groups)
    return path


def words(archive: Path, folder: Path, *more: str) -> list[str]:
    head = ["search", str(archive), "-o", str(folder / "best.bnn"), "--bytes", "900"]
    return [*head, "--test", "f,g", "--group", "g", "--no-baselines", "--trials", "4", *more]


@pytest.mark.quick
@pytest.mark.parametrize(
    ("more", "missing", "says"),
    [
        (["--jobs", "-1"], "", "it must be at least 0"),
        (["--jobs", "2", "--dask", "tcp://a:1"], "", "not allowed with argument"),
        (["--dask", "a:8786"], "", "'a:8786' is no address of a scheduler, such as tcp://"),
        (["--jobs", "2"], "joblib", 'joblib is missing: pip install "xnornode[jobs]"'),
        (["--dask", "tcp://a:1"], "distributed", 'pip install "xnornode[dask]"'),
    ],
)
def test_wrong_usage_is_found_before_the_work(
    archive: Path,
    tmp_path: Path,
    more: list[str],
    missing: str,
    says: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, missing or "nothing", None)
    with pytest.raises(SystemExit) as left:
        main(words(archive, tmp_path, *more))
    told = capsys.readouterr().err
    assert left.value.code == 2 and says in told
    assert "samples" not in told and not list(tmp_path.iterdir())


def test_no_scheduler_is_said_before_the_data_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xnornode.model_search.dask_client.CONNECT", 0.3)
    assert main(words(tmp_path / "none.npz", tmp_path, "--dask", "tcp://127.0.0.1:1")) == 1
    told = capsys.readouterr().err
    assert "there is no Dask scheduler at tcp://127.0.0.1:1" in told
    assert len(told.splitlines()) == 1 and not list(tmp_path.iterdir())


def test_tls_without_certificates_is_refused(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(archive, tmp_path, "--dask", "tls://127.0.0.1:1")) == 1
    assert "needs certificates: name them in Dask's configuration" in capsys.readouterr().err


class Run:
    """The command in a session of its own, as a terminal has one."""

    def __init__(self, arguments: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "xnornode", *arguments],
            env=os.environ | {"XNORNODE_TALK": "json"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.told: list[dict[str, object]] = []

    def until(self, kind: str, true: Callable[[dict[str, object]], object]) -> None:
        """Read until there is such a line."""
        assert self.process.stderr
        for line in self.process.stderr:
            assert line.startswith("{"), line + self.process.stderr.read()
            self.told.append(json.loads(line))
            content = self.told[-1].get(kind)
            if isinstance(content, dict) and true(content):
                return
        raise AssertionError(self.told[-3:])

    def others(self) -> list[psutil.Process]:
        """What lives of its session, but the command itself."""
        found = []
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == self.process.pid and process.is_running():
                    gone = process.status() == psutil.STATUS_ZOMBIE
                    found += [] if gone or process.pid == self.process.pid else [process]
            except (psutil.NoSuchProcess, ProcessLookupError):
                pass
        return found

    def all_gone(self) -> bool:
        """Whether all others end soon."""
        end = time.monotonic() + WAIT
        while self.others() and time.monotonic() < end:
            time.sleep(0.05)
        return not self.others()


def test_ctrl_c_leaves_no_process_and_a_journal_that_another_number_of_jobs_goes_on_from(
    archive: Path, tmp_path: Path
) -> None:
    long = ("--epochs", "90", "--validation", "a,b")
    assert main(words(archive, tmp_path, *long)) == 0
    output, journal = tmp_path / "best.bnn", tmp_path / "best.bnn.search"
    whole = output.read_bytes()
    output.unlink()

    run = Run(words(archive, tmp_path, *long, "--jobs", "2"))
    run.until("candidate", lambda c: c["state"] == "tried" and c["round"] == 2)
    assert len(run.others()) >= 2
    os.killpg(run.process.pid, signal.SIGINT)
    _, rest = run.process.communicate(timeout=WAIT)
    assert json.loads(rest.splitlines()[-1]) == {"exit": 1}
    assert "Traceback" not in rest and "stopped: it is the best of 4 networks so far" in rest
    assert output.exists() and run.all_gone()
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert len({line["training"] for line in lines[1:]}) == len(lines) - 1 >= 5
    # Each network is told once a round when it begins, however they take turns.
    began = [t["candidate"] for t in run.told if "candidate" in t]
    keys = [(c["round"], c["number"]) for c in began if c["state"] == "trying"]
    assert len(keys) == len(set(keys))

    run = Run(words(archive, tmp_path, *long, "--jobs", "2", "--resume"))
    run.until("candidate", lambda c: c["state"] == "trying" and c["round"] == 3)
    workers = run.others()
    run.process.kill()
    run.process.wait(WAIT)
    assert run.process.stderr and not run.process.stderr.close()
    assert workers and run.all_gone()  # each ends by itself
    left = Path(tempfile.gettempdir()).glob(f"xnornode-search-{run.process.pid}-*")
    assert not list(left)

    assert main(words(archive, tmp_path, *long, "--jobs", "1", "--resume")) == 0
    assert output.read_bytes() == whole and not journal.exists()
