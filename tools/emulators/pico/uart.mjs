// What the package's UARTs lack: a transmit FIFO that empties at the baud rate, interrupts by level
// and by timeout. Without them the first byte that a program sends hangs the chip.
// Source: RP2040 datasheet, section 4.2 (PL011).

const UARTDR = 0x00;
const UARTIFLS = 0x34;
const BUSY = 1 << 3;
const RXFE = 1 << 4;
const TXFF = 1 << 5;
const RXFF = 1 << 6;
const TXFE = 1 << 7;
const RXINTR = 1 << 4;
const TXINTR = 1 << 5;
const RTINTR = 1 << 6;

const DEPTH = 32;
const TX_LEVELS = [4, 8, 16, 24, 28];
const RX_LEVELS = [4, 8, 16, 24, 28];
const FRAME_BITS = 10; // start, eight bits, stop
const TIMEOUT_BITS = 32;

/** Repairs one UART. `uart.onByte` gets each byte when its stop bit has been sent. */
export function repairUart(chip, uart) {
  const queue = [];
  let levels = 0x12; // both one half
  const bitNanos = () => 1e9 / (uart.baudRate || 115200);
  const txLevel = () => (uart.fifosEnabled ? (TX_LEVELS[levels & 7] ?? 16) : 0);
  const rxLevel = () => (uart.fifosEnabled ? (RX_LEVELS[(levels >> 3) & 7] ?? 16) : 1);
  const depth = () => (uart.fifosEnabled ? DEPTH : 1);

  uart.checkInterrupts = () =>
    chip.setInterrupt(uart.irq, (uart.interruptStatus & uart.interruptMask) !== 0);
  const raise = (flag) => {
    uart.interruptStatus |= flag;
    uart.checkInterrupts();
  };

  const shifter = chip.clock.createAlarm(() => {
    const value = queue.shift();
    if (queue.length === txLevel()) raise(TXINTR);
    if (queue.length) shifter.schedule(FRAME_BITS * bitNanos());
    uart.onByte?.(value);
  });
  const timeout = chip.clock.createAlarm(() => {
    if (!uart.rxFIFO.empty) raise(RTINTR);
  });

  uart.feedByte = (value) => {
    uart.rxFIFO.push(value);
    timeout.schedule(TIMEOUT_BITS * bitNanos());
    if (uart.rxFIFO.itemCount >= rxLevel()) raise(RXINTR);
  };

  const read = uart.readUint32.bind(uart);
  const write = uart.writeUint32.bind(uart);
  uart.readUint32 = (offset) => {
    offset &= 0xfff;
    if (offset === UARTIFLS) return levels;
    if (offset !== UARTDR) return read(offset);
    const value = uart.rxFIFO.pull();
    if (uart.rxFIFO.itemCount < rxLevel()) uart.interruptStatus &= ~RXINTR;
    if (uart.rxFIFO.empty) uart.interruptStatus &= ~RTINTR;
    uart.checkInterrupts();
    return value;
  };
  uart.writeUint32 = (offset, value) => {
    if (offset === UARTIFLS) levels = value & 0x3f;
    else if (offset !== UARTDR) write(offset, value);
    else if (queue.length < depth()) {
      queue.push(value & 0xff);
      if (!shifter.scheduled) shifter.schedule(FRAME_BITS * bitNanos());
    }
  };
  Object.defineProperty(uart, 'flags', {
    get: () =>
      (uart.rxFIFO.full ? RXFF : 0) |
      (uart.rxFIFO.empty ? RXFE : 0) |
      (queue.length ? BUSY : TXFE) |
      (queue.length >= depth() ? TXFF : 0),
  });
}
