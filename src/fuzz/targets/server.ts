import { fromHex } from '../../trace/hex.ts'
import { VmbusServer } from '../../vmbus/server/index.ts'
import { contactSteps, controlStep, openSteps } from '../control-steps.ts'
import type { Draw } from '../draw.ts'
import type { FuzzTarget, Step } from '../target.ts'
import { type FuzzedServer, offers, ServerWorld } from './server-world.ts'

/**
 * The host's state machine under a hostile guest: control messages in any order, valid, spoiled and random, devices that answer
 * in any order or fail, offers that come and go. It must throw nothing, send nothing but well-formed messages, answer no request
 * twice, ask nothing of a device that it has to refuse the answer to, keep nothing of a guest that is gone, go on as it was when
 * saved and restored, and afterwards serve a good guest as ever.
 *
 * Its inputs: `postmessage` is received; `fault` `deliver` takes messages away, `answer` answers one of the effects that wait,
 * `offer`, `revoke`, `reset` and `restore` do that.
 */
export function serverTarget(create: () => FuzzedServer = () => new VmbusServer()): FuzzTarget {
  return {
    name: 'server',
    generate(draw) {
      const steps = draw.oneIn(5) ? [] : contactSteps(draw).flatMap((step) => [step, deliver(8)])
      for (let count = draw.between(1, 30); count > 0; count--) steps.push(...stepsFor(draw))
      return steps
    },
    run(events) {
      const world = new ServerWorld(create())
      for (const event of events) {
        if (event.kind === 'postmessage') world.post(fromHex(event.hex), event.connection_id)
        else if (event.kind === 'fault') world.meddle(event)
      }
      world.check()
    },
  }
}

function stepsFor(draw: Draw): Step[] {
  switch (draw.below(10)) {
    case 0:
      return openSteps(draw, [deliver(16), meddling('answer', { which: 0, ok: !draw.oneIn(8) }), deliver(16)])
    case 1:
    case 2:
      return [deliver(draw.between(1, 8))]
    case 3:
    case 4:
    case 5:
      return [meddling('answer', { which: draw.below(8), ok: !draw.oneIn(4) })]
    case 6:
      if (draw.oneIn(4)) return [meddling(draw.pick(['reset', 'restore']), {})]
      return draw.oneIn(3) ? [meddling(draw.pick(['offer', 'revoke']), { number: draw.below(offers.length) })] : []
    default:
      return [controlStep('guest', draw)]
  }
}

function deliver(count: number): Step {
  return meddling('deliver', { count })
}

function meddling(fault: string, detail: Record<string, number | boolean>): Step {
  return { event: { kind: 'fault', t: 0, fault, detail } }
}
