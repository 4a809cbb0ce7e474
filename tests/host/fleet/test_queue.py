"""The queue on disk: bounded, in order, and whole whatever happens to its process."""

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from xnornode.errors import LinkError
from xnornode.fleet.gateway_config import GatewaySettings
from xnornode.fleet.queue import Message, Queue
from xnornode.link.mqtt_settings import BrokerSettings

pytestmark = pytest.mark.quick


def messages(first, count, node="shed"):
    return [Message(f"x/{node}/prediction", b"%06d" % n, node=node) for n in range(first, count)]


def payloads(queue):
    return [message.payload for _, message in queue.after(0, 10**6)]


def test_messages_outlast_the_file_being_closed_in_their_order(tmp_path):
    queue = Queue(tmp_path / "new" / "queue", 10**6)
    queue.add(messages(0, 100))
    numbers = queue.add(messages(100, 200))
    queue.remove(numbers[:50])
    queue.close()
    queue = Queue(tmp_path / "new" / "queue", 10**6)
    assert queue.count == 150 and payloads(queue)[99:101] == [b"000099", b"000150"]
    assert queue.bytes == 150 * messages(0, 1)[0].size
    queue.close()


def test_of_a_retained_topic_only_the_newest_is_kept(tmp_path):
    queue = Queue(tmp_path / "queue", 10**6)
    for value in (b"1", b"2", b"3"):
        queue.add([Message("x/shed/state", value, True), Message("x/barn/state", value, True)])
    assert payloads(queue) == [b"3", b"3"] and queue.count == 2
    queue.close()


def test_beyond_the_bound_the_oldest_go_and_are_counted(tmp_path):
    queue = Queue(tmp_path / "queue", 100_000)
    queue.add([Message("x/shed/state", b"kept", True, "shed")])
    for first in range(0, 10_000, 100):
        queue.add(messages(first, first + 100, "barn" if first % 200 else "shed"))
        assert queue.bytes <= 100_000
    left = payloads(queue)
    assert left[0] == b"kept" and left[1:] == [
        b"%06d" % n for n in range(10_001 - len(left), 10_000)
    ]
    assert queue.dropped.total() + queue.count == 10_001
    assert abs(queue.dropped["shed"] - queue.dropped["barn"]) <= 100
    queue.close()


def test_what_the_client_has_already_is_not_dropped(tmp_path):
    queue = Queue(tmp_path / "queue", 100_000)
    queue.floor = queue.add(messages(0, 10))[-1]
    queue.add(messages(10, 10_000))
    assert payloads(queue)[:10] == [b"%06d" % n for n in range(10)]
    queue.close()


def test_a_second_gateway_is_told_that_the_file_is_in_use(tmp_path):
    queue = Queue(tmp_path / "queue", 10**6)
    with pytest.raises(LinkError, match="another gateway uses it"):
        Queue(tmp_path / "queue", 10**6)
    queue.close()


def test_a_file_that_is_damaged_is_moved_aside(tmp_path):
    path = tmp_path / "queue"
    path.write_bytes(b"no database at all" * 1000)
    queue = Queue(path, 10**6)
    queue.add(messages(0, 3))
    assert queue.count == 3 and (tmp_path / "queue.damaged").exists() and queue.moved
    queue.close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LinkError, match="`queue`"):
        Queue(tmp_path / "file" / "queue", 10**6)


def test_a_disk_that_is_full_changes_nothing(tmp_path):
    queue = Queue(tmp_path / "queue", 10**7)
    queue.add(messages(0, 10))
    pages = queue._base.execute("pragma page_count").fetchone()[0]
    queue._base.execute(f"pragma max_page_count = {pages + 2}")
    with pytest.raises(sqlite3.Error, match="full"):
        queue.add(messages(10, 10_000))
    assert queue.count == 10 and payloads(queue) == [b"%06d" % n for n in range(10)]
    queue._base.execute("pragma max_page_count = 1000000")
    queue.add(messages(10, 20))
    assert queue.count == 20
    queue.close()


WRITES = """
import sys
from pathlib import Path
from xnornode.fleet.queue import Message, Queue
queue = Queue(Path(sys.argv[1]), 10**8)
number = 0
while True:
    queue.add([Message("x/shed/prediction", b"%06d" % n) for n in range(number, number + 10)])
    number += 10
    print(number, flush=True)
"""


def test_what_was_committed_outlasts_a_kill(tmp_path):
    path = tmp_path / "queue"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(path)], stdout=subprocess.PIPE, text=True
    )
    for _ in range(50):
        told = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    told = int((process.stdout.read().split() or [told])[-1])
    process.wait()
    queue = Queue(path, 10**8)
    left = payloads(queue)
    assert len(left) >= told and left == [b"%06d" % n for n in range(len(left))]
    assert not queue.moved
    queue.close()


def test_each_gateway_and_broker_has_a_file_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    one = GatewaySettings(name="attic")
    others = [
        replace(one, name="cellar"),
        replace(one, broker=BrokerSettings("broker.lan")),
        replace(one, broker=BrokerSettings(port=1884)),
        replace(one, broker=BrokerSettings(prefix="home/xnornode")),
    ]
    files = {settings.queue_file for settings in [one, *others]}
    assert len(files) == 5 and all(file.parent == tmp_path for file in files)
    assert replace(one, queue="here.queue").queue_file == Path("here.queue")
