"""What a node's link to a broker takes: flash, RAM, and time of a step.

    python -m tools.bench.mqtt

Flash by mpy-cross. RAM by the unix build on this computer, whose objects take about twice what
they take on a board with 32 bits; Mosquitto is on this computer too.
"""

import subprocess
import tempfile
from pathlib import Path

from tests.lab.brokerlab import Mosquitto
from tests.lab.livenode import DEVICE, model_bytes, prepare
from tools.firmware.build import build
from tools.firmware.sources import ROOT
from xnornode.board.node_library import compile_library
from xnornode.link.push import push

SCRIPT = ROOT / "tests" / "lab" / "node_scripts" / "mqtt_memory.py"
ARCHITECTURE = "armv6m"


def flash() -> None:
    """Print the bytes of the compiled files."""
    files = {Path(path).stem: len(data) for path, data in compile_library(ARCHITECTURE).items()}
    ours = {name: size for name, size in files.items() if name.startswith("mqtt")}
    print(f"flash, compiled for {ARCHITECTURE}:")
    for name, size in sorted(ours.items()):
        print(f"  {name:16}{size:8,} bytes")
    beside = sum(files[name] for name in ("net", "net_config", "wires"))
    print(f"  {'together':16}{sum(ours.values()):8,} bytes, beside {beside:,} of net and wires")


def ram() -> None:
    """Print what the heap of the unix build holds."""
    with tempfile.TemporaryDirectory() as name, Mosquitto(Path(name) / "broker") as broker:
        folder = Path(name) / "node"
        prepare(folder, model_bytes(1))
        command = [str(build("unix")), "-X", "heapsize=2M", str(SCRIPT), str(folder)]
        node = subprocess.Popen(
            [*command, str(broker.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"MICROPYPATH": str(DEVICE)},
        )
        assert node.stdin and node.stdout
        print("heap of the unix build:")
        for line in node.stdout:
            kind, _, rest = line.strip().partition(" ")
            if kind == "STAGE":
                size, _, what = rest.partition(" ")
                print(f"  {int(size):+8,} bytes  {what}")
            elif kind == "TURN":
                print(f"  a step of the link takes {rest} us while nothing comes")
            elif kind == "DROPPED":
                print(f"  of 200 predictions {rest} were dropped, the oldest ones")
            elif kind == "READY":
                push(f"mqtt://127.0.0.1:{broker.port}/kitchen", model_bytes(2))
                broker.stop(kill=True)
                node.stdin.write("\n")
                node.stdin.flush()
        node.wait()


def main() -> None:
    """Print all of it."""
    flash()
    ram()


if __name__ == "__main__":
    main()
