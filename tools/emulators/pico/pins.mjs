// The levels of the GPIO pins: what the chip drives, what something outside drives, pull-ups.
// The package asks all 30 pins for each look at them, which takes too long for PIO.

const IO_BANK0 = 0x40014;
const PADS_BANK0 = 0x4001c;
const IO_REGISTERS = 0xf0; // where the registers of single pins end
const PAD_REGISTERS = 0x7c;
const PIO_FUNCTION = 6; // and 7 for the second block

export const SIO_GPIO_IN = 0x04;

export class Pins {
  constructor(chip) {
    this.chip = chip;
    this.low = 0; // pins that something outside connects to ground
    this.inputs = 0; // what `inputValue` of each pin says
    this.connect();
  }

  connect() {
    const { chip } = this;
    for (const pin of chip.gpio) {
      const set = pin.setInputValue.bind(pin);
      pin.setInputValue = (value) => {
        set(value);
        this.note(pin);
      };
    }
    this.after(IO_BANK0, IO_REGISTERS);
    this.after(PADS_BANK0, PAD_REGISTERS);
    Object.defineProperty(chip, 'gpioValues', { get: () => this.levels });
    this.lookAgain();
  }

  after(place, registers) {
    const peripheral = this.chip.peripherals[place];
    const write = peripheral.writeUint32.bind(peripheral);
    peripheral.writeUint32 = (offset, value) => {
      write(offset, value);
      if (offset < registers) this.lookAgain();
    };
  }

  lookAgain() {
    this.inputs = 0;
    this.pulled = 0; // pins with a pull-up
    this.ofPio = [0, 0]; // pins that each block has
    for (const pin of this.chip.gpio) {
      this.note(pin);
      if (pin.pullupEnabled) this.pulled |= 1 << pin.index;
      const block = pin.functionSelect - PIO_FUNCTION;
      if (block === 0 || block === 1) this.ofPio[block] |= 1 << pin.index;
    }
  }

  note(pin) {
    const bit = 1 << pin.index;
    if (pin.inputValue) this.inputs |= bit;
    else this.inputs &= ~bit;
  }

  pull(number, low) {
    if (low) this.low |= 1 << number;
    else this.low &= ~(1 << number);
  }

  /** An output reads as what it drives, a pulled-up pin as high unless it is grounded. */
  get levels() {
    const { sio, pio } = this.chip;
    const outside = (this.inputs | this.pulled) & ~this.low;
    const first = pio[0].pinDirections & this.ofPio[0];
    const second = pio[1].pinDirections & this.ofPio[1];
    const bySio = sio.gpioOutputEnable & ~(this.ofPio[0] | this.ofPio[1]);
    return (
      ((outside & ~(first | second | bySio)) |
        (pio[0].pinValues & first) |
        (pio[1].pinValues & second) |
        (sio.gpioValue & bySio)) >>>
      0
    );
  }
}
