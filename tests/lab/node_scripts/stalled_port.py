# Runs in MicroPython: lines to a port that nobody reads for a while. Prints what came through.
from xnornode import line_writer


class Port:
    """Takes lines at once while `read`; else each waits for half a second, and is lost."""

    def __init__(self):
        self.read = True
        self.took = []
        self.now = 0

    def write(self, line):
        if self.read:
            self.took.append(line)
        else:
            self.now += 500

    def ipoll(self, ms):
        return [(self, 4)] if self.read else []

    def ticks_ms(self):
        return self.now

    def ticks_diff(self, a, b):
        return a - b


port = Port()
line_writer.time = port
writer = line_writer.LineWriter()
writer._write, writer._poll = port.write, port
for number in range(100):
    port.read = not 10 <= number < 60
    writer.write(str(number))
print(len(port.took), writer.dropped, port.now)
