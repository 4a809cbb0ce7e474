"""How fast a push is over rfc2217://, beside the same push over socket://.

    python -m tools.bench.rfc2217

The node is the unix build on a pseudo-terminal, which classifies in real time; server and node are
on this computer, and no line between them is a limit.
"""

import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.lab.livenode import live_node, model_bytes, small_model
from tests.lab.rfc2217 import Server
from xnornode.link.ports import open_port
from xnornode.link.push import push
from xnornode.model.file_format import to_bytes

HIDDEN = 2100  # neurons: a model of some 20 kB
RUNS = 3


def seconds(url: str, model: bytes) -> tuple[float, float]:
    """Of opening and closing the port, and of a push, which opens and closes it as well."""
    start = time.monotonic()
    with closing(open_port(url)):
        opened = time.monotonic() - start
    start = time.monotonic()
    push(url, model)
    return opened, time.monotonic() - start


def main() -> None:
    """Print the best of some runs."""
    with (
        tempfile.TemporaryDirectory() as folder,
        live_node(Path(folder) / "node", model_bytes(), realtime=True) as (_, bridge),
        Server(("127.0.0.1", int(bridge.url.rpartition(":")[2]))) as server,
    ):
        for url in (bridge.url, server.url):
            runs = []
            for run in range(RUNS):
                model = to_bytes(small_model(100 + run, hidden=HIDDEN))
                runs.append((*seconds(url, model), len(model)))
            opened, whole, size = min(runs, key=lambda r: r[1])
            kind = url.partition(":")[0]
            print(
                f"{kind:8} {size:,} bytes in {whole:.2f} s, {size / whole:,.0f} bytes/s; the "
                f"port opens in {opened:.2f} s"
            )


if __name__ == "__main__":
    main()
