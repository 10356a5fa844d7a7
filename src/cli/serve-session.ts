import {
  ByeReason,
  FrameCapabilities,
  type FrameEnd,
  type Guest,
  type GuestTransport,
  type HelloFrame,
  type Host,
  type HostTransport,
} from '../channels/index.ts'
import { LoneRecording } from '../trace/index.ts'
import { deviceName } from '../vmbus/device-ids.ts'
import { versionText } from '../vmbus/versions.ts'
import { type Call, InputError } from './command.ts'
import { traceLive } from './live-trace.ts'
import { numberedFile, writeRecording } from './output.ts'
import { note, print } from './terminal.ts'
import { packageVersion } from './version.ts'

/** All connections of one `vmbus serve`, in the order in which they said hello. */
export class ServeSessions {
  /** Whether a connection ended as none should. */
  wentWrong = false
  /** Connections that have ended. */
  ended = 0
  /** Connections that are there. */
  open = 0
  /** Called at the end of each. */
  onEnd: (() => void) | undefined
  readonly #call: Call
  readonly #version: number
  #count = 0

  constructor(call: Call, version: number) {
    this.#call = call
    this.#version = version
  }

  begin(): ServeSession {
    this.#count += 1
    this.open += 1
    return new ServeSession(this.#call, this.#version, this.#count)
  }

  /** @param session what {@link begin} answered; of one that never said hello nothing. */
  end(end: FrameEnd, session: ServeSession | undefined): void {
    const { how, reason, text } = end
    const isGood = how !== 'gone' && reason === ByeReason.Done
    const line = how === 'bye' ? `bye${text === '' ? '' : `: ${text}`}` : isGood && how === 'closed' ? 'closed' : text
    if (!isGood) this.wentWrong = true
    this.ended += 1
    if (session === undefined) print(`somebody who said no hello: ${line}`)
    else {
      this.open -= 1
      session.end(line)
    }
    this.onEnd?.()
  }
}

/** What is said of one connection, and its recording. */
export class ServeSession {
  hasEnded = false
  readonly #call: Call
  readonly #number: number
  readonly #peer: string
  readonly #recording: LoneRecording
  #waits = ''

  constructor(call: Call, version: number, number: number) {
    this.#call = call
    this.#number = number
    this.#peer = call.has('guest') ? 'host' : 'guest'
    const start = performance.now()
    this.#recording = new LoneRecording({
      now: () => (performance.now() - start) / 1000,
      about: { name: `vmbus serve, ${this.#peer} ${number}` },
      config: { version: versionText(version), features: 0, package: packageVersion() },
    })
  }

  get #isRecorded(): boolean {
    return this.#call.option('record') !== undefined
  }

  /** Its name where people see it: `guest 1`. */
  get name(): string {
    return `${this.#peer} ${this.#number}`
  }

  say(line: string): void {
    if (!this.hasEnded) print(`${this.name}: ${line}`)
  }

  wrapHost(transport: HostTransport): HostTransport {
    return this.#isRecorded ? this.#recording.wrapHost(transport) : transport
  }

  wrapGuest(transport: GuestTransport): GuestTransport {
    return this.#isRecorded ? this.#recording.wrapGuest(transport) : transport
  }

  /** Says from now on what happens at our end. */
  follow(end: Host | Guest, { capabilities, version, vps }: HelloFrame): void {
    const speech = (capabilities & FrameCapabilities.registers) === 0 ? 'messages' : 'hypercalls'
    this.say(`hello: frames of version ${version}, ${speech}, ${vps === 1 ? '1 VP' : `${vps} VPs`}`)
    if (this.#isRecorded) this.#recording.follow(end)
    if (this.#call.has('trace')) traceLive(end, print)
    end.events.on('connection', ({ what, version, why }) => {
      if (what === 'connected' && version !== undefined) this.say(`VMBus ${versionText(version)}`)
      else if (what === 'disconnected') this.say('VMBus is unloaded')
      else if (what === 'failed') this.say(`no VMBus: ${why}`)
    })
    end.events.on('channel', ({ what, interfaceId, channelId, why }) => {
      if (what === 'offered' || what === 'opening') return
      const name = deviceName(interfaceId) ?? interfaceId
      this.say(`channel ${channelId}, ${name}: ${what}${why === undefined ? '' : ` (${why})`}`)
    })
    end.events.on('violation', ({ violation }) => this.say(`violation: ${violation.rule}: ${violation.why}`))
  }

  /** Nothing is left to do until the other end does something. */
  quiet(end: Host | Guest): void {
    if (!this.#call.has('explain')) return
    const waits = end.explain().join('; ')
    if (waits === this.#waits) return
    this.#waits = waits
    this.say(`waits: ${waits}`)
  }

  end(line: string): void {
    this.say(line)
    this.hasEnded = true
    const file = this.#call.option('record')
    if (file === undefined) return
    try {
      writeRecording(this.#recording, numberedFile(file, this.#number))
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      note(`vmbus: ${error.message}`)
    }
  }
}
