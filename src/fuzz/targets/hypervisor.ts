import { allCalls, type HypercallDefinition, onArm64 } from '../../hypercall/index.ts'
import { msrs } from '../../hypercall/msrs.ts'
import { registersOf } from '../../hypercall/registers/index.ts'
import { PAGE_SIZE } from '../../memory/index.ts'
import type { EventOf, TranscriptEvent } from '../../trace/events.ts'
import { fromHex } from '../../trace/hex.ts'
import { isWireError, toHex } from '../../wire/index.ts'
import { drawCall, wordOf, wordText } from '../call-block.ts'
import type { Draw } from '../draw.ts'
import { HypervisorWorld, machinePages } from '../hypervisor-world.ts'
import { same } from '../same.ts'
import { expect, type FuzzTarget, type Step } from '../target.ts'

/**
 * The hypervisor model, by the hypercalls, accesses and MSRs of a root and its children, spoiled or not. Nothing may throw, a handler must
 * keep its contract; each page is in one place, ids are unique, nothing is left of what is deleted; and the same inputs do the same again.
 *
 * Its inputs: `fault` `machine` makes one, `mem` is the block of the next call, `fault` `hypercall` makes it, `access` is one to memory or
 * an MSR, `play` lets time pass and all VPs go on.
 */
export function hypervisorTarget(): FuzzTarget {
  return {
    name: 'hypervisor',
    generate: stepsFor,
    run(events) {
      const [first, second] = [play(events), play(events)]
      const isSame = same(first.log, second.log) && same(first.memory, second.memory)
      expect(isSame, 'not-deterministic', 'the same inputs did something else')
    },
  }
}

/** Numbers that exist, or did, or could. */
const ids = [2n, 2n, 2n, 2n, 3n, 3n, 3n, 1n, 4n, 0xffff_ffff_ffff_ffffn]
const vps = [0, 0, 1, 0xffff_fffe]
const smallIds = [{ id: 1 }, { id: 2 }]
const pages = Array.from({ length: machinePages }, (_, page) => BigInt(page))
const noVtl = [{ targetVtl: 0, useTargetVtl: false }]

function preferred(architecture: 'x64' | 'arm64') {
  const names = registersOf(architecture).map(({ value }) => value)
  return {
    ...{ partitionId: ids, targetPartitionId: ids, targetPartition: ids, previousPartitionId: ids },
    ...{ portPartition: ids, connectionPartition: ids, ownerPartitionId: ids },
    ...{ vpIndex: vps, targetVp: [0, 0, 1, 0xffff_ffff], targetSint: [1, 2, 2, 3] },
    ...{ portId: smallIds, connectionId: smallIds },
    ...{ gpaPageNumber: pages, sourceGpaPage: pages, gpaPage: pages, page: pages, targetGpaBase: pages },
    ...{ mapFlags: [15, 15, 3, 1], portVtl: [0], minConnectionVtl: [0], connectionVtl: [0], flagNumber: [0, 1] },
    ...{ messageType: [1], payloadSize: [0, 8, 240], subnodeType: [0], flags: [0], flagCount: [1, 4] },
    ...{ inputVtl: noVtl, registerName: names, logicalDeviceId: [1n, 2n], deviceId: [1n, 2n] },
  }
}

let answered: readonly HypercallDefinition[] | undefined

/** The calls that the model knows. */
function modelledCalls(): readonly HypercallDefinition[] {
  answered ??= allCalls.filter(({ code }) => new HypervisorWorld('x64', 'overlay').knows(code))
  return answered
}

function stepsFor(draw: Draw): Step[] {
  const architecture = draw.pick(['x64', 'x64', 'arm64'] as const)
  const pageMode = draw.pick(['overlay', 'write-through'])
  const steps: Step[] = [{ event: { kind: 'fault', t: 0, fault: 'machine', detail: { architecture, pageMode } } }]
  const prefer = preferred(architecture)
  for (let count = draw.between(1, 24); count > 0; count--) {
    if (draw.oneIn(6)) steps.push(accessStep(draw))
    else if (draw.oneIn(5)) steps.push({ event: fault('play', { ticks: draw.below(100_000) }) })
    else steps.push(...callSteps(draw, architecture, prefer))
  }
  return steps
}

function fault(name: string, detail: Record<string, string | number>): TranscriptEvent {
  return { kind: 'fault', t: 0, fault: name, detail }
}

function accessStep(draw: Draw): Step {
  const what = draw.pick(['read', 'write', 'execute', 'rdmsr', 'wrmsr', 'wrmsr'])
  const at = what.endsWith('msr') ? draw.pick(msrs).number : draw.below(machinePages * PAGE_SIZE)
  const value = draw.pick([0n, 1n, BigInt(draw.below(machinePages) * PAGE_SIZE) | 1n, draw.u64()])
  return { event: fault('access', { vp: draw.below(4), what, at, value: wordText(value) }) }
}

/** Fields of one name are of several kinds here and there: then no value is preferred. */
function drawPreferred(
  definition: HypercallDefinition,
  draw: Draw,
  prefer: Readonly<Record<string, readonly unknown[]>>,
) {
  try {
    return drawCall(definition, draw, { prefer })
  } catch (error) {
    if (isWireError(error)) return drawCall(definition, draw)
    throw error
  }
}

function callSteps(
  draw: Draw,
  architecture: 'x64' | 'arm64',
  prefer: Readonly<Record<string, readonly unknown[]>>,
): Step[] {
  const called = draw.pick(draw.oneIn(20) ? allCalls : modelledCalls())
  const definition = architecture === 'arm64' ? onArm64(called) : called
  const drawn = drawPreferred(definition, draw, prefer)
  // Most calls are as they should be: a spoiled one seldom does anything.
  const mutations = draw.oneIn(5) ? drawn.mutations : []
  let { control } = drawn
  if (draw.oneIn(4)) control |= 0x1_0000n
  if (draw.oneIn(20)) control ^= 1n << BigInt(draw.below(64))
  const page = () => draw.pick([14, 14, 15, 15, 8, draw.below(machinePages)]) * PAGE_SIZE
  const detail = {
    vp: draw.pick([0, 0, 0, 0, 0, 0, 1, 2, 3]),
    control: wordText(control),
    input: page(),
    output: page(),
  }
  return [
    { event: { kind: 'mem', t: 0, gpa: '0x0', hex: toHex(drawn.block) }, mutations },
    { event: fault('hypercall', detail) },
  ]
}

function play(events: readonly TranscriptEvent[]): HypervisorWorld {
  let world = new HypervisorWorld('x64', 'overlay')
  let block: Uint8Array = new Uint8Array(0)
  for (const event of events) {
    if (event.kind === 'mem') block = fromHex(event.hex)
    else if (event.kind === 'fault' && event.fault === 'machine') world = machineOf(event)
    else if (event.kind === 'fault') step(world, event, block)
  }
  return world
}

function machineOf({ detail = {} }: EventOf<'fault'>): HypervisorWorld {
  const architecture = detail.architecture === 'arm64' ? 'arm64' : 'x64'
  return new HypervisorWorld(architecture, detail.pageMode === 'write-through' ? 'write-through' : 'overlay')
}

function step(world: HypervisorWorld, { fault: what, detail = {} }: EventOf<'fault'>, block: Uint8Array): void {
  const vp = Number(detail.vp ?? 0)
  if (what === 'play') world.play(Number(detail.ticks ?? 0))
  else if (what === 'access') world.access(vp, String(detail.what), Number(detail.at ?? 0), wordOf(detail.value))
  else if (what === 'hypercall') {
    const control = wordOf(detail.control)
    world.hypercall(vp, control, block, [Number(detail.input ?? 0), Number(detail.output ?? 0)])
  }
  world.check()
}
