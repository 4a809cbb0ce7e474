"""An I2S microphone at an RP2 chip: PIO makes the clock and takes the bits, the DMA the words.

Unlike machine.I2S it loses nothing while flash is written. Waves: Philips Semiconductors, "I2S bus
specification", June 1996: data changes at the falling edge of the clock, the highest bit first, one
clock after word select.
"""

import machine
from machine import Pin
from rp2 import PIO, StateMachine, asm_pio

from xnornode.sensors.counts import copy_upper
from xnornode.sensors.rp2_ring import DmaRing, RingSensor, received, samples_of
from xnornode.sensors.settings import choice

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable

    from rp2.asm_pio import in_, jmp, label, nop, pins, wrap, wrap_target, x, x_dec

CYCLES = 128  # of PIO for a frame: 64 bits, two cycles each


def _listen(left: int, right: int) -> "Callable[[], None]":
    """The program that takes the half of the frame in which word select is `left`.

    Side-set: bit 0 is the clock, bit 1 word select, which changes a bit before the half begins.
    """

    @asm_pio(
        sideset_init=(PIO.OUT_LOW, PIO.OUT_LOW),  # type: ignore[arg-type]
        in_shiftdir=PIO.SHIFT_LEFT,
        autopush=True,
        push_thresh=32,
    )
    def program() -> None:
        wrap_target()
        set(x, 29).side(left)  # type: ignore[call-overload]
        label("taken")
        in_(pins, 1).side(left | 1)
        jmp(x_dec, "taken").side(left)
        in_(pins, 1).side(left | 1)
        nop().side(right)
        in_(pins, 1).side(right | 1)
        set(x, 29).side(right)  # type: ignore[call-overload]
        label("left out")
        nop().side(right | 1)
        jmp(x_dec, "left out").side(right)
        nop().side(right | 1)
        nop().side(left)
        nop().side(left | 1)
        wrap()

    return program


class RP2I2S(RingSensor):
    """A microphone with 32 clocks for a sample, such as INMP441, ICS-43434 or SPH0645.

    sck, ws, sd: GPIOs; ws is the one after sck. rate: samples a second, see `rate_mhz`. shift: 0 to
    8 bits by which it is made louder; what is too loud then is clipped. channel: "left", or "right"
    with the microphone's L/R pin high. pio: the state machine's number. Raises
    ValueError for what it cannot do. A microphone that is not there is silent.
    """

    name = "i2s"
    channels = ("sound (FS)",)

    def __init__(
        self,
        sck: int = 10,
        ws: int = 11,
        sd: int = 12,
        rate: int = 16_000,
        shift: int = 0,
        channel: str = "left",
        pio: int = 3,
    ) -> None:
        if ws != sck + 1:
            raise ValueError(f"ws is GPIO {ws}, not the one after sck, GPIO {sck + 1}")
        if channel not in ("left", "right"):
            raise ValueError(f'channel is {channel}, not "left" or "right"')
        lowest = 16 - choice("shift", shift, range(9), "bits")
        clock = machine.freq()
        divider = round(256 * clock / (CYCLES * rate)) if rate > 0 else 0
        if not 256 <= divider < 65_536 * 256:
            raise ValueError(f"rate {rate} Hz is too slow or too fast for PIO at {clock} Hz")
        self.rate_mhz = round(256_000 * clock / (CYCLES * divider))
        self.scales = (((1_000_000_000 << lowest) + (1 << 30)) >> 31,)
        self._lowest = lowest
        self._pins = (sck, ws, sd)
        self._pio = pio
        self._program = _listen(0, 2) if channel == "left" else _listen(2, 0)
        source, request = received(pio)
        Pin(sd, Pin.IN)
        ring = DmaRing(source, request, "I", samples_of(rate, 4))  # the heap may have no room
        try:
            self._machine = StateMachine(
                pio,
                self._program,
                freq=round(256 * clock / divider),
                in_base=Pin(sd),
                sideset_base=Pin(sck),
            )
        except (OSError, ValueError):
            ring.close()
            raise
        self._open(ring, 1)
        self._machine.active(1)

    def _copy(self, block: object, at: int, first: int, count: int) -> None:
        copy_upper(block, at, self._ring.values, first, count, self._lowest)

    def close(self) -> None:
        """Stop the clock, and free PIO, DMA and pins."""
        self._machine.active(0)
        PIO(self._pio >> 2).remove_program(self._program)
        self._ring.close()
        for pin in self._pins:
            Pin(pin, Pin.IN)
