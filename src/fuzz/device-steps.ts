import type { Pump, TransportEnds } from '../channels/index.ts'
import type { GuestMemory } from '../memory/index.ts'
import type { Structure } from '../wire/index.ts'
import { property } from '../wire/property.ts'
import type { Draw } from './draw.ts'
import { controlStep, messageStep, openingStep, packetStep, type Ring, type Traffic } from './packet-steps.ts'
import type { Step } from './target.ts'

/** How a device's end is fuzzed. */
export interface DeviceOptions<D> extends Traffic {
  /**
   * Whether each packet that asks for a completion has to get one. By default of a VSP, not of a VSC. The keyboard, for one,
   * leaves the flag alone.
   */
  readonly completes?: boolean
  /** Uses the device as its owner would, by a number drawn from 0 to 255: types a key, sends a request. */
  readonly exercise?: (device: D, number: number) => void
  /** What joins a VSP and its hostile guest; default a `MemoryTransport`. */
  readonly transport?: (memory: GuestMemory, pump: Pump) => TransportEnds
}

/** Guest memory of a run. */
export const memorySize = 256 * 1024

/** Tasks until everything has to be at rest. */
export const maxSteps = 20_000

/** What a device understands, as it says itself where the options say nothing: a `MessageVsp` or `MessageVsc` has a schema. */
export function trafficOf(device: object, { messages, pipe, opening, prefer }: Traffic): Traffic {
  const own = property(device, 'messages')
  const schema = messages ?? (isStructure(own) ? own : undefined)
  return {
    messages: schema,
    pipe: pipe ?? property(property(device, 'offer'), 'pipe') === 'message',
    ...(opening && { opening }),
    ...(prefer && { prefer }),
  }
}

/** By shape, not by class: a user's schema may come from another copy of this package. */
export function isStructure(value: unknown): value is Structure<object> {
  if (typeof value !== 'object' || value === null || !('kind' in value && 'decodeAt' in value)) return false
  return value.kind === 'struct' || value.kind === 'union'
}

/** Bytes of data of the smallest ring in use; control words lie around it. */
const dataSize = 3 * 4096

/** The inputs of a run: packets into `ring`, signals, and everything else that the other end can do. */
export function deviceSteps(ring: Ring, draw: Draw, traffic: Traffic, hasExercise: boolean): Step[] {
  const steps: Step[] = []
  const hostile = draw.oneIn(4)
  const { opening } = traffic
  const isOpening = opening !== undefined && !draw.oneIn(8)
  const begin = () => {
    if (isOpening) steps.push(openingStep(ring, opening, traffic))
  }
  begin()
  let id = 0n
  for (let count = draw.between(1, 30); count > 0; count--) {
    switch (draw.below(8)) {
      case 0:
      case 1:
        steps.push({ event: { kind: 'signalevent', t: 0, dir: ring === 'guest-to-host' ? 'g2h' : 'h2g' } })
        break
      case 2:
        steps.push(meddling('read'))
        break
      case 3:
        if (draw.oneIn(4)) {
          const ending = draw.pick(endings)
          steps.push(...ending.map((fault) => meddling(fault)))
          if (ending.at(-1) === 'open') begin()
        } else if (hasExercise) steps.push(meddling('exercise', draw.below(256)))
        break
      case 4:
        if (hostile)
          steps.push(
            draw.oneIn(3) ? controlStep(draw.oneIn(3) ? other[ring] : ring, dataSize, draw) : packetStep(ring, draw),
          )
        else if (draw.oneIn(2)) steps.push(messageStep(ring, draw, BigInt(draw.below(5)), traffic, 11))
        break
      default:
        id++
        steps.push(messageStep(ring, draw, id, traffic))
    }
  }
  return steps
}

/** How a conversation ends; it goes on all the same. */
const endings = [['close', 'open'], ['close', 'open'], ['close'], ['open'], ['revoke']] as const

const other: Readonly<Record<Ring, Ring>> = { 'guest-to-host': 'host-to-guest', 'host-to-guest': 'guest-to-host' }

function meddling(fault: string, number = 0): Step {
  return { event: { kind: 'fault', t: 0, fault, detail: { number } } }
}
