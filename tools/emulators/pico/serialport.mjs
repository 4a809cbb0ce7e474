// The serial port as others see it: a TCP port on 127.0.0.1 that is there while the chip's USB
// serial port is, for one client at a time, as a serial port is for one program.
import net from 'node:net';

const HOST = '127.0.0.1';
const MOST_UNREAD = 64 * 1024; // bytes the client may leave unread before the chip is held up
const FULL_PACKET = 64;
const MOST_UNSENT = 4096; // bytes for the chip before the client is held up

export class SerialPort {
  /**
   * @param number the port, or 0 to have one chosen
   * @param patience seconds that a second client may wait for the first one to leave
   */
  constructor(number, patience) {
    this.number = number;
    this.patience = patience;
    this.host = null; // the USB host of the chip that runs now
    this.onEvent = () => {};
    this.onActivity = () => {}; // the chip may have something to do
    this.server = null;
    this.client = null;
    this.next = null;
    this.unsent = [];
  }

  /** Finds out whether the port can be had, and its number. */
  async reserve() {
    await this.listen();
    await this.close();
  }

  listen() {
    return new Promise((resolve, reject) => {
      this.server = net.createServer({ allowHalfOpen: false }, (socket) => this.arrive(socket));
      this.server.once('error', reject);
      this.server.listen({ port: this.number, host: HOST }, () => {
        this.number = this.server.address().port;
        resolve();
      });
    });
  }

  attach(host) {
    this.host = host;
    host.onData = (bytes) => {
      this.unsent.push(Buffer.from(bytes));
      if (bytes.length < FULL_PACKET) this.flush(); // the end of what the chip had to say
    };
    host.onRoom = () => {
      if (host.pending < MOST_UNSENT / 2 && this.client?.isPaused()) this.client.resume();
    };
    host.willRead = () => this.client !== null && this.client.writableLength < MOST_UNREAD;
  }

  arrive(socket) {
    socket.setNoDelay(true);
    socket.on('error', () => {}); // a reset ends in 'close' as well
    if (this.client === null) {
      this.accept(socket);
      return;
    }
    // The one before may just have closed; otherwise the port is busy
    this.next?.destroy();
    this.next = socket;
    socket.pause();
    socket.once('close', () => {
      if (this.next === socket) this.next = null;
    });
    const refuse = () => {
      if (this.next !== socket) return;
      this.next = null;
      socket.destroy();
      this.onEvent({ event: 'refused', reason: 'the serial port is in use by another client' });
    };
    // On a busy computer the news that the first one left may wait in the same turn.
    setTimeout(() => setImmediate(refuse), 1000 * this.patience);
  }

  accept(socket) {
    this.client = socket;
    this.onEvent({ event: 'connected' });
    this.host.setLineState(true);
    socket.on('data', (bytes) => {
      this.host.send(bytes);
      if (this.host.pending > MOST_UNSENT) socket.pause();
      this.onActivity();
    });
    socket.on('drain', () => {
      this.host.resume();
      this.onActivity();
    });
    socket.on('close', () => {
      if (this.client !== socket) return;
      this.client = null;
      this.unsent = [];
      this.onEvent({ event: 'disconnected' });
      this.host.setLineState(false);
      const { next } = this;
      this.next = null;
      if (next) {
        this.accept(next);
        next.resume();
      }
      this.onActivity();
    });
    this.onActivity();
  }

  /** Sends what the chip has written since the last call. */
  flush() {
    if (this.unsent.length === 0) return;
    this.client?.write(this.unsent.length === 1 ? this.unsent[0] : Buffer.concat(this.unsent));
    this.unsent = [];
  }

  /** Takes the port away, as a serial port goes when the device does. */
  close() {
    this.flush();
    const { server } = this;
    if (!server) return Promise.resolve();
    this.server = null;
    this.next?.destroy();
    this.client?.destroySoon();
    return new Promise((resolve) => {
      server.close(resolve);
      // A client that does not read must not keep the port
      const { client } = this;
      if (client) setTimeout(() => client.destroy(), 100).unref();
    });
  }
}
