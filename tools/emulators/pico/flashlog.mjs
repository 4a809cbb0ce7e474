// Watches the flash operations of a running chip: counts them, writes them down, and cuts the power
// as a chosen one begins or is half done. An operation is one sector (or block) erased or one page
// programmed, as the flash chip itself has it.
import fs from 'node:fs';

export class FlashLog {
  /**
   * @param flash the chip; from now on its operations pass through here
   * @param file where to write the operations, one JSON object a line, or undefined
   * @param cutAfter how many operations are carried out before the power goes, or undefined
   * @param torn carry out the first half of the one that the cut falls on
   * @param onCut called with the number of whole operations; it does not return
   */
  constructor(flash, { file, cutAfter, torn, onCut }) {
    this.count = 0;
    const descriptor = file === undefined ? null : fs.openSync(file, 'w');
    const { erase, program } = flash;
    const operation = (line, whole, half) => {
      if (this.count === cutAfter) {
        if (torn) half();
        onCut(this.count);
      }
      whole();
      this.count++;
      if (descriptor !== null) fs.writeSync(descriptor, `${JSON.stringify(line())}\n`);
    };
    flash.erase = (offset, length) =>
      operation(
        () => ({ operation: 'erase', offset, length }),
        () => erase.call(flash, offset, length),
        () => erase.call(flash, offset, length / 2),
      );
    flash.program = (offset, bytes) =>
      operation(
        () => ({ operation: 'program', offset, data: Buffer.from(bytes).toString('base64') }),
        () => program.call(flash, offset, bytes),
        () => program.call(flash, offset, bytes.subarray(0, bytes.length / 2)),
      );
  }
}
