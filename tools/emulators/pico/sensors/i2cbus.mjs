// A pair of wires with I2C devices on it. A hardware controller reaches them by byte; programs that
// move the pins themselves (SoftI2C, and `scan()` of the hardware class) are followed bit by bit.
// Source: UM10204, I2C-bus specification, section 3.1.

const I2C_FUNCTION = 3; // of a pin; RP2040 datasheet, section 2.19.2
const LOW = 0; // GPIOPinState: driven low; all else leaves the wire to its pull-up

/**
 * A device has an `address` and four methods:
 * begin(reading) after START and its address, true to acknowledge; write(byte), true to
 * acknowledge; read() -> byte; end() at STOP.
 */
export class I2cBus {
  constructor(sda, scl) {
    this.sda = sda;
    this.scl = scl;
    this.devices = [];
  }

  find(address) {
    return this.devices.find((device) => device.address === address);
  }

  /** Connects the wires to a chip that has just got its power. */
  attach(chip, pins) {
    this.chip = chip;
    this.pins = pins;
    this.sdaPin = chip.gpio[this.sda];
    this.sclPin = chip.gpio[this.scl];
    this.clock = this.data = true; // as the chip leaves the wires
    this.release();
    this.target = null;
    this.active = false;
    this.sdaPin.addListener((value) => this.dataMoved(value !== LOW));
    this.sclPin.addListener((value) => this.clockMoved(value !== LOW));
  }

  /**
   * True if hardware controller `index` has these pins and no others: it sees the logical OR of all
   * pins that it is given (RP2040 datasheet, section 2.19.2), so an idle second pair hides this one.
   */
  belongsTo(index) {
    const given = this.chip.gpio.filter((pin) => pin.functionSelect === I2C_FUNCTION);
    const only = (clock, number) => {
      const pins = given.filter((pin) => (pin.index & 3) === 2 * index + clock);
      return pins.length === 1 && pins[0].index === number;
    };
    return only(0, this.sda) && only(1, this.scl);
  }

  drive(low) {
    this.pins.pull(this.sda, low);
  }

  release() {
    this.drive(false);
    this.bits = 0; // clocked in this byte
    this.shift = 0;
    this.sending = false; // the target sends this byte
  }

  dataMoved(high) {
    if (high === this.data) return;
    this.data = high;
    if (!this.clock) return;
    if (!high) {
      this.release();
      this.active = true;
      this.addressed = false;
    } else if (this.active) {
      this.target?.end();
      this.target = null;
      this.active = false;
      this.release();
    }
  }

  clockMoved(high) {
    if (high === this.clock) return;
    this.clock = high;
    if (!this.active) return;
    if (high) this.sample();
    else this.fall();
  }

  sample() {
    if (this.bits < 8 && !this.sending) this.shift = (this.shift << 1) | (this.data ? 1 : 0);
    if (this.bits === 8 && this.masterAnswers && this.data) this.sending = false; // it has enough
    this.bits++;
  }

  fall() {
    if (this.bits === 8) {
      // The ninth bit: the acknowledgement, by whoever has received the byte
      this.masterAnswers = this.sending;
      this.drive(!this.sending && this.take(this.shift));
      return;
    }
    if (this.bits === 9) {
      this.bits = 0;
      this.drive(false);
      this.shift = this.sending ? this.target.read() : 0;
    }
    if (this.sending) this.drive(!((this.shift >> (7 - this.bits)) & 1));
  }

  /** A whole byte from the master. True if somebody acknowledges it. */
  take(byte) {
    if (this.addressed) return this.target?.write(byte) ?? false;
    this.addressed = true;
    const reading = (byte & 1) === 1;
    const device = this.find(byte >> 1);
    this.target = device?.begin(reading) ? device : null;
    this.sending = reading && this.target !== null;
    return this.target !== null;
  }
}
