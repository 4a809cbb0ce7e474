"""What a gateway and a broker carry on this computer, and what each part takes.

    python -m tools.bench.fleet                        10 to 1,000 nodes, a minute each
    python -m tools.bench.fleet --nodes 1000 --seconds 600
    python -m tools.bench.fleet --nodes 1000 --seconds 240 --away 60  the broker stops for a minute
    python -m tools.bench.fleet --nodes 1000 --away 0 --kill          ... it is killed, and back

Nodes in a process of their own (tests/lab/fleetfarm.py) speak the true lines over TCP, and with
`--native` a share of them MQTT. The gateway is the command `xnornode gateway`, the broker is
Mosquitto. A counter subscribes at QoS 1, and looks for each prediction by node, session and number.
CPU seconds and memory are those of each process, by /proc, from the tenth second on. Exit status 1
if a prediction is lost.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.lab.brokerlab import Mosquitto
from tools.bench.fleet_parts import GatewayProcess, Talker
from tools.bench.processes import Usage, machine, usage
from xnornode.fleet.gateway_config import SMALLEST_QUEUE
from xnornode.fleet.gateway_service import raise_file_limit
from xnornode.fleet.payloads import GatewayState, from_payload
from xnornode.fleet.queue import Queue
from xnornode.link.mqtt_broker import Broker

PARTS = ("gateway", "broker", "nodes", "counter")
MINUTE = 60.0
SETTLE = 10.0  # seconds of predictions before anything is measured
PATIENCE = 180.0  # seconds for all nodes to be there; for what is on its way, without any progress
AUTOSAVE = "autosave_interval 5"  # seconds after which a killed broker still knows its sessions


class Run:
    """One fleet of so many nodes, from its start to its end."""

    def __init__(self, folder: Path, options: argparse.Namespace, count: int) -> None:
        self.folder, self.options, self.count = folder, options, count
        self.native = round(count * options.native)
        self.carried, self.on_disk = 0, 0.0

    def measure(self) -> dict[str, Any]:
        """Do it; what came of it."""
        with ExitStack() as stack:
            self.broker = stack.enter_context(Mosquitto(self.folder / "broker", config=AUTOSAVE))
            port = str(self.broker.port)
            self.counter = stack.enter_context(Talker("tests.lab.fleetcount", port))
            assert self.counter.hear() == "there\n"
            lines = str(self.count - self.native)
            self.nodes = stack.enter_context(
                Talker("tests.lab.fleetfarm", lines, str(self.native), port)
            )
            ports = json.loads(self.nodes.hear())
            began = time.monotonic()
            gateway = stack.enter_context(GatewayProcess(self.folder, self._settings(ports)))
            self.gateway = gateway.process
            self._wait_for_all()
            took = time.monotonic() - began
            row = self._predict()
            row |= {"seconds until all are there": round(took, 1)}
        queue = Queue(self.folder / "queue", SMALLEST_QUEUE)
        left = queue.count
        queue.close()
        return row | {"left in the queue": left, "exit status": gateway.status}

    def _settings(self, ports: list[int]) -> Path:
        """The gateway's file."""
        file = self.folder / "fleet.toml"
        native = "true" if self.native else "false"
        file.write_text(
            f'[broker]\nhost = "127.0.0.1"\nport = {self.broker.port}\n[gateway]\nname = "bench"\n'
            f'usb = false\nnative = {native}\nqueue = "{self.folder}/queue"\n'
            + "".join(f'[[node]]\nport = "socket://127.0.0.1:{port}"\n' for port in ports)
        )
        return file

    def _wait_for_all(self) -> None:
        """Until the gateway says that it carries all nodes."""
        broker = Broker(self.broker.settings())

        def take(topic: str, payload: bytes, retained: bool) -> None:
            self.carried = from_payload(GatewayState, payload).count

        broker.subscribe("xnornode/_gateway/bench/state", take)
        broker.start()
        end = time.monotonic() + PATIENCE
        while self.carried < self.count - self.native:
            if time.monotonic() > end or self.gateway.poll() is not None:
                raise RuntimeError(f"the gateway carries {self.carried} of {self.count} nodes")
            time.sleep(0.05)
        broker.close()

    def _usage(self) -> dict[str, Usage]:
        """Of each part, now."""
        numbers = [self.gateway.pid, self.broker.pid]
        numbers += [self.nodes.process.pid, self.counter.process.pid]
        return {part: usage(pid) for part, pid in zip(PARTS, numbers, strict=True)}

    def _predict(self) -> dict[str, Any]:
        """Have nodes predict, and count."""
        options = self.options
        self.nodes.ask("ready")
        self.nodes.ask(f"begin {options.rate}")
        time.sleep(SETTLE)
        self.counter.ask("forget")
        before, at = self._usage(), time.monotonic()
        made = sum(self.nodes.ask("count").values())
        spent, memory = dict.fromkeys(PARTS, 0.0), [round(before["gateway"].own, 1)]
        if options.away is not None:
            time.sleep(options.seconds / 4)
            spent["broker"] = usage(self.broker.pid).cpu
            self.broker.stop(options.kill)
            time.sleep(options.away)
            files = self.folder.glob("queue*")  # of SQLite, with what is not put together yet
            self.on_disk = sum(file.stat().st_size for file in files) / 1e6
            self.broker.start()
        while (left := at + options.seconds - time.monotonic()) > 0:
            self._tell(f"{self.count} nodes, {left:.0f} s left")
            if options.seconds - left >= MINUTE * len(memory):
                memory.append(round(usage(self.gateway.pid).own, 1))
            time.sleep(min(left, 1.0))
        after, took = self._usage(), time.monotonic() - at
        made = sum(self.nodes.ask("count").values()) - made
        counts = self.nodes.ask("end")
        drained = time.monotonic()
        came = self._drain(counts)
        own = sum(count for name, count in counts.items() if name.startswith("node"))
        share = own / sum(counts.values())
        cpu = after["gateway"].cpu - before["gateway"].cpu
        return {
            "nodes": self.count,
            "native": self.native,
            "rate": options.rate,
            "seconds": round(took, 1),
            "sent": sum(counts.values()),
            "received": sum(came["came"].values()),
            "lost": sum(max(0, n - came["came"].get(name, 0)) for name, n in counts.items()),
            "nodes heard": len(came["came"]),
            **{key: came[key] for key in ("twice", "late", "median_ms", "p99_ms", "most_ms")},
            "MB in the queue without a broker": round(self.on_disk, 1),
            "seconds until the last came": round(time.monotonic() - drained, 1),
            "lines per CPU second of the gateway": round(made * share / cpu) if cpu else 0,
            "memory": memory,
            "cpu": {
                part: round((after[part].cpu - before[part].cpu + spent[part]) / took, 4)
                for part in PARTS
            },
            "begin": {part: asdict(before[part]) for part in PARTS},
            "end": {part: asdict(after[part]) for part in PARTS},
        }

    def _drain(self, made: dict[str, int]) -> dict[str, Any]:
        """What has come, once all has or nothing more does."""
        came, end = {}, 0.0
        total = -1
        while True:
            came = self.counter.ask("count")
            now = sum(came["came"].values())
            if now != total:
                total, end = now, time.monotonic() + min(PATIENCE, 20 + self.options.seconds)
            if all(came["came"].get(name, 0) >= n for name, n in made.items()):
                return came
            if time.monotonic() > end:
                return came
            time.sleep(0.1)

    def _tell(self, text: str) -> None:
        """Show progress, where somebody looks."""
        if sys.stderr.isatty():
            print(f"\r{text:40}", end="", file=sys.stderr, flush=True)


def show(row: dict[str, Any]) -> str:
    """A run, for people."""
    names = [name for name, value in row.items() if not isinstance(value, dict | list)]
    lines = [f"{name:40}{row[name]:>12,}" for name in names if row[name] is not None]
    lines += [
        "",
        f"{'MiB':10}{'of a core':>10}{'PSS':>8}{'at the begin':>14}{'RSS':>8}"
        f"{'threads':>9}{'files':>8}",
    ]
    for part in PARTS:
        begin, end = row["begin"][part], row["end"][part]
        lines.append(
            f"{part:10}{row['cpu'][part]:>10.1%}{end['own']:>8.1f}{begin['own']:>14.1f}"
            f"{end['resident']:>8.1f}{end['threads']:>9}{end['files']:>8}"
        )
    each = " ".join(map(str, row["memory"]))
    return "\n".join([*lines, f"MiB of the gateway, minute by minute: {each}"])


def run(options: argparse.Namespace, count: int) -> dict[str, Any]:
    """One run, in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        try:
            return Run(Path(name), options, count).measure()
        finally:
            log = Path(name, "gateway.log")
            text = log.read_text() if log.exists() else ""
            odd = [x for x in text.splitlines() if " is there, on " not in x and "is gone" not in x]
            print("\n".join(f"  gateway: {line}" for line in odd[:20]), file=sys.stderr)


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--nodes", default="10,30,100,300,1000", help="how many, by commas")
    made.add_argument("--seconds", type=float, default=60.0)
    made.add_argument("--rate", type=float, default=1.0, help="predictions a second of each")
    made.add_argument("--native", type=float, default=0.0, help="share that speaks MQTT itself")
    made.add_argument("--away", type=float, help="stop the broker for so many seconds")
    made.add_argument("--kill", action="store_true", help="kill it instead (SIGKILL)")
    made.add_argument("--json", type=Path, help="file to write the figures to")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run it; the exit status."""
    options = parser().parse_args(arguments)
    raise_file_limit()
    rows = []
    for count in map(int, options.nodes.split(",")):
        rows.append(run(options, count))
        print(show(rows[-1]) + "\n", flush=True)
        if options.json:
            lines = ",\n  ".join(map(json.dumps, rows))
            made = f'{{"machine": {json.dumps(machine())}, "runs": [\n  {lines}\n]}}\n'
            options.json.write_text(made)
    return int(any(row["lost"] or row["exit status"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
