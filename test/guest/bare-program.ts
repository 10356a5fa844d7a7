/** Words of a program for ARM64, as a raw image: little-endian. */
function image(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4)
  const view = new DataView(bytes.buffer)
  words.forEach((word, index) => {
    view.setUint32(index * 4, word, true)
  })
  return bytes
}

/**
 * A guest of 29 instructions, without an operating system: it says what it is, 1 (HvRegisterGuestOsId), then asks for its VP index by
 * HvCallGetVpRegisters so many times, and switches itself off.
 *
 * @param calls 1 … 65535.
 */
export function hypercallLoop(calls: number): Uint8Array {
  return image([
    0x52800020, // mov w0, #0x1
    0x72a8c000, // movk w0, #0x4600, lsl #16     the hypercall function of the SMCCC
    0xd2800a21, // mov x1, #0x51                 HvCallSetVpRegisters
    0xf2a00021, // movk x1, #0x1, lsl #16        fast
    0xf2c00021, // movk x1, #0x1, lsl #32        one register
    0x92800002, // mov x2, #-1                   of this partition
    0x12800023, // mov w3, #-2                   of this VP
    0x52800044, // mov w4, #0x2
    0x72a00124, // movk w4, #0x9, lsl #16        HvRegisterGuestOsId
    0xd2800005, // mov x5, #0x0
    0xd2800026, // mov x6, #0x1
    0xd2800007, // mov x7, #0x0
    0xd4000002, // hvc #0
    0x52800013 | (calls << 5), // mov w19, #calls
    0x52800020, // again: mov w0, #0x1
    0x72a8c000, // movk w0, #0x4600, lsl #16
    0xd2800a01, // mov x1, #0x50                 HvCallGetVpRegisters
    0xf2a00021, // movk x1, #0x1, lsl #16        fast
    0xf2c00021, // movk x1, #0x1, lsl #32        one register
    0x92800002, // mov x2, #-1                   of this partition
    0x12800023, // mov w3, #-2                   of this VP
    0x52800064, // mov w4, #0x3
    0x72a00124, // movk w4, #0x9, lsl #16        HvRegisterVpIndex
    0xd4000002, // hvc #0
    0x71000673, // subs w19, w19, #1
    0x54fffea1, // b.ne again
    0x52800100, // mov w0, #0x8
    0x72b08000, // movk w0, #0x8400, lsl #16     PSCI SYSTEM_OFF
    0xd4000002, // hvc #0
  ])
}
