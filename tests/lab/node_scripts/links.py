# Runs in MicroPython: a node that classifies noise, with further links to ports of this computer.
# Arguments: folder; milliseconds after which a push that stands still is let go, 0: as ever;
# for each link "socket", "plain" or "late", a colon and the port.
import random
import socket
import sys
import time
from array import array

import xnornode.link
from xnornode import Classifier, Link
from xnornode.model_store import Store
from xnornode.sensors.sensor import Sensor

FOLDER = sys.argv[1]
xnornode.link.LET_GO_MS = int(sys.argv[2]) or xnornode.link.LET_GO_MS


class Noise(Sensor):
    name = "noise"
    channels = ("ch0 (g)", "ch1 (g)")
    scales = (0, 0)
    rate_mhz = 1_000_000


class Plain:
    """Has `read` and `write` alone, and takes 20 bytes at once, as a driver of a BLE UART."""

    most = 20

    def __init__(self, stream):
        self.stream = stream

    def read(self, count):
        return self.stream.read(min(count, 20)) or b""

    def write(self, data):
        assert len(data) <= 20
        self.stream.write(data)


class Late(Plain):
    """Takes nothing until something has come."""

    heard = False

    def read(self, count):
        data = super().read(count)
        self.heard = self.heard or bool(data)
        return data

    def write(self, data):
        return self.stream.write(data) or 0 if self.heard else 0


def opened(kind, port):
    s = socket.socket()
    s.connect(socket.getaddrinfo("127.0.0.1", int(port))[0][-1])
    if kind == "socket":
        return s
    s.setblocking(False)
    return Late(s) if kind == "late" else Plain(s)


streams = [opened(*about.split(":")) for about in sys.argv[3:]]
classifier = Classifier(Store(FOLDER + "/models", FOLDER + "/model.bnn"))
link = Link(classifier, stream=streams if len(streams) > 1 else streams[0])
sensor = Noise()
link.reads(sensor)
link.checks_rate = False
block = array("h", [random.getrandbits(11) for _ in range(128)])
while True:
    if link.stream:
        link.stream.samples(block, sensor)
    for p in classifier.feed_block(block):
        link.prediction(p)
    link.step()
    time.sleep_ms(2)
