"""What a gateway carries: `python -m tools.bench.gateway`, with and without its broker.

Nodes in a process of their own speak the true lines over TCP, the gateway is the command
`xnornode gateway` in one process, the broker is Mosquitto; a watcher subscribes to all predictions
at QoS 1 and counts what came. CPU seconds are those of each process, by /proc.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.lab.brokerlab import Mosquitto
from tools.firmware.sources import ROOT
from xnornode.fleet.queue import Queue

TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid: int) -> float:
    """MiB of memory that a process has."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


WATCH = """
import json, sys
import paho.mqtt.client as mqtt
seen = {}
twice = [0]
def take(client, data, message):
    line = json.loads(message.payload)
    got = seen.setdefault((message.topic, line["session"]), set())
    twice[0] += line["seq"] in got
    got.add(line["seq"])
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="watcher", clean_session=False)
client.on_connect = lambda client, *about: client.subscribe("xnornode/+/prediction", 1)
client.on_message = take
client.on_subscribe = lambda *about: print("there", flush=True)
client.reconnect_delay_set(0.05, 0.05)
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_start()
for asked in sys.stdin:
    print(json.dumps([sum(map(len, seen.values())), len(seen), twice[0]]), flush=True)
"""
"""Its session outlasts a restart of the broker, which keeps what it has not confirmed."""


def measure(count: int, rate: float, seconds: float, away: float) -> dict[str, float]:
    """Run it; what it cost and what was lost."""
    found: dict[str, float] = {"nodes": count}
    with tempfile.TemporaryDirectory() as name, Mosquitto(Path(name, "broker")) as broker:
        folder = Path(name)
        environment = {**os.environ, "XDG_RUNTIME_DIR": name}
        pipe: dict[str, Any] = {
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "text": True,
            "cwd": ROOT,
        }
        nodes = subprocess.Popen(
            [sys.executable, "-m", "tests.lab.linenodes", str(count), str(rate)], **pipe
        )
        watcher = subprocess.Popen([sys.executable, "-c", WATCH, str(broker.port)], **pipe)
        assert nodes.stdout and watcher.stdout
        ports = json.loads(nodes.stdout.readline())
        assert watcher.stdout.readline() == "there\n"
        file = folder / "fleet.toml"
        tables = [
            f'[[node]]\nname = "n{port}"\nport = "socket://127.0.0.1:{port}"\n' for port in ports
        ]
        file.write_text(
            f'[broker]\nhost = "127.0.0.1"\nport = {broker.port}\n[gateway]\nname = "bench"\n'
            f'usb = false\nqueue = "{folder}/queue"\n' + "".join(tables)
        )
        command = [sys.executable, "-m", "xnornode", "gateway", str(file)]
        if os.environ.get("PROFILE"):
            command[1:1] = ["-m", "cProfile", "-o", os.environ["PROFILE"]]
        gateway = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        time.sleep(5 + count / 100)
        before = {"gateway": cpu(gateway.pid), "broker": cpu(broker.pid)}
        began = time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        after = {"gateway": cpu(gateway.pid), "broker": cpu(broker.pid)}
        memory = resident(gateway.pid)
        if away:
            broker.stop()
            time.sleep(away)
            found["seconds without broker"] = away
            found["queue, MB on disk"] = round((folder / "queue").stat().st_size / 1e6, 1)
            broker.start()
            found["seconds to catch up"] = round(_catch_up(watcher, count * rate), 1)
        made, _ = nodes.communicate()
        before_last = -1
        while (now := _ask(watcher)[0]) != before_last:  # until nothing more comes
            before_last = now
            time.sleep(5)
        gateway.terminate()
        status = gateway.wait(60)
        time.sleep(1)
        left = Queue(folder / "queue", 10**9)
        found["left on disk"] = left.count
        left.close()
        came, sessions, twice = _ask(watcher)
        watcher.communicate()
        written = sum(json.loads(made))
        used = after["gateway"] - before["gateway"]
        return found | {
            "predictions written": written,
            "lost": written - came,
            "twice": twice,
            "nodes heard": sessions,
            "predictions a second": round(count * rate),
            "gateway, share of a core": round(used / took, 3),
            "broker, share of a core": round((after["broker"] - before["broker"]) / took, 3),
            "gateway, MiB": round(memory, 1),
            "predictions per CPU second": round(count * rate * took / used) if used else 0,
            "exit status": status,
        }


def _ask(watcher: "subprocess.Popen[str]") -> list[int]:
    """What the watcher has: predictions, nodes, and how many came twice."""
    assert watcher.stdin and watcher.stdout
    watcher.stdin.write("?\n")
    watcher.stdin.flush()
    while (line := watcher.stdout.readline()) == "there\n":  # it has subscribed again
        pass
    answer: list[int] = json.loads(line)
    return answer


def _catch_up(watcher: "subprocess.Popen[str]", rate: float) -> float:
    """Seconds until predictions come at their usual rate again, at most three minutes."""
    began, before, there = time.monotonic(), _ask(watcher)[0], False
    while (passed := time.monotonic() - began) < 180:
        time.sleep(1)
        now = _ask(watcher)[0]
        if there and now - before < 1.3 * rate:
            break
        there, before = there or now > before + 2 * rate, now
    return passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--rate", type=float, default=5.0, help="predictions a second of each")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--away", type=float, default=0.0, help="seconds without the broker")
    options = parser.parse_args()
    found = measure(options.nodes, options.rate, options.seconds, options.away)
    for what, value in found.items():
        print(f"{what:32}{value:>12,}")


if __name__ == "__main__":
    main()
