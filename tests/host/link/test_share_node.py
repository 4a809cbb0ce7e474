"""Commands that share the port of a real node, each in a process of its own."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
import tty
from contextlib import ExitStack, contextmanager

import pytest

from tests.lab import faultlab
from tests.lab.faultlab import UnixLab, push_all
from tests.lab.faultplans import at_random
from tests.lab.faults import TO_NODE, Fault, Kind
from tests.lab.livenode import DEVICE, active_model, live_node, model_bytes, receiving_node
from tests.lab.targets import interpreter
from xnornode.link import share_talk
from xnornode.link.addresses import Port
from xnornode.link.deadline import Deadline
from xnornode.link.monitor import Monitor
from xnornode.link.push import push
from xnornode.link.recording import streaming
from xnornode.link.share_place import Place

OLD, NEW, LARGE = model_bytes(1), model_bytes(2, 24), model_bytes(3, 2500)
COMMAND = [sys.executable, "-m", "xnornode"]


@pytest.fixture(autouse=True)
def meeting(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def files(tmp_path):
    for name, data in (("new", NEW), ("large", LARGE)):
        (tmp_path / f"{name}.bnn").write_bytes(data)
    return tmp_path


@pytest.fixture
def home(tmp_path):
    return tmp_path / "node"


@contextmanager
def started(*arguments, port):
    """A command that runs; its process."""
    command = [*COMMAND, *map(str, arguments), "--port", port]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def ended(process, seconds=90):
    """What a process printed and said, once it has ended."""
    out, err = process.communicate(timeout=seconds)
    assert "Traceback" not in err, err
    return out, err


@contextmanager
def monitoring(url):
    """A monitor that has seen a prediction, in a process of its own; it ends by Ctrl-C."""
    with started("monitor", "--format", "json", port=url) as process:
        first = process.stdout.readline()
        assert json.loads(first)["label"]
        process.printed, process.said = [first], []
        readers = [
            threading.Thread(target=process.printed.extend, args=(process.stdout,)),
            threading.Thread(target=process.said.extend, args=(process.stderr,)),
        ]
        for reader in readers:
            reader.start()
        try:
            yield process
        finally:
            process.kill()
            for reader in readers:
                reader.join()


def stop(process):
    """What a monitor printed, line by line, and what it said, once it is ended by Ctrl-C."""
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    wait = Deadline(10)
    while "predictions, " not in "".join(process.said) and not wait.passed:
        wait.pause(0.01)
    err = "".join(process.said)
    assert "Traceback" not in err, err
    return process.printed, err


def test_all_commands_at_once(home, files):
    """Two monitors, a recording, a list, a doctor and a push: nobody loses a prediction."""
    with (
        live_node(home, OLD, realtime=True) as (node, bridge),
        monitoring(bridge.url) as first,
        monitoring(bridge.url) as second,
        started("record", files / "data", "--label", "up", "--seconds", 2, port=bridge.url) as rec,
        started("push", files / "large.bnn", port=bridge.url) as pushing,
        started("list", port=bridge.url) as listing,
        started("doctor", port=bridge.url) as doctor,
    ):
        for process in (rec, pushing, listing, doctor):
            out, err = ended(process)
            assert process.returncode == 0, out + err
            assert err.count("sharing socket://") == 1 and "(process " in err
        assert [*files.glob("data/up/*.rec")] and active_model(home) == LARGE and node.running
        for process in (second, first):  # the owner last
            while "net 3, revision 3" not in "".join(process.said) and process.poll() is None:
                time.sleep(0.05)  # it may be slower than the node
            lines, err = stop(process)
            assert " 0 lost" in err
            assert not any(json.loads(line)["lost"] for line in lines)


def test_the_studios_way(home, files):
    """A monitor and a stream in threads of one process, and a command of another one."""
    with live_node(home, OLD, realtime=True) as (_, bridge), Monitor(bridge.url) as monitor:
        next(iter(monitor))
        with streaming(bridge.url) as stream, started("list", port=bridge.url) as listing:
            blocks = [stream.read(5) for _ in range(10)]
            assert all(block and not block.lost for block in blocks)
            assert "net 1" in ended(listing)[0]
            next(iter(monitor))
        assert monitor.lost == 0 and monitor.reconnections == 0


def test_a_stop_does_not_end_the_stream_of_another_one(home):
    with live_node(home, OLD, realtime=True) as (_, bridge), streaming(bridge.url) as first:
        with streaming(bridge.url) as second:
            assert first.read(5) and second.read(5)
        assert all(first.read(5) for _ in range(10))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_the_owner_ends_amid_a_push(home, files, how):
    """The push becomes the owner, or goes through the next one, and goes on where it was."""
    with (
        live_node(home, OLD, realtime=True, baud=230_400) as (node, bridge),
        monitoring(bridge.url) as owner,
        monitoring(bridge.url) as other,
        started("push", files / "large.bnn", port=bridge.url) as pushing,
    ):
        before = bridge.carried[TO_NODE]
        while bridge.carried[TO_NODE] < before + 12_000 and pushing.poll() is None:
            time.sleep(0.01)
        owner.send_signal(how)
        out, err = ended(pushing)
        assert pushing.returncode == 0 and "trying again" in err, out + err
        assert active_model(home) == LARGE and node.running
        assert " reconnections" in stop(other)[1]


def test_a_push_that_is_killed_leaves_nothing_stuck(home, files):
    still = Fault(Kind.STALL, TO_NODE, 16_000, seconds=2)
    with (
        live_node(home, OLD, [still], realtime=True) as (node, bridge),
        monitoring(bridge.url) as monitor,
    ):
        with started("push", files / "large.bnn", port=bridge.url) as pushing:
            while bridge.carried[TO_NODE] < 16_000 and pushing.poll() is None:
                time.sleep(0.01)
            assert pushing.poll() is None
        assert active_model(home) == OLD and node.running
        with started("push", files / "large.bnn", port=bridge.url) as pushing:
            out, err = ended(pushing)
            assert pushing.returncode == 0 and "going on from there" in err, out + err
        assert active_model(home) == LARGE
        assert " 0 lost" in stop(monitor)[1]


def test_of_two_pushes_the_last_one_wins(home, files):
    # No predictions: they would fill a slow line's buffers, and no answer would come in time
    (files / "longer.bnn").write_bytes(model_bytes(3, 10_000))
    with receiving_node(home, baud=115_200) as bridge, Monitor(bridge.url):
        with started("push", files / "longer.bnn", port=bridge.url) as first:
            while bridge.carried[TO_NODE] < 3_000 and first.poll() is None:
                time.sleep(0.01)
            with started("push", files / "new.bnn", port=bridge.url) as second:
                out, err = ended(second)
                assert second.returncode == 0, out + err
            out, err = ended(first)
            assert "replaced" in err and first.returncode == 1, out + err
        assert active_model(home) == NEW


@contextmanager
def at_repl(folder):
    """A board at its REPL, with the library; its port."""
    library = folder / "lib"
    shutil.copytree(DEVICE / "xnornode", library / "xnornode")
    for path in (library / "xnornode").glob("*.py"):
        text = path.read_text()
        for name in ("/models", "/model.bnn", "/xnornode.key", "/sensor.json"):
            text = text.replace(f'"{name}"', f'"{folder}{name}"')
        path.write_text(text)
    micropython = interpreter("native/x64")
    environment = micropython.environment()
    environment["MICROPYPATH"] = f"{library}:{micropython.path}"
    ours, its = pty.openpty()
    tty.setraw(its)
    process = subprocess.Popen(micropython.command, stdin=ours, stdout=ours, env=environment)
    try:
        yield os.ttyname(its)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(its)


def owned(folder, port, process, since):
    """Wait until a process has the port, of which it became the owner after a time; that time."""
    while process.poll() is None:
        claimed = [path.stat().st_mtime_ns for path in folder.glob("xnornode/*.lock")]
        listens = claimed > [since] and [*folder.glob("xnornode/*.sock")]
        if listens and f"(process {process.pid})" in Place(Port(port)).owner():
            return claimed[0]
        time.sleep(0.02)
    raise AssertionError(process.communicate())


def test_a_board_at_its_repl_is_shared_by_turns(tmp_path, files):
    """The receiver that one command has started serves the others; a monitor waits meanwhile."""
    with at_repl(tmp_path) as port, started("monitor", port=port) as monitor:
        since = 0
        for arguments in (["list"], ["push", files / "new.bnn"], ["doctor"]):
            # Each has the port for itself for a while; a next one that comes before the monitor is
            # back becomes the owner
            since = owned(tmp_path, port, monitor, since)
            with started(*arguments, port=port) as process:
                out, err = ended(process)
                assert process.returncode == 0 and "sharing" in err, out + err
        assert "net 2" in out
        with started("list", port=port) as one, started("list", port=port) as other:  # at once
            for process in (one, other):
                assert ended(process) and process.returncode == 0
        monitor.send_signal(signal.SIGINT)
        _, err = ended(monitor)
        assert "needs it for itself" in err and "reconnections" in err


def test_pushes_over_a_bad_line_while_a_monitor_looks_on(tmp_path, monkeypatch):
    """Faults anywhere in 50 pushes: the node has the old model or the new one, as without it."""
    seen = []

    def watched(url, data, **more):
        with Monitor(url, reconnect=5) as monitor:
            done = push(url, data, **more)
            seen.append(monitor.event(5))
            return done

    monkeypatch.setattr(faultlab, "push", watched)
    with ExitStack() as stack:
        labs = [stack.enter_context(UnixLab(tmp_path / f"lab{i}")) for i in range(4)]
        outcomes = push_all(labs, [at_random(seed, 6000) for seed in range(50)])
    done = sum(outcome.pushed is not None for outcome in outcomes)
    assert done >= 35 and sum(event is not None for event in seen) >= 30


def test_who_shares_is_said_once(home, monkeypatch):
    said = []
    monkeypatch.setattr(share_talk, "say", said.append)
    with live_node(home, OLD, realtime=True) as (_, bridge), monitoring(bridge.url) as process:
        for _ in range(3):
            with Monitor(bridge.url) as monitor:
                next(iter(monitor))
        assert said == [f"sharing {bridge.url} with xnornode monitor (process {process.pid})"]
