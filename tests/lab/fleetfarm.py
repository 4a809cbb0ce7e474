"""Many simulated nodes in a process of their own: some speak lines over TCP, some MQTT.

`python -m tests.lab.fleetfarm LINES NATIVE BROKER_PORT` prints the TCP ports of those that speak
lines. Then it takes a word a line: `ready` (they say that a model is loaded), `begin RATE`
(predictions a second of each), `end`; and answers with how many predictions each has made, by its
name. It ends when its input does. The field `ms` of predictions is this computer's monotonic clock.
"""

import asyncio
import json
import resource
import sys

from tests.lab.linenodes import LineNode, LineNodes
from tests.lab.mqttnodes import MqttNode


def main() -> None:
    """Run nodes until the input ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    lines, native, broker = map(int, sys.argv[1:4])
    nodes = [LineNode(f"{n:016x}", f"node{n:04}") for n in range(lines)]
    mqtt = [MqttNode(f"net{n:04}", broker) for n in range(native)]
    for node in nodes:
        node.began = 0.0
    with LineNodes(nodes) as farm:
        farm.do(lambda: [node.start() for node in mqtt])
        print(json.dumps([node.port for node in nodes]), flush=True)
        for said in sys.stdin:
            word, *more = said.split()
            if word == "ready":
                farm.do(lambda: [node.write(node.ready()) for node in nodes])
            elif word == "begin":
                rate = float(more[0])
                farm.do(lambda rate=rate: farm.begin([*nodes, *mqtt], rate))
            elif word == "end":
                farm.do(farm.stop)
            print(
                farm.do(lambda: json.dumps({n.name: n.made for n in [*nodes, *mqtt]})), flush=True
            )

        async def leave() -> None:
            await asyncio.gather(*(node.close() for node in mqtt))

        farm.wait(leave())


if __name__ == "__main__":
    main()
