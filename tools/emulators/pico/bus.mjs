// Everything that is not plain memory access by the core: peripherals, USB memory, faults.
// Address map: RP2040 datasheet, section 2.2; narrow writes and atomic aliases: 2.1.2, 2.1.4.
import { FLASH_AT, FLASH_SIZE, ROM_SIZE, SRAM_AT, SRAM_BASE, SRAM_SIZE } from './memory.mjs';
import { hex } from './exceptions.mjs';

const DPRAM_BASE = 0x50100000;
const DPRAM_SIZE = 0x1000;

export class Bus {
  constructor(memory) {
    this.memory = memory;
    this.chip = null; // the rp2040js chip, new at each reset
    this.onFault = () => {};
    this.cache = null; // of the flash; without one it never waits
  }

  fault(kind, address) {
    this.onFault(`${kind} ${hex(address)}`);
    return 0;
  }

  read32(address) {
    address >>>= 0;
    if (address & 3) return this.fault('unaligned read of 4 bytes at', address);
    const { i32 } = this.memory;
    switch (address >>> 28) {
      case 0:
        if (address < ROM_SIZE) return i32[address >> 2];
        break;
      case 1:
        // Four aliases that differ in how they use the cache, each with the 2 MiB repeated
        if (address < 0x14000000) {
          if (this.cache) this.chip.core.left -= this.cache.readData(address);
          return i32[((address & (FLASH_SIZE - 1)) + FLASH_AT) >> 2];
        }
        break;
      case 2:
        if (address - SRAM_BASE < SRAM_SIZE) return i32[(address - SRAM_BASE + SRAM_AT) >> 2];
        break;
      case 5:
        if ((address - DPRAM_BASE) >>> 0 < DPRAM_SIZE) {
          return this.chip.usbDPRAMView.getInt32(address - DPRAM_BASE, true);
        }
        break;
      case 13:
        return this.chip.sio.readUint32(address & 0xfff) | 0;
      case 14:
        if (address >>> 12 === 0xe000e) return this.chip.ppb.readUint32(address & 0xfff) | 0;
        break;
      default:
    }
    const peripheral = this.chip.findPeripheral(address);
    if (!peripheral) return this.fault('read of nothing at', address);
    return peripheral.readUint32(address & 0xfff) | 0;
  }

  read16(address) {
    if (address & 1) return this.fault('unaligned read of 2 bytes at', address);
    return (this.read32(address & ~3) >>> ((address & 2) * 8)) & 0xffff;
  }

  read8(address) {
    return (this.read32(address & ~3) >>> ((address & 3) * 8)) & 0xff;
  }

  write32(address, value) {
    address >>>= 0;
    if (address & 3) return this.fault('unaligned write of 4 bytes at', address);
    switch (address >>> 28) {
      case 0:
        if (address < ROM_SIZE) return undefined; // TinyUSB does write to 0, through a null pointer
        break;
      case 1:
        if (address < 0x14000000) return undefined; // flash is not written by stores
        break;
      case 2:
        if (address - SRAM_BASE < SRAM_SIZE) {
          this.memory.i32[(address - SRAM_BASE + SRAM_AT) >> 2] = value;
          return undefined;
        }
        break;
      case 5:
        if ((address - DPRAM_BASE) >>> 0 < DPRAM_SIZE) {
          this.chip.usbDPRAMView.setInt32(address - DPRAM_BASE, value, true);
          return this.chip.usbCtrl.DPRAMUpdated(address - DPRAM_BASE, value);
        }
        break;
      case 13:
        return this.chip.sio.writeUint32(address & 0xfff, value >>> 0);
      case 14:
        if (address >>> 12 === 0xe000e)
          return this.chip.ppb.writeUint32(address & 0xfff, value >>> 0);
        break;
      default:
    }
    return this.writePeripheral(address, value >>> 0);
  }

  writePeripheral(address, value) {
    const peripheral = this.chip.findPeripheral(address);
    if (!peripheral) return this.fault('write to nothing at', address);
    return peripheral.writeUint32Atomic(address & 0xfff, value, (address & 0x3000) >> 12);
  }

  write16(address, value) {
    if (address & 1) return this.fault('unaligned write of 2 bytes at', address);
    return this.writeNarrow(address, value & 0xffff, 0xffff, 0x10001);
  }

  write8(address, value) {
    return this.writeNarrow(address, value & 0xff, 0xff, 0x1010101);
  }

  writeNarrow(address, value, mask, repeat) {
    address >>>= 0;
    const region = address >>> 28;
    const dpram = (address - DPRAM_BASE) >>> 0 < DPRAM_SIZE;
    if ((region === 4 || region === 5) && !dpram) {
      // Peripherals see the value on every lane of the bus
      return this.writePeripheral(address & ~3, Math.imul(value, repeat) >>> 0);
    }
    const shift = (address & 3) * 8;
    const old = this.read32(address & ~3);
    return this.write32(address & ~3, (old & ~(mask << shift)) | (value << shift));
  }
}
