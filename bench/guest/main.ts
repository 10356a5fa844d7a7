import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LinuxGuest } from '../../src/guest/index.ts'
import { HeartbeatVsp } from '../../src/vsp/heartbeat.ts'
import { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import { MouseVsp } from '../../src/vsp/mouse.ts'
import { NetworkVsp } from '../../src/vsp/network/index.ts'
import { ShutdownVsp } from '../../src/vsp/shutdown.ts'
import { MemoryDisk, StorageVsp } from '../../src/vsp/storage/index.ts'
import { VideoVsp } from '../../src/vsp/video/index.ts'
import { hypercallLoop } from '../../test/guest/bare-program.ts'

// `npm run bench:guest`: times with a real kernel. They say what this machine does now, with whatever else it does.

const calls = 20_000
const beats = 300

function report(name: string, value: string): void {
  console.log(`${name.padEnd(56)} ${value}`)
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`
}

/** The middle one, and the one that one in a hundred is above, in microseconds. */
function spread(samples: readonly number[]): string {
  const sorted = [...samples].sort((a, b) => a - b)
  const at = (part: number) => (sorted[Math.floor(sorted.length * part)] ?? 0) * 1000
  return `${at(0.5).toFixed(0)} µs, 99 %: ${at(0.99).toFixed(0)} µs`
}

/** From the start of QEMU to /init, and until all devices are open. */
async function benchBoot(): Promise<void> {
  const heartbeat = new HeartbeatVsp()
  const offers = [
    new KeyboardVsp(),
    new MouseVsp(),
    heartbeat,
    new ShutdownVsp(),
    new StorageVsp({ disk: new MemoryDisk({ blocks: 2048 }) }),
    new NetworkVsp(),
    new VideoVsp(),
  ]
  let initAt = 0
  let openAt = 0
  const open = new Set<string>()
  await using guest = await LinuxGuest.boot({
    offers,
    onStart: (started) => {
      started.console.on('line', (line) => {
        if (line.startsWith('@@init')) initAt = started.elapsed
      })
      started.events.on('channel', ({ what, instanceId, time = 0 }) => {
        if (what !== 'opened') return
        open.add(instanceId)
        if (open.size === offers.length && openAt === 0) openAt = time
      })
    },
  })
  for (const device of offers) await guest.opened(device)
  report(`Linux ${guest.kernel}: to /init`, seconds(initAt))
  const ratio = openAt / initAt
  report(`to all ${offers.length} devices open`, `${seconds(openAt)}, ${ratio.toFixed(2)} of the former (aim: 1.5)`)
  if (heartbeat.agreed === undefined) await new Promise((resolve) => heartbeat.once('negotiated', resolve))
  const samples: number[] = []
  for (let beat = 0; beat < beats; beat++) {
    const startedAt = performance.now()
    const answered = new Promise((resolve) => heartbeat.once('beat', resolve))
    heartbeat.beat()
    await answered
    samples.push(performance.now() - startedAt)
  }
  report('interrupt, driver, answer, signal (a heartbeat)', spread(samples))
  const downAt = guest.elapsed
  await guest.shutdown()
  report('shutdown request to QEMU gone', seconds(guest.elapsed - downAt))
}

/** A guest that does nothing but hypercalls, which wait for their answer. */
async function benchHypercalls(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vmbus-bench-'))
  try {
    const file = join(folder, 'image')
    writeFileSync(file, hypercallLoop(calls))
    const times: number[] = []
    let madeAt = 0
    const inside: number[] = []
    await using guest = await LinuxGuest.boot({
      kernel: { file },
      onHypercall: (_vp, _registers, when) => {
        const now = performance.now()
        if (when === 'made') {
          times.push(now)
          madeAt = now
        } else inside.push(now - madeAt)
      },
    })
    await guest.exited
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time))
    report(`hypercall, from one to the next, of ${calls}`, spread(gaps))
    report('of that in the dispatcher and the hypervisor model', spread(inside))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

await benchHypercalls()
await benchBoot()
