# Runs in MicroPython: a node whose messages do not get away has its state to publish. Prints how
# often the state was written in 10 s of 1,000 turns, and then in as many turns with room.
from xnornode import mqtt_client


class Clock:
    now = 0

    def ticks_ms(self):
        return self.now

    def ticks_diff(self, a, b):
        return a - b


class State:
    due, written = True, 0

    def payload(self):
        self.written += 1
        return bytes(1000)


mqtt_client.time = clock = Clock()
client = mqtt_client.Client({"host": "nowhere"}, (), "kitchen", "")
client.state = state = State()


def turns():
    state.due, state.written = True, 0
    for _ in range(1000):
        clock.now += 10
        if state.due:
            client._publish_state(clock.now)
    print(state.written, state.due)


for mid in (1, 2, 3, 4):
    client.queue.add(b"\0\1t", mid, None, bytes(900))
turns()
client.queue.clear()
turns()
