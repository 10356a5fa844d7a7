import type { ServerEffect } from './effects.ts'
import type { VmbusServer } from './server.ts'

/** Effects that wait for an answer. */
export type ServerQuestion = Extract<
  ServerEffect,
  { kind: 'open' | 'close' | 'gpadl' | 'gpadl-teardown' | 'modify' | 'modify-connection' | 'tl-connect' }
>

/** The methods of a server that take answers. */
type AnsweredServer = Pick<
  VmbusServer,
  | 'openComplete'
  | 'closeComplete'
  | 'gpadlComplete'
  | 'gpadlTeardownComplete'
  | 'modifyComplete'
  | 'modifyConnectionComplete'
  | 'tlConnectComplete'
>

/** Answers what a server asks; what cannot be refused is done. Effects that want no answer are none of its business. */
export function answerEffect(server: AnsweredServer, effect: ServerEffect, ok: boolean): void {
  switch (effect.kind) {
    case 'open':
      server.openComplete(effect.offer, ok)
      break
    case 'close':
      server.closeComplete(effect.offer)
      break
    case 'gpadl':
      server.gpadlComplete(effect.offer, effect.gpadlId, ok)
      break
    case 'gpadl-teardown':
      server.gpadlTeardownComplete(effect.offer, effect.gpadlId)
      break
    case 'modify':
      server.modifyComplete(effect.offer, ok)
      break
    case 'modify-connection':
      server.modifyConnectionComplete(ok)
      break
    case 'tl-connect':
      server.tlConnectComplete(effect.endpointId, effect.serviceId, ok)
      break
  }
}
