// The computer at the other end of the USB cable: enumerates the device as any host would and
// then is the driver of its serial port (USB CDC, PSTN subclass 1.2).

const SET_ADDRESS = 5;
const GET_DESCRIPTOR = 6;
const SET_CONFIGURATION = 9;
const SET_CONTROL_LINE_STATE = 0x22;
const DTR_RTS = 3;

const DEVICE_TO_HOST = 0x80;
const CLASS_TO_INTERFACE = 0x21;

const CONFIGURATION_DESCRIPTOR = 2;
const INTERFACE_DESCRIPTOR = 4;
const ENDPOINT_DESCRIPTOR = 5;
const CDC_DATA_CLASS = 10;
const CDC_CONTROL_CLASS = 2;
const BULK = 2;
const HEADER = 9; // bytes of a configuration descriptor without what follows it
const SETUP_NANOS = 50_000; // between two control transfers

const request = (type, code, value, index, length) =>
  Uint8Array.of(
    type,
    code,
    value & 0xff,
    value >> 8,
    index & 0xff,
    index >> 8,
    length & 0xff,
    length >> 8,
  );

/** Finds the serial port's interface and bulk endpoints in a configuration descriptor. */
function findSerial(descriptor) {
  const found = { control: 0, in: -1, out: -1 };
  let data = false;
  for (let at = 0; at + 2 <= descriptor.length && descriptor[at] >= 2; at += descriptor[at]) {
    const type = descriptor[at + 1];
    if (type === INTERFACE_DESCRIPTOR) {
      data = descriptor[at + 5] === CDC_DATA_CLASS && found.in < 0;
      if (descriptor[at + 5] === CDC_CONTROL_CLASS && found.in < 0)
        found.control = descriptor[at + 2];
    } else if (type === ENDPOINT_DESCRIPTOR && data && (descriptor[at + 3] & 3) === BULK) {
      const address = descriptor[at + 2];
      found[address & 0x80 ? 'in' : 'out'] = address & 0xf;
    }
  }
  return found;
}

export class UsbHost {
  constructor(device) {
    this.device = device;
    device.host = this;
    this.setupAlarm = device.chip.clock.createAlarm(() => device.setup(this.current.packet));
    this.onPlugged = () => {}; // the serial port is there
    this.onUnplugged = () => {};
    this.onData = () => {}; // bytes from the chip
    this.onRoom = () => {}; // the chip has taken what was sent to it
    this.reset();
  }

  reset() {
    this.serial = null; // { control, in, out } once the device is configured
    this.setupAlarm.cancel();
    this.queue = []; // control transfers: { packet, done }
    this.current = null;
    this.outgoing = []; // chunks for the chip
    this.pending = 0; // bytes in them
    this.listening = false; // somebody has the port open and reads
  }

  // ---- the serial port

  /** Opens or closes the port: DTR and RTS. */
  setLineState(open) {
    this.listening = open;
    if (!this.serial) return;
    if (open) {
      this.outgoing = []; // what the one before wrote and the chip did not read
      this.pending = 0;
    }
    const value = open ? DTR_RTS : 0;
    this.control(
      request(CLASS_TO_INTERFACE, SET_CONTROL_LINE_STATE, value, this.serial.control, 0),
    );
    this.resume();
  }

  send(bytes) {
    if (!this.serial) return;
    this.outgoing.push(bytes);
    this.pending += bytes.length;
    this.device.poll(this.serial.out, true);
  }

  /** The reader can take data again. */
  resume() {
    if (this.serial) this.device.poll(this.serial.in, false);
  }

  /** Whether the reader takes data now: replaced by who reads. */
  willRead() {
    return true;
  }

  // ---- what the device asks

  ready(endpoint, out) {
    if (endpoint === 0) return true;
    if (!this.serial) return false;
    if (out) return endpoint === this.serial.out && this.pending > 0;
    return endpoint !== this.serial.in || (this.listening && this.willRead());
  }

  /** The next packet for the device. */
  take(endpoint, most) {
    if (endpoint === 0) {
      // The status stage of a request for data: none of the requests here sends any
      if (this.current) this.finish(this.current.data);
      return new Uint8Array(0);
    }
    const packet = new Uint8Array(Math.min(most, this.pending));
    let at = 0;
    while (at < packet.length) {
      const chunk = this.outgoing[0];
      const part = chunk.subarray(0, packet.length - at);
      packet.set(part, at);
      at += part.length;
      if (part.length < chunk.length) this.outgoing[0] = chunk.subarray(part.length);
      else this.outgoing.shift();
    }
    this.pending -= packet.length;
    this.onRoom();
    return packet;
  }

  receive(endpoint, packet) {
    if (endpoint === 0) {
      if (!this.current) return;
      if (this.current.packet[0] & DEVICE_TO_HOST) this.current.data.push(...packet);
      else this.finish([]); // the status stage
    } else if (this.serial && endpoint === this.serial.in) this.onData(packet);
  }

  stalled(endpoint) {
    if (endpoint === 0 && this.current) this.finish(null);
  }

  disconnected() {
    const was = this.serial !== null;
    this.reset();
    if (was) this.onUnplugged();
  }

  // ---- control transfers, one at a time

  control(packet, done = () => {}) {
    this.queue.push({ packet, done, data: [] });
    this.next();
  }

  next() {
    if (this.current || this.queue.length === 0) return;
    this.current = this.queue.shift();
    this.setupAlarm.schedule(SETUP_NANOS);
  }

  finish(data) {
    const { done } = this.current;
    this.current = null;
    done(data);
    this.next();
  }

  enumerate() {
    this.reset();
    const descriptor = (length, done) =>
      this.control(
        request(DEVICE_TO_HOST, GET_DESCRIPTOR, CONFIGURATION_DESCRIPTOR << 8, 0, length),
        done,
      );
    this.control(request(0, SET_ADDRESS, 1, 0, 0));
    descriptor(HEADER, (head) => {
      if (!head) return;
      descriptor(head[2] | (head[3] << 8), (all) => {
        if (!all) return;
        this.control(request(0, SET_CONFIGURATION, all[5], 0, 0), () => {
          const serial = findSerial(all);
          if (serial.in < 0 || serial.out < 0) return;
          this.serial = serial;
          this.onPlugged();
        });
      });
    });
  }
}
