"""What a gateway carries: `python -m tools.bench.gateway [--nodes N] [--rate R] [--seconds S]`.

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
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_settings import BrokerSettings
seen = {}
twice = [0]
def take(topic, payload, retained):
    line = json.loads(payload)
    key = topic, line["session"]
    got = seen.setdefault(key, set())
    twice[0] += line["seq"] in got
    got.add(line["seq"])
broker = Broker(BrokerSettings("127.0.0.1", int(sys.argv[1])))
broker.subscribe("xnornode/+/prediction", take)
broker.start()
broker.wait()
print("there", flush=True)
sys.stdin.read()
print(json.dumps([sum(map(len, seen.values())), len(seen), twice[0]]), flush=True)
"""


def measure(count: int, rate: float, seconds: float) -> dict[str, float]:
    """Run it; what it cost and what was lost."""
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
        made, _ = nodes.communicate()
        time.sleep(2)
        gateway.terminate()
        status = gateway.wait(60)
        time.sleep(1)
        came, sessions, twice = json.loads(watcher.communicate()[0])
        written = sum(json.loads(made))
        used = after["gateway"] - before["gateway"]
        return {
            "nodes": count,
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--rate", type=float, default=5.0, help="predictions a second of each")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    for what, value in measure(options.nodes, options.rate, options.seconds).items():
        print(f"{what:32}{value:>12,}")


if __name__ == "__main__":
    main()
