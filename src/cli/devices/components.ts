import { ApplicationState } from '../../devices/heartbeat.ts'
import { hostTimeOf, unixMillisecondsOf } from '../../devices/timesync.ts'
import { HeartbeatVsc } from '../../vsc/heartbeat.ts'
import { ShutdownVsc } from '../../vsc/shutdown.ts'
import { TimeSyncVsc } from '../../vsc/timesync.ts'
import { HeartbeatVsp } from '../../vsp/heartbeat.ts'
import { ShutdownVsp } from '../../vsp/shutdown.ts'
import { TimeSyncVsp, timeSamplePeriod } from '../../vsp/timesync.ts'
import { type DeviceChoice, every, news, only } from './choice.ts'
import type { Settings } from './settings.ts'

/** Seconds between beats, as on Hyper-V. */
const beatPeriod = 2
/** Milliseconds that this guest takes to switch itself off. */
const leavingTime = 100
/** Longest time in seconds that a setting takes: a day. */
const mostSeconds = 86_400

function seconds(settings: Settings, name: string): number | undefined {
  return settings.fraction(name, mostSeconds)
}

export const heartbeatChoice: DeviceChoice = {
  help: 'asks the guest whether it lives, and says what has changed',
  isStock: true,
  vsp: {
    settings: { period: { value: 'SECONDS', help: `from beat to beat; default ${beatPeriod}, 0: no beats` } },
    prepare(settings, siblings) {
      only('heartbeat', siblings)
      const period = seconds(settings, 'period') ?? beatPeriod
      return ({ say }) => {
        const heartbeat = new HeartbeatVsp()
        const tell = news(say)
        heartbeat.on('failed', say)
        heartbeat.on('beat', ({ applicationState, status }) => {
          const [state] = Object.entries(ApplicationState).find(([, value]) => value === applicationState) ?? ['']
          const applications = applicationState === 0 ? '' : `, applications ${state.toLowerCase() || applicationState}`
          tell(status === 0 ? `the guest lives${applications}` : `the guest answers 0x${status.toString(16)}`)
        })
        heartbeat.on('missed', (missed) => tell(`no answer to ${missed === 1 ? 'a beat' : `${missed} beats`}`))
        if (period > 0) heartbeat.on('negotiated', () => heartbeat.beat())
        every(heartbeat, period, () => heartbeat.beat())
        return heartbeat
      }
    },
  },
  vsc: {
    settings: {},
    prepare:
      () =>
      ({ say }) => {
        const heartbeat = new HeartbeatVsc()
        heartbeat.on('beat', (sequence) => say(`beat ${sequence}`))
        return heartbeat
      },
  },
}

export const shutdownChoice: DeviceChoice = {
  help: 'asks the guest to shut down, on Ctrl-C',
  isStock: true,
  vsp: {
    settings: { after: { value: 'SECONDS', help: 'ask by itself, so long after the guest is ready for it' } },
    prepare(settings, siblings) {
      only('shutdown', siblings)
      const after = seconds(settings, 'after')
      return ({ say }) => {
        const shutdown = new ShutdownVsp()
        shutdown.on('failed', say)
        shutdown.on('negotiated', () => say('the guest can be asked to shut down'))
        shutdown.on('answered', (status) => {
          if (status === undefined) say('the guest closed it instead of answering')
          else say(status === 0 ? 'the guest will shut down' : `the guest will not: 0x${status.toString(16)}`)
        })
        let timer: NodeJS.Timeout | undefined
        shutdown.on('negotiated', () => {
          if (after !== undefined) timer = setTimeout(() => shutdown.request(), after * 1000)
        })
        shutdown.on('close', () => clearTimeout(timer))
        return shutdown
      }
    },
  },
  vsc: {
    settings: {},
    prepare:
      () =>
      ({ say, leave }) => {
        const shutdown = new ShutdownVsc()
        shutdown.on('shutdown', ({ action, isForced, text }) => {
          say(`the host wants us to ${action}${isForced ? ' at once' : ''}${text === '' ? '' : `: ${text}`}`)
          // Its answer goes first.
          setTimeout(leave, leavingTime)
        })
        return shutdown
      },
  },
}

export const timeSyncChoice: DeviceChoice = {
  help: 'tells the guest the time',
  isStock: true,
  vsp: {
    settings: { period: { value: 'SECONDS', help: `from time to time; default ${timeSamplePeriod / 1000}, 0: once` } },
    prepare(settings, siblings) {
      only('timesync', siblings)
      const period = seconds(settings, 'period') ?? timeSamplePeriod / 1000
      return ({ say, referenceTime }) => {
        const now = () => ({ hostTime: hostTimeOf(Date.now()), referenceTime: referenceTime() })
        const time = new TimeSyncVsp({ now })
        const tell = news(say)
        time.on('failed', say)
        time.on('answered', (status) =>
          tell(status === 0 ? 'the guest took the time' : `the guest does not take it: 0x${status.toString(16)}`),
        )
        every(time, period, () => time.sample())
        return time
      }
    },
  },
  vsc: {
    settings: {},
    prepare:
      () =>
      ({ say }) => {
        const time = new TimeSyncVsc()
        time.on('time', ({ hostTime, isSync }) => {
          const text = new Date(unixMillisecondsOf(hostTime))
          say(`it is ${Number.isNaN(text.getTime()) ? hostTime : text.toISOString()}${isSync ? ', set the clock' : ''}`)
        })
        return time
      },
  },
}
