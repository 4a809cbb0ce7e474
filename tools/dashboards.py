"""Runs examples/node-red with the real programs, and draws its dashboard.

Debian's Mosquitto and InfluxDB, Node-RED with its dashboard from npm, and simulated nodes. Each
prediction must be in InfluxDB once.

Usage: python -m tools.dashboards [--nodes N] [--seconds S] [--picture FILE.svg]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.lab.brokerlab import Mosquitto, free_port
from tests.lab.fleetsim import Fleet, model_file
from tools.debian import unpacked
from tools.docs.studio_picture import draw
from tools.emulators.nodejs import EmulatorError, install_package, node_command
from tools.firmware.sources import BUILD, ROOT, SourceError
from xnornode.model.file_format import from_bytes, to_bytes

EXAMPLE = ROOT / "examples" / "node-red" / "flow.json"
PACKAGE = ROOT / "tools" / "nodered"
NODES = BUILD / "nodered-npm"
NAMES = ("barn", "gate", "hall", "kitchen", "loft", "shed", "studio", "yard")
PATIENCE = 90.0
"""Seconds for a program to answer, of which a busy computer needs twenty."""
LABELS, MIX = ("still", "walk", "run"), (5, 3, 1)
"""What nodes see, and how often."""
INFLUX = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
"""


class DashboardError(Exception):
    """A program does not do what the example says; the text says which."""


@contextlib.contextmanager
def running(command: list[str], log: Path, url: str) -> Iterator[None]:
    """A program, once it answers at `url`."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
                break
            time.sleep(0.1)
        else:
            raise DashboardError(f"{command[0]} does not answer:\n{log.read_text()[-2000:]}")
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def influxdb(folder: Path) -> Iterator[str]:
    """Debian's InfluxDB, empty; its address."""
    folder.mkdir()
    port = free_port()
    config = folder / "influxdb.conf"
    config.write_text(INFLUX.format(folder=folder, port=port, rpc=free_port()))
    program = unpacked("influxdb") / "usr" / "bin" / "influxd"
    url = f"http://127.0.0.1:{port}"
    with running([str(program), "run", "-config", str(config)], folder / "log", f"{url}/ping"):
        yield url


@contextlib.contextmanager
def node_red(folder: Path, broker: int, influx: str) -> Iterator[str]:
    """Node-RED with the example's flow; the address of its dashboard."""
    install_package(PACKAGE, NODES)
    folder.mkdir()
    (folder / "node_modules").symlink_to(NODES / "node_modules")
    flow = EXAMPLE.read_text()
    for old, new in (("http://127.0.0.1:8086", influx), ('"port": "1883"', f'"port": "{broker}"')):
        if old not in flow:
            raise DashboardError(f"{EXAMPLE} has no {old}")
        flow = flow.replace(old, new)
    (folder / "flow.json").write_text(flow)
    port = free_port()
    command = [node_command(), str(NODES / "node_modules" / "node-red" / "red.js")]
    command += ["--userDir", str(folder), "--port", str(port), "flow.json"]
    url = f"http://127.0.0.1:{port}"
    with running(command, folder / "log", f"{url}/dashboard/fleet"):
        yield f"{url}/dashboard/fleet"


def query(influx: str, text: str) -> list[list[Any]]:
    """Rows of a query to InfluxDB; none where there is nothing yet."""
    given = urllib.parse.urlencode({"db": "xnornode", "q": text})
    with urllib.request.urlopen(f"{influx}/query?{given}", timeout=30) as answer:
        (result,) = json.load(answer)["results"]
    return [row for series in result.get("series", []) for row in series["values"]]


def points(influx: str) -> int:
    """How many predictions InfluxDB has."""
    rows = query(influx, 'SELECT count("seq") FROM "xnornode_prediction"')
    return int(rows[0][1]) if rows else 0


def run(folder: Path, nodes: int, seconds: float, picture: Path | None) -> None:
    """The whole of it. Raises DashboardError."""
    names = [*NAMES, *(f"node-{k}" for k in range(nodes))][:nodes]
    model = to_bytes(replace(from_bytes(model_file(1)), name="watch", labels=LABELS))
    with (
        Mosquitto(folder / "broker") as mosquitto,
        influxdb(folder / "influx") as influx,
        node_red(folder / "nodered", mosquitto.port, influx) as dashboard,
        Fleet(mosquitto.settings(), names, folder / "fleet", model, 2.0, "attic", True) as fleet,
    ):
        for node in fleet.nodes.values():
            fleet.mixes[node.sha256] = MIX
        began = time.monotonic()
        if picture:
            picture.write_text(draw(dashboard, "", seconds))
        else:
            time.sleep(seconds)
        took = time.monotonic() - began
        for node in fleet.nodes.values():
            node.silent = True
        fleet.do(lambda: None)  # what was under way is said
        made = sum(node.predictions for node in fleet.nodes.values())
        end = time.monotonic() + PATIENCE
        while points(influx) < made and time.monotonic() < end:
            time.sleep(0.2)
        found = points(influx)
        log = (folder / "nodered" / "log").read_text()
    if errors := re.findall(r".*\[error\].*", log):
        raise DashboardError("Node-RED says:\n" + "\n".join(errors))
    if found != made:
        raise DashboardError(f"{made} predictions, {found} in InfluxDB:\n{log[-2000:]}")
    print(f"{nodes} nodes, {took:.0f} s: {made} predictions, {found} points in InfluxDB")


def main() -> int:
    """Exit status: 0, or 1 with a message."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--picture", type=Path, metavar="FILE.svg")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dashboards-"))
    try:
        run(folder, options.nodes, options.seconds, options.picture)
    except (DashboardError, EmulatorError, SourceError) as error:
        print(f"dashboards: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
