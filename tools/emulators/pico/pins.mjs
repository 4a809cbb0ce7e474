// The levels of the GPIO pins as wires outside the chip set them.

const GPIOS = 30;
const SIO_GPIO_IN = 0x04;

export class Pins {
  constructor(chip) {
    this.chip = chip;
    this.low = 0; // pins that something outside connects to ground
    this.inputs = 0; // what `inputValue` of each pin says; asking all 30 takes too long for PIO
    this.connect();
  }

  connect() {
    const { chip } = this;
    const again = () => {
      this.inputs = 0;
      for (const pin of chip.gpio) this.note(pin);
    };
    for (const pin of chip.gpio) {
      const set = pin.setInputValue.bind(pin);
      pin.setInputValue = (value) => {
        set(value);
        this.note(pin);
      };
    }
    for (const [name, registers] of [[0x40014, 0xf0], [0x4001c, 0x7c]]) {
      const peripheral = chip.peripherals[name]; // IO_BANK0, PADS_BANK0
      const write = peripheral.writeUint32.bind(peripheral);
      peripheral.writeUint32 = (offset, value) => {
        write(offset, value);
        if (offset < registers) again();
      };
    } // prettier-ignore
    Object.defineProperty(chip, 'gpioValues', { get: () => this.inputs });
    again();
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

  /** GPIO_IN: an output reads as what it drives, a pulled-up pin as high unless it is grounded. */
  read() {
    const { chip } = this;
    let pulled = 0;
    for (let n = 0; n < GPIOS; n++) if (chip.gpio[n].pullupEnabled) pulled |= 1 << n;
    const driven = chip.sio.gpioOutputEnable;
    const outside = (this.inputs | pulled) & ~this.low;
    return ((outside & ~driven) | (chip.sio.gpioValue & driven)) >>> 0;
  }
}

export { SIO_GPIO_IN };
