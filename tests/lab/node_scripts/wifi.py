# Runs in MicroPython: a Wi-Fi that comes and goes, by a module `network` of ours. Prints the calls.
import sys


class WLAN:
    joined = False

    def __init__(self, kind):
        print("kind", kind)

    def active(self, on):
        print("active", on)

    def isconnected(self):
        return self.joined

    def status(self):
        return 201

    def connect(self, *words):
        print("connect", *words)
        if len(words) and words[0] == "busy":
            raise OSError("Wifi Internal Error")


class network:
    STA_IF = 7
    country = hostname = staticmethod(lambda text: print("name", text))


network.WLAN = WLAN
sys.modules["network"] = network
from xnornode import net_config  # noqa: E402


class Clock:
    now = 0

    def ticks_ms(self):
        return self.now

    def ticks_diff(self, a, b):
        return a - b


net_config.time = clock = Clock()
wifi = net_config.WiFi({"ssid": sys.argv[1], "password": "secret", "hostname": "node-7"})
for second in range(300):
    clock.now = 1000 * second
    WLAN.joined = 100 <= second < 200
    wifi.turn()
    if WLAN.joined and second == 100:
        print("joined")
print("end")
