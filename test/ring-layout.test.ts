import { describe, expect, it } from 'vitest'
import {
  DESCRIPTOR_SIZE,
  PacketDescriptor,
  PIPE_HEADER_SIZE,
  PipeHeader,
  RING_CONTROL,
  RingControlPage,
} from '../src/vmbus/index.ts'

// The ring path states these as numbers, so that a program with a ring alone does not carry the engine of the schemas.
describe('offsets that the ring path states again', () => {
  it.each(Object.entries(RING_CONTROL))('%s lies where the schema of the control page has it', (field, offset) => {
    expect(offset).toBe(RingControlPage.offsetOf(field))
  })

  it('descriptor and pipe header are as long as their schemas', () => {
    expect(DESCRIPTOR_SIZE).toBe(PacketDescriptor.size)
    expect(PIPE_HEADER_SIZE).toBe(PipeHeader.size)
  })
})
