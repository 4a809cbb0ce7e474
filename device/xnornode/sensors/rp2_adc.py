"""ADC pins of an RP2 chip: PIO sets the pace, the DMA takes what the ADC gives.

Registers: Raspberry Pi, "RP2040 Datasheet", section 4.9; "RP2350 Datasheet", section 12.4.
PIO asks for each reading, and not the ADC's own clock: that would go on after a soft reset.
"""

import machine
import micropython
from machine import ADC, mem32
from rp2 import PIO, StateMachine, asm_pio

from xnornode.sensors.rp2_ring import (
    RP2350,
    DmaRing,
    EndlessCopy,
    RingSensor,
    received,
    samples_of,
)

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

    from rp2.asm_pio import (
        isr,
        jmp,
        label,
        mov,
        noblock,
        osr,
        pull,
        push,
        wrap,
        wrap_target,
        x,
        x_dec,
        y,
    )

    def ptr16(buffer: object) -> "Any":
        """Viper's: halfwords at a buffer's address, unsigned."""


ADC_BASE = 0x400A0000 if RP2350 else 0x4004C000
CS, FCS, FIFO = ADC_BASE, ADC_BASE + 0x08, ADC_BASE + 0x0C
SET = 0x2000  # of an address: the bits that are 1 are set, the others stay
CS_EN, AINSEL, RROBIN = 1 << 0, 12, 16
FCS_EN, FCS_DREQ_EN, FCS_EMPTY, FCS_ERRORS, THRESHOLD = 1 << 0, 1 << 3, 1 << 8, 3 << 10, 1 << 24
REQUEST = 48 if RP2350 else 36  # of the DMA
FASTEST = 250_000  # readings a second; the ADC makes 500,000
TURNS = 1 << 20  # of the DMA that asks, before it begins again
PACE_CYCLES = 4  # of `_pace`, beside the count


@asm_pio()
def _pace() -> None:
    """Push START_ONCE, a bit of CS, at the count of cycles that was put."""
    pull()
    set(y, 4)  # type: ignore[call-overload]
    wrap_target()
    mov(x, osr)
    label("wait")
    jmp(x_dec, "wait")
    mov(isr, y)
    push(noblock)
    wrap()


class RP2ADC(RingSensor):
    """Voltages at GPIO 26 to 29 (40 to 47 on an RP2350B).

    pins: GPIOs; the channels are in their order, read one after the other. rate: samples a second.
    reference: volts at ADC_VREF. mean: of so many readings each sample is the mean, a power of two
    up to 256. pio: number of the state machine. Counts are 0 to 32760. Raises ValueError for what
    it cannot do.
    """

    name = "adc"

    def __init__(
        self,
        pins: "tuple[int, ...] | list[int]" = (26,),
        rate: float = 100,
        reference: float = 3.3,
        mean: int = 1,
        pio: int = 3,
    ) -> None:
        pins = sorted(pins)
        first = 40 if pins and pins[0] >= 40 else 26
        if not pins or pins[0] < first or pins[-1] > first + 7 or len(set(pins)) < len(pins):
            raise ValueError(f"pins {pins}: name GPIOs of the ADC once each, 26 to 29 on a Pico")
        if mean not in (1, 2, 4, 8, 16, 32, 64, 128, 256):
            raise ValueError(f"mean {mean} is not a power of two up to 256")
        per_sample = len(pins) * mean
        if not 0.01 <= rate <= FASTEST / per_sample:
            raise ValueError(f"rate {rate} Hz is not within 0.01 to {FASTEST // per_sample}")
        clock = machine.freq()
        cycles = round(clock / (rate * per_sample))
        if cycles >> 32:
            raise ValueError(
                f"rate {rate} Hz is too slow for PIO at {clock} Hz: take a larger mean"
            )
        self.rate_mhz = round(1000 * clock / (cycles * per_sample))
        self.channels = tuple(f"adc {pin} (V)" for pin in pins)
        self.scales = (round(reference * 1e9 / 32768),) * len(pins)
        self._mean = mean
        inputs = [pin - first for pin in pins]
        for pin in pins:
            ADC(pin)
        mem32[FCS] = FCS_EN | FCS_DREQ_EN | FCS_ERRORS | THRESHOLD
        while not mem32[FCS] & FCS_EMPTY:
            mem32[FIFO]
        turns = sum(1 << one for one in inputs) if len(pins) > 1 else 0
        mem32[CS] = CS_EN | inputs[0] << AINSEL | turns << RROBIN
        samples = samples_of(self.rate_mhz / 1000, 2 * per_sample)
        self._open(DmaRing(FIFO, REQUEST, "H", samples * per_sample), per_sample)
        self._pio = pio
        self._machine = StateMachine(pio, _pace)
        source, request = received(pio)
        self._asks = EndlessCopy(source, request, CS + SET, 2, TURNS)
        self._machine.put(cycles - PACE_CYCLES)  # type: ignore[no-untyped-call]
        self._machine.active(1)

    def _copy(self, block: object, at: int, first: int, count: int) -> None:
        _means(block, at, self._ring.values, first, count, len(self.channels), self._mean)

    def close(self) -> None:
        """Stop, and free the ADC, PIO and DMA."""
        self._machine.active(0)
        PIO(self._pio >> 2).remove_program(_pace)
        self._asks.close()
        self._ring.close()
        mem32[FCS] = 0


@micropython.viper
def _means(
    to: object, at: int, ring: object, first: int, count: int, width: int, mean: int
) -> object:
    """Means of `count` of the ring's samples: 12 bits become 15, halves upwards."""
    target = ptr16(to)
    values = ptr16(ring)
    shift = 1
    while 1 << shift < 2 * mean:
        shift += 1
    place = first * width * mean
    for _ in range(count):
        for channel in range(width):
            total = 0
            for turn in range(mean):
                total += values[place + turn * width + channel] & 0xFFF
            target[at + channel] = (total * 16 + mean) >> shift
        at += width
        place += width * mean
    return None
