// What the package's ADC lacks: inputs that change with time, and the order of round-robin sampling.
// Source: RP2040 datasheet, section 4.9.

const REFERENCE_VOLTS = 3.3;
const STEPS = 4096; // 12 bits
const FIRST_PIN = 26; // GPIO of channel 0
const CHANNELS = 5;
const AINSEL_SHIFT = 12;
const RROBIN_SHIFT = 16;

/** What 12 bits make of a voltage. */
export const toCode = (volts) =>
  Math.min(STEPS - 1, Math.max(0, Math.floor((volts * STEPS) / REFERENCE_VOLTS)));

/** @param voltage (channel, nanos) -> volts, or undefined if nothing is connected */
export function connectAdc(chip, voltage) {
  const { adc } = chip;
  const { onADCRead } = adc;
  adc.onADCRead = (channel) => {
    const volts = voltage(channel, chip.clock.nanos);
    if (volts !== undefined) adc.channelValues[channel] = toCode(volts);
    onADCRead(channel);
  };
  Object.defineProperty(adc, 'activeChannel', {
    get: () => (adc.cs >> AINSEL_SHIFT) & 7,
    // The package sets it after a conversion in round robin, to a channel that it gets wrong
    set() {
      const round = (adc.cs >> RROBIN_SHIFT) & 0x1f;
      let channel = adc.activeChannel;
      do channel = (channel + 1) % CHANNELS;
      while (!(round & (1 << channel)));
      adc.cs = (adc.cs & ~(7 << AINSEL_SHIFT)) | (channel << AINSEL_SHIFT);
    },
  });
}

export const channelOfPin = (pin) => pin - FIRST_PIN;
