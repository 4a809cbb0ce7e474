# Runs in MicroPython: a program that fails again and again, for tests/node/test_supervisor.py.
# The pauses and what the program takes are of a clock of its own.
import sys

from xnornode import supervisor
from xnornode.supervisor import supervise


class Clock:
    now = 0

    def ticks_ms(self):
        return self.now

    def ticks_diff(self, a, b):
        return a - b


def rest(seconds, store, open_sensor):
    clock.now += 1000 * seconds


clock = Clock()
supervisor.time = clock
supervisor.rest = rest
runs = 0


def program():
    global runs
    runs += 1
    if runs == 10:
        clock.now += 60_000  # it ran well
    if runs == 12:
        raise MemoryError
    if runs == 13:
        return
    raise ValueError("failure", runs)


if sys.argv[1] == "supervised":
    supervise(program)
elif sys.argv[1] == "once":
    supervise(program, retry=False)
elif sys.argv[1] == "interrupted":

    def interrupted():
        raise KeyboardInterrupt

    try:
        supervise(interrupted)
    except KeyboardInterrupt:
        print("interrupted")
elif sys.argv[1] == "large":

    def large():
        raise ValueError("long " * 2000)

    supervise(large, retry=False)
