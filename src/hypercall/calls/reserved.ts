import { call, type HypercallDefinition } from './call.ts'

/** Codes that are no calls, 0x001e to 0x003f and three others: named after their code. Source: Mile.HyperV. */
export const reservedCalls: readonly HypercallDefinition[] = /* @__PURE__ */ listReserved()

function listReserved(): HypercallDefinition[] {
  const run = Array.from({ length: 0x40 - 0x1e }, (_, index) => 0x1e + index)
  // 0x0098 is HvCallArm64GetStartStub in mu_msvm.
  return [0x0000, ...run, 0x0098, 0x00e6].map((code) => {
    const name = `HvCallReserved${code.toString(16).padStart(4, '0')}`
    return call(code, name, 'reserved', { layout: 'unknown', source: 'Mile.HyperV' })
  })
}
