// The Thumb instructions of ARMv6-M as bit patterns, and a table from every 16-bit opcode to the
// number of its pattern. Source: ARMv6-M Architecture Reference Manual, section A5.2.
// The numbers are the cases of the interpreter in core.mjs.

const PATTERNS = [
  '', // 0: undefined
  '00000', '00001', '00010', // 1-3: LSLS, LSRS, ASRS by a constant
  '0001100', '0001101', '0001110', '0001111', // 4-7: ADDS, SUBS register; ADDS, SUBS imm3
  '00100', '00101', '00110', '00111', // 8-11: MOVS, CMP, ADDS, SUBS imm8
  '0100000000', '0100000001', '0100000010', '0100000011', // 12-15: ANDS EORS LSLS LSRS
  '0100000100', '0100000101', '0100000110', '0100000111', // 16-19: ASRS ADCS SBCS RORS
  '0100001000', '0100001001', '0100001010', '0100001011', // 20-23: TST RSBS CMP CMN
  '0100001100', '0100001101', '0100001110', '0100001111', // 24-27: ORRS MULS BICS MVNS
  '01000100', '01000101', '01000110', // 28-30: ADD, CMP, MOV with high registers
  '010001110', '010001111', // 31-32: BX, BLX
  '01001', // 33: LDR literal
  '0101000', '0101001', '0101010', '0101011', // 34-37: STR STRH STRB LDRSB
  '0101100', '0101101', '0101110', '0101111', // 38-41: LDR LDRH LDRB LDRSH
  '01100', '01101', '01110', '01111', // 42-45: STR LDR STRB LDRB, offset
  '10000', '10001', '10010', '10011', // 46-49: STRH LDRH offset; STR LDR SP
  '10100', '10101', '101100000', '101100001', // 50-53: ADR; ADD Rd,SP; ADD, SUB SP
  '1011001000', '1011001001', '1011001010', '1011001011', // 54-57: SXTH SXTB UXTH UXTB
  '1011010', '1011110', // 58-59: PUSH, POP
  '1011011001100010', '1011011001110010', // 60-61: CPSIE, CPSID
  '1011101000', '1011101001', '1011101011', // 62-64: REV REV16 REVSH
  '10111110', '1011111100000000', // 65-66: BKPT, NOP
  '1011111100100000', '1011111100110000', '1011111101000000', // 67-69: WFE WFI SEV
  '11000', '11001', // 70-71: STMIA, LDMIA
  '11010000', '11010001', '11010010', '11010011', // 72-75: BEQ BNE BCS BCC
  '11010100', '11010101', '11010110', '11010111', // 76-79: BMI BPL BVS BVC
  '11011000', '11011001', '11011010', '11011011', // 80-83: BHI BLS BGE BLT
  '11011100', '11011101', // 84-85: BGT BLE
  '1011111100010000', // 86: YIELD
  '11011111', // 87: SVC
  '11100', '11110', // 88-89: B; the 32-bit instructions
];

/** Number of the pattern of each opcode. */
export const KIND = new Uint8Array(0x10000);
PATTERNS.forEach((pattern, kind) => {
  if (kind === 0) return;
  const free = 16 - pattern.length;
  const first = parseInt(pattern, 2) << free;
  KIND.fill(kind, first, first + (1 << free));
});
