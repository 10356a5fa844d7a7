import type { GuestMemory } from '../../memory/index.ts'
import type { Violation } from '../../vmbus/violation.ts'
import { type Infer, isWireError, type Sender, type StructSchema } from '../../wire/index.ts'
import type { Pump } from '../pump.ts'
import { FrameSplitter } from './frame-splitter.ts'
import {
  ByeFrame,
  ByeReason,
  ExplanationFrame,
  encodeFrame,
  Frame,
  FrameHeader,
  FrameRole,
  frameVersion,
  HelloFrame,
  maxFrameSize,
} from './frames.ts'

/** How a connection ended: the peer said so, is gone without a word, broke the protocol; or this end did. */
export interface FrameEnd {
  /** Whether it was said, broken, or cut. */
  readonly how: 'bye' | 'gone' | 'violation' | 'closed'
  /** See `ByeReason`. */
  readonly reason: number
  /** For people. */
  readonly text: string
  /** What the peer did wrong, if that ended it. */
  readonly violation?: Violation
}

/** What an end of a connection is made with. */
export interface FrameConnectionOptions {
  /** The memory that both ends share, from its first byte on. */
  readonly memory: GuestMemory
  readonly pump: Pump
  /** Takes a frame for the peer; the bytes are its own. */
  readonly send: (frame: Uint8Array) => void
  /** The connection has ended, once; nothing is sent after it. */
  readonly ended: (end: FrameEnd) => void
  /** What this end waits for, if the peer asks. */
  readonly explain?: () => readonly string[]
  /** What the peer said when it was asked. */
  readonly explained?: (lines: readonly string[]) => void
}

/** What a hello tells of the guest: its own says it, the host's agrees to it. */
export type GuestTraits = Omit<Infer<typeof HelloFrame>, 'header' | 'magic' | 'version' | 'role'>

/** A text that fits a frame behind `before` bytes. */
function textOf(text: string, before: number): Uint8Array {
  return new TextEncoder().encode(text).subarray(0, maxFrameSize - before)
}

/**
 * One end of the process transport, without I/O: bytes of the peer in, frames out. What the peer does wrong is a {@link Violation} that ends
 * the connection and nothing else.
 */
export abstract class FrameConnection {
  readonly #options: FrameConnectionOptions
  readonly #role: Sender
  readonly #splitter = new FrameSplitter()
  #hasBegun = false
  #isGreeted = false
  #end: FrameEnd | undefined

  constructor(role: Sender, options: FrameConnectionOptions) {
    this.#role = role
    this.#options = options
  }

  /** How it ended, if it has. */
  get end(): FrameEnd | undefined {
    return this.#end
  }

  /** What the peer has to do now, if anything: one that does not do it is stalled. */
  get awaits(): string | undefined {
    if (this.#end !== undefined) return undefined
    if (!this.#isGreeted) return 'its hello'
    return this.#splitter.pending > 0 ? 'the rest of a frame' : this.owed
  }

  /** Says hello first: for the end that connected. */
  begin(): void {
    this.#hasBegun = true
    this.#sayHello(frameVersion, undefined)
  }

  /** The peer's next bytes. */
  receive(chunk: Uint8Array): void {
    if (this.#end !== undefined) return
    const violation = this.#splitter.push(chunk, (bytes) => this.#frame(bytes))
    if (violation !== undefined) this.#fail(violation)
  }

  /** The way to the peer is gone. */
  disconnected(): void {
    this.#finish({ how: 'gone', reason: ByeReason.Done, text: 'gone without a word' })
  }

  /** Says why, and ends the connection. */
  close(reason: number = ByeReason.Done, text = ''): void {
    if (this.#end !== undefined) return
    this.#bye(reason, text)
    this.#finish({ how: 'closed', reason, text })
  }

  /** What the peer of a greeted connection owes. */
  protected abstract get owed(): string | undefined

  /** This end's hello, as the first or as the answer to the peer's. */
  protected abstract hello(answered: HelloFrame | undefined): GuestTraits

  /** The peer's hello came. Answers what is wrong with it. */
  protected abstract greeted(hello: HelloFrame): Violation | undefined

  /** A frame of a greeted peer. Answers what is wrong with it. */
  protected abstract handle(frame: Frame): Violation | undefined

  /** The connection is over: let go of everything. */
  protected abstract finished(): void

  protected send<S extends StructSchema>(schema: S, value: Omit<Infer<S>, 'header'>, tag = 0): void {
    if (this.#end === undefined) this.#options.send(encodeFrame(schema, value, tag))
  }

  #frame(bytes: Uint8Array): boolean {
    const violation = this.#take(bytes)
    if (violation !== undefined) this.#fail(violation)
    return this.#end === undefined
  }

  #take(bytes: Uint8Array): Violation | undefined {
    let frame: Frame
    try {
      frame = Frame.decode(bytes)
    } catch (error) {
      if (!isWireError(error)) throw error
      const { code, path, offset, why } = error
      return { rule: 'bad-frame', code, field: path, offset, why }
    }
    if (frame.type === 'ByeFrame') {
      this.#finish({ how: 'bye', reason: frame.reason, text: new TextDecoder().decode(frame.text) })
      return undefined
    }
    if (!this.#isGreeted) return this.#greet(frame)
    switch (frame.type) {
      case 'HelloFrame':
        return frameViolation('frame-hello', 'STATE', 'a second hello')
      case 'ExplainFrame': {
        const text = textOf((this.#options.explain?.() ?? []).join('\n'), FrameHeader.size)
        this.send(ExplanationFrame, { text }, frame.header.tag)
        return undefined
      }
      case 'ExplanationFrame':
        this.#options.explained?.(new TextDecoder().decode(frame.text).split('\n'))
        return undefined
      case 'UnknownFrame':
        return frameViolation('frame-type', 'TYPE', `no frame: type ${frame.header.frameType}`)
      default:
        return this.handle(frame)
    }
  }

  #greet(frame: Frame): Violation | undefined {
    if (frame.type !== 'HelloFrame') return frameViolation('frame-hello', 'STATE', 'no hello')
    if (frame.role === FrameRole[this.#role]) return frameViolation('frame-role', 'RANGE', `a second ${this.#role}`)
    if (frame.version < 1 || (this.#hasBegun && frame.version > frameVersion)) {
      this.close(ByeReason.Version, `version ${frame.version}, and this end speaks ${frameVersion}`)
      return undefined
    }
    this.#isGreeted = true
    const violation = this.greeted(frame)
    if (violation === undefined && !this.#hasBegun) this.#sayHello(Math.min(frame.version, frameVersion), frame)
    return violation
  }

  #sayHello(version: number, answered: HelloFrame | undefined): void {
    this.send(HelloFrame, { ...this.hello(answered), version, role: FrameRole[this.#role] })
  }

  #fail(violation: Violation): void {
    if (this.#end !== undefined) return
    const text = `${violation.rule}: ${violation.why}`
    this.#bye(ByeReason.Violation, text)
    this.#finish({ how: 'violation', reason: ByeReason.Violation, text, violation })
  }

  #bye(reason: number, text: string): void {
    this.send(ByeFrame, { reason, text: textOf(text, FrameHeader.size + 4) })
  }

  #finish(end: FrameEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.finished()
    this.#options.ended(end)
  }
}

/** A violation of the frame protocol that no single field gave away, or that `field` did. */
export function frameViolation(rule: string, code: Violation['code'], why: string, field = ''): Violation {
  return { rule, code, field, offset: 0, why }
}
