# In place of MicroPython's `time`: it passes when a program sleeps, and ticks wrap as on a board.
now = 0
clocked = []  # what samples as time passes, by its `run(now)`

TICKS = 1 << 30


def ticks_us():
    return now % TICKS


def ticks_ms():
    return now // 1000 % TICKS


def ticks_add(ticks, delta):
    return (ticks + delta) % TICKS


def ticks_diff(end, start):
    return (end - start + TICKS // 2) % TICKS - TICKS // 2


def sleep_us(us):
    global now
    now += us
    for one in clocked:
        one.run(now)


def sleep_ms(ms):
    sleep_us(1000 * ms)
