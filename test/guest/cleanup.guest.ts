import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import { isShort } from './with-guest.ts'

const command = 'node_modules/.cache/vmbus/guest-cleanup.mjs'

describe.skipIf(isShort || !existsSync('/proc/self'))('nothing is left', () => {
  beforeAll(async () => {
    await build({
      entryPoints: ['src/cli/main.ts'],
      outfile: command,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      packages: 'external',
    })
  })

  it.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)('after %s to the process that runs a guest', async (signal) => {
    const before = filesOf()
    const child = spawn(process.execPath, [command, 'guest', '--device', 'keyboard', '--stay'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    await says(child, 'is up')
    // Files are gone by now; what is left is QEMU, and the shell that watches over it.
    expect(filesOf()).toEqual(before)
    const helpers = processesFrom(child.pid)
    expect(helpers.map(nameOf)).toEqual(['sh', 'qemu-system-aar'])
    child.kill(signal)
    await ended
    for (let round = 0; round < 100 && helpers.some(lives); round++) await wait(50)
    expect(helpers.filter(lives)).toEqual([])
    expect(filesOf()).toEqual(before)
  })
})

async function says(child: ChildProcess, text: string): Promise<void> {
  let said = ''
  for await (const chunk of child.stdout ?? []) {
    said += chunk
    if (said.includes(text)) {
      child.stdout?.resume()
      return
    }
  }
  throw new Error(`it ended, and said ${said}`)
}

/** Our files in shared memory, and our folders for temporary files. */
function filesOf(): string[] {
  const folders = ['/dev/shm', tmpdir()].filter(existsSync)
  return folders.flatMap((folder) => readdirSync(folder).filter((name) => name.startsWith('vmbus-guest-'))).sort()
}

/** What /proc/PID/stat says: name, state, parent. Source: proc(5). */
function stat(pid: number): { readonly name: string; readonly state: string; readonly parent: number } | undefined {
  try {
    const [, name = '', state = '', parent] =
      /\((.*)\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return { name, state, parent: Number(parent) }
  } catch {
    return undefined
  }
}

function nameOf(pid: number): string {
  return stat(pid)?.name ?? ''
}

function lives(pid: number): boolean {
  const state = stat(pid)?.state
  return state !== undefined && state !== 'Z'
}

/** The shell that a process has started, and the QEMU that this one has. */
function processesFrom(parent: number | undefined): number[] {
  const all = readdirSync('/proc').map(Number).filter(Number.isInteger)
  const shell = all.find((pid) => stat(pid)?.parent === parent)
  const qemu = all.find((pid) => stat(pid)?.parent === shell && nameOf(pid).startsWith('qemu'))
  return [shell, qemu].filter((pid) => pid !== undefined)
}
