// UF2, the format of files for the boot drive: blocks of 512 bytes, each with up to 476 bytes for
// one place in flash. Source: the UF2 specification (Microsoft), and RP2040 datasheet 2.8.4.2.
import { FLASH_BASE, FLASH_SIZE } from './memory.mjs';
import { PAGE } from './bootrom.mjs';

const BLOCK = 512;
const MAGIC = [0x0a324655, 0x9e5d5157, 0x0ab16f30]; // the first two words and the last
const NOT_MAIN_FLASH = 0x1;
const FAMILY_PRESENT = 0x2000;
const RP2040_FAMILY = 0xe48bff56;

export class Uf2Error extends Error {}

/**
 * Reads a UF2 file.
 * @returns pages as [{ offset, bytes }], or null if blocks are still to come
 * @throws Uf2Error if it can't become a program for this chip
 */
export function parseUf2(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const blocks = new Map();
  let expected = null;
  let foreign = 0;
  for (let at = 0; at + BLOCK <= file.length; at += BLOCK) {
    const word = (i) => view.getUint32(at + 4 * i, true);
    const magics = [word(0), word(1), word(BLOCK / 4 - 1)];
    if (magics.some((magic, i) => magic !== MAGIC[i])) {
      const block = `block ${at / BLOCK}`;
      throw new Uf2Error(`${block} has wrong magic numbers: no UF2 file, or a damaged one`);
    }
    const [flags, address, size, number, count, family] = [
      word(2),
      word(3),
      word(4),
      word(5),
      word(6),
      word(7),
    ];
    if (flags & NOT_MAIN_FLASH) continue;
    if (!(flags & FAMILY_PRESENT) || family !== RP2040_FAMILY) {
      foreign++; // the ROM passes over other chips' blocks
      continue;
    }
    if (size !== PAGE) {
      throw new Uf2Error(`block ${number} has ${size} bytes of data, the RP2040 takes ${PAGE}`);
    }
    const offset = address - FLASH_BASE;
    if (offset < 0 || offset + size > FLASH_SIZE || offset % PAGE) {
      const where = `address 0x${address.toString(16)}`;
      throw new Uf2Error(`block ${number} is for ${where}, which is no page of the 2 MiB of flash`);
    }
    if (count === 0 || number >= count || (expected !== null && count !== expected)) {
      throw new Uf2Error(`block ${number} of ${count}, with ${expected ?? count} expected`);
    }
    expected = count;
    blocks.set(number, { offset, bytes: file.slice(at + 32, at + 32 + size) });
  }
  if (expected === null && foreign > 0) {
    throw new Uf2Error('it is for another chip: no block has the RP2040 family id');
  }
  if (expected === null || blocks.size < expected) return null;
  return [...blocks.keys()].sort((x, y) => x - y).map((number) => blocks.get(number));
}

/** The pages of a plain image that starts at the first byte of flash. */
export function pagesOfImage(image) {
  if (image.length > FLASH_SIZE) {
    throw new Uf2Error(`${image.length} bytes don't fit into the 2 MiB of flash`);
  }
  const pages = [];
  for (let offset = 0; offset < image.length; offset += PAGE) {
    const bytes = new Uint8Array(PAGE).fill(0xff);
    bytes.set(image.subarray(offset, offset + PAGE));
    pages.push({ offset, bytes });
  }
  return pages;
}
