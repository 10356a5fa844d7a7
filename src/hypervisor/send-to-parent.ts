import type { Partition } from './partition.ts'

/** Messages of the hypervisor for a parent that its SINT0 holds; further ones of the same child are lost, as nothing else bounds them. */
export const maxHeld = 1024

/**
 * Puts a message of the hypervisor into SINT0 of a partition's parent: of its first VP whose slot is free, else of its first.
 * Source: TLFS 11.8 (intercept messages), 2.0A 14.4.
 */
export function sendToParent(partition: Partition, messageType: number, payload: Uint8Array): boolean {
  return partition.parent !== undefined && sendTo(partition.parent, partition.id, messageType, payload)
}

/** Puts a message of the hypervisor into SINT0 of a partition. `sender`: the partition that it is about. */
export function sendTo(receiver: Partition, sender: bigint, messageType: number, payload: Uint8Array): boolean {
  const synics = receiver.processors().flatMap((vp) => vp.level(0)?.synic ?? [])
  const synic = synics.find((candidate) => candidate.isFree(0)) ?? synics[0]
  if (synic === undefined || synic.queued(0) >= maxHeld) return false
  synic.hold(0, { messageType, sender, payload: () => payload })
  return true
}
