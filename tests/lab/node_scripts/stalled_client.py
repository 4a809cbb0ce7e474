# Runs in MicroPython: a TCP client that takes something for a while, and then nothing any more.
# Prints the seconds in which it took something, and the one in which it was disconnected.
from xnornode import net


class Clock:
    now = 0

    def ticks_ms(self):
        return self.now

    def ticks_diff(self, a, b):
        return a - b


class Socket:
    def write(self, data):
        return len(data) // 2

    def close(self):
        print("closed", clock.now // 1000)


net.time = clock = Clock()
place = net.Connected()
place.connected, place._socket, place._waits = True, Socket(), False
place._can = lambda what: clock.now < 20_000
took = []
for second in range(100):
    clock.now = 1000 * second
    try:
        if place.write(b"line"):
            took.append(second)
    except OSError as error:
        print(error)
        break
print(len(took), place.connected)
