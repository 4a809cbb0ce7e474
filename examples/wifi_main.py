"""A node on a Wi-Fi, with a program of its own. Runs on the node, in MicroPython.

Copy it to the board as main.py, with your network and your sensor:

    mpremote cp examples/wifi_main.py :main.py
    mpremote reset
    xnornode monitor --port socket://node-7:5000

device/classify.py does the same by a /net.json (docs/guides/network.md).
"""

import network

from xnornode import Classifier, Link
from xnornode.net import listen
from xnornode.runner import run
from xnornode.sensors.configured import open_sensor
from xnornode.supervisor import supervise

network.hostname("node-7")
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect("workshop", "secret")  # goes on by itself, while the node classifies

streams = listen(5000)  # without a key on the node, clients may watch, and no more


def main():
    sensor = open_sensor()
    classifier = Classifier(sensor=sensor)
    run(sensor, classifier, Link(classifier))


supervise(main, stream=streams)  # the pauses after an error take models over the network, too
