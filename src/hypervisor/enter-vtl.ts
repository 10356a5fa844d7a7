import { VtlEntryReason } from '../hypercall/enums/vp.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** Where the VP assist page has the reason of entry, VINA, and RAX and RCX for the return. Source: TLFS 15.12.1 (HV_VP_VTL_CONTROL). */
export const vtlControl = { entryReason: 8, vinaStatus: 12, rax: 16, rcx: 24 } as const

/** HvRegisterVsmVina: bits 7:0 vector, 8 enabled, 9 reset at each entry, 10 without EOI. */
export const vina = { enabled: 0x100n, autoReset: 0x200n, autoEoi: 0x400n } as const

/** A VP goes on in a higher level, whose VP assist page says why. Source: TLFS 15.6, 15.12. */
export function enterVtl(vp: VirtualProcessor, vtl: number, reason: number): void {
  vp.vtl = vtl
  const page = vp.current.assistPage.place()
  page?.memory.store32(page.base + vtlControl.entryReason, reason)
  if ((vp.current.vina & vina.autoReset) !== 0n) page?.memory.store32(page.base + vtlControl.vinaStatus, 0)
  if (vp.controller.isPending) vp.partition.machine.noteInterrupt(vp)
}

/** A level has got an interrupt: one above the running level is entered, one below may be told of by VINA. */
export function interruptLevel(vp: VirtualProcessor, vtl: number): void {
  if (vtl === vp.vtl || !vp.isRunning) return
  if (vtl > vp.vtl) enterVtl(vp, vtl, VtlEntryReason.Interrupt)
  else notifyBelow(vp)
}

/** Of a running VP: the highest level above the running one that has an interrupt to take is entered. */
export function enterForInterrupt(vp: VirtualProcessor): void {
  if (!vp.isRunning) return
  const above = [...vp.vtls.values()].filter(({ vtl, controller }) => vtl > vp.vtl && controller.isPending)
  if (above.length > 0) enterVtl(vp, Math.max(...above.map(({ vtl }) => vtl)), VtlEntryReason.Interrupt)
}

/** Virtual interrupt notification assist: the running level learns, once, of an interrupt below it. Source: TLFS 15.13.3. */
function notifyBelow(vp: VirtualProcessor): void {
  const { vina: word, assistPage, controller } = vp.current
  if ((word & vina.enabled) === 0n) return
  const page = assistPage.place()
  if (page !== undefined) {
    // One byte, of which only whether it is set counts.
    const status = page.memory.load32(page.base + vtlControl.vinaStatus)
    if ((status & 0xff) !== 0) return
    page.memory.store32(page.base + vtlControl.vinaStatus, status | 1)
  }
  controller.request(Number(word & 0xffn), (word & vina.autoEoi) !== 0n)
}
