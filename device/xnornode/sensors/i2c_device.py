"""A sensor's registers on an I2C bus, and what to check where it does not answer."""

import sys

from machine import I2C, Pin

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from array import array


class I2CDevice:
    """Registers of 8 bits behind an address of an I2C bus.

    kind: what messages call the device. sda, scl: GPIOs. frequency: of the clock, in Hz.
    bus: number of the controller, by default the one that has these pins.
    Raises ValueError where no controller has them, OSError where nothing answers.
    """

    def __init__(
        self,
        kind: str,
        sda: int,
        scl: int,
        address: int,
        frequency: int = 400_000,
        bus: int | None = None,
    ) -> None:
        self.kind = kind
        self.address = address
        self.where = f"address 0x{address:02x} on GPIO {sda} (SDA) and GPIO {scl} (SCL)"
        self._pins = (sda, scl)
        if bus is None:  # an RP2 chip's controllers take turns, two GPIOs each
            bus = sda >> 1 & 1 if sys.platform == "rp2" else 0
        try:
            more: dict[str, int] = {}
            if sys.platform == "rp2":  # which takes 50 ms for a whole transfer, if not told
                more["timeout"] = max(50_000, 8_000_000_000 // frequency)
            self.bus = I2C(bus, sda=Pin(sda), scl=Pin(scl), freq=frequency, **more)
        except ValueError as error:
            raise ValueError(
                f"{kind}: I2C({bus}) has no SDA at GPIO {sda} with SCL at GPIO {scl} ({error}): "
                "take two pins of one controller, see the board's pin map"
            ) from None
        self._byte = bytearray(1)
        try:
            self.get(0)
        except OSError:
            raise OSError(self._silent()) from None

    def _silent(self) -> str:
        others = ", ".join(f"0x{other:02x}" for other in self.bus.scan())
        return (
            f"{self.kind}: nothing answers at {self.where}; "
            + (f"what answers there: {others}" if others else "no address answers there")
            + ". Check the wiring (SDA and SCL swapped?), 3.3 V and ground, the address, and the "
            "pull-ups (4.7 kilohms from SDA and SCL to 3.3 V; most modules have them)"
        )

    def identify(self, register: int, known: "dict[int, str]") -> str:
        """The name of the device by its identity register. Raises OSError for another device."""
        identity = self.get(register)
        if identity not in known:
            wanted = ", ".join(f"0x{value:02x} ({known[value]})" for value in sorted(known))
            raise OSError(
                f"{self.kind}: the device at {self.where} is another one: its identity register "
                f"0x{register:02x} reads 0x{identity:02x}, not {wanted}. Check the address, and "
                "what is printed on the chip; 0x00 or 0xff: check wiring and pull-ups"
            )
        return f"{known[identity]} (register 0x{register:02x} reads 0x{identity:02x})"

    def get(self, register: int) -> int:
        """A register's value."""
        self.bus.readfrom_mem_into(self.address, register, self._byte)
        return self._byte[0]

    def put(self, register: int, value: int) -> None:
        """Set a register."""
        self._byte[0] = value
        self.bus.writeto_mem(self.address, register, self._byte)

    def read_into(self, register: int, buffer: "bytearray | memoryview | array[int]") -> None:
        """Fill a buffer from a register and those after it. Allocates nothing."""
        self.bus.readfrom_mem_into(self.address, register, buffer)

    def close(self) -> None:
        """Free the pins."""
        for pin in self._pins:
            Pin(pin, Pin.IN)
