import { describe, expect, it } from 'vitest'
import { pipeMessage } from '../src/channels/index.ts'
import { encodeVideo } from '../src/devices/video/index.ts'
import { type TestApi, vscSuite, vspSuite } from '../src/testing/index.ts'
import { VideoVsc } from '../src/vsc/video/index.ts'
import { VideoVsp } from '../src/vsp/video/index.ts'
import { location, request, situation } from './video-rig.ts'

const api: TestApi = { describe, it: (name, body) => it(name, { timeout: 30_000 }, body), expect }
const small = { width: 64, height: 48 }
const host = () => new VideoVsp({ resolutions: [small], vramMegabytes: 1 })

const pipe = (type: number, length: number, ...message: number[]) =>
  Uint8Array.of(type, 0, 0, 0, length, 0, 0, 0, ...message)

/** What is no pipe message, or no message at all. */
const unreadable = [pipe(0, 0), pipe(3, 0), pipe(1, 9, 1), Uint8Array.of(1), pipe(1, 8, 17, 0, 0, 0, 8, 0, 0, 0)]

describe('VideoVsp', () => {
  vspSuite(api, {
    make: host,
    driver: () => new VideoVsc(),
    garbage: [
      ...unreadable,
      ...[request, location(1n), situation({ width: 0 })].map((content) => pipeMessage(encodeVideo(content))),
    ],
  })
})

describe('VideoVsc', () => {
  const ack = encodeVideo({ type: 'VramLocationAck', body: { userContext: 5n } })
  vscSuite(api, {
    make: () => new VideoVsc(),
    host,
    use: async (driver) => {
      driver.canvas.text('hello', 1, 1)
      driver.flush()
      await driver.setMode(small)
    },
    garbage: [...unreadable, pipeMessage(ack)],
  })
})
