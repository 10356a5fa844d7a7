import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parseCall } from '../src/cli/command.ts'
import { serveCommand } from '../src/cli/serve.ts'
import { parseTranscript, replay } from '../src/trace/index.ts'

const root = new URL('..', import.meta.url).pathname
const source = join(root, 'examples/c/keyboard.c')
const folder = mkdtempSync(join(tmpdir(), 'vmbus-serve-'))
const client = join(folder, 'keyboard')
// Beside the packages that it imports.
const main = join(root, `node_modules/.cache/vmbus/serve-test-${process.pid}.mjs`)
const hasCompiler = spawnSync('cc', ['--version']).status === 0

beforeAll(async () => {
  await build({
    entryPoints: [join(root, 'src/cli/main.ts')],
    outfile: main,
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', packages: 'external' },
  })
}, 60_000)
afterAll(() => {
  rmSync(folder, { recursive: true })
  rmSync(main)
})

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

const socket = join(folder, 's')
const memory = join(folder, 'ram')

/** Runs `vmbus serve` in a process of its own, at the usual place. */
function serve(...args: readonly string[]) {
  const place = args.includes('--connect') ? [] : ['--listen', `unix:${socket}`]
  return run(...place, '--memory', memory, '--size', '16M', ...args)
}

function run(...args: readonly string[]) {
  const child = spawn(process.execPath, [main, 'serve', ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  running.push(child)
  const lines: string[] = []
  const watchers = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    for (const watcher of watchers) watcher()
  })
  const status = new Promise<number | null>((resolve) => child.once('close', resolve))
  /** Resolves when a line has come that contains the text; fails when the process ends before. */
  const line = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.find((each) => each.includes(text))
        if (found !== undefined) resolve(found)
      }
      watchers.add(look)
      look()
      void status.then(() => reject(new Error(`no line "${text}" in:\n${lines.join('\n')}`)))
    })
  return { child, lines, line, status }
}

function runClient(): Promise<{ status: number | null; out: string }> {
  const child = spawn(client, [socket, memory], { stdio: ['ignore', 'pipe', 'inherit'] })
  running.push(child)
  let out = ''
  child.stdout.on('data', (chunk: Uint8Array) => {
    out += new TextDecoder().decode(chunk)
  })
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, out })))
}

const conversation = [
  'version 5.3',
  'channel 1 is open',
  'the keyboard accepts version 1.0',
  'key 1e down',
  'key 1e up',
  '',
].join('\n')

describe.skipIf(!hasCompiler)('vmbus serve and the client in C', () => {
  beforeAll(() => {
    const args = ['-std=c11', '-O2', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-o', client, source]
    const { status, stderr } = spawnSync('cc', args)
    expect([status, stderr.toString()]).toEqual([0, ''])
  })

  it('is under 200 lines', () => {
    expect(readFileSync(source, 'utf8').trimEnd().split('\n').length).toBeLessThan(200)
  })

  it('negotiates, opens the keyboard and reads a key; the recording replays without a difference', async () => {
    const file = join(folder, 'recorded.json')
    const server = serve('--device', 'keyboard,keys=1e', '--once', '--explain', '--record', file)
    await server.line('listening on')
    expect(await runClient()).toEqual({ status: 0, out: conversation })
    expect(await server.status).toBe(0)
    expect(server.lines).toContain('guest 1: VMBus 5.3')
    expect(server.lines).toContain('guest 1: keyboard: the driver is ready')
    expect(server.lines).toContain('guest 1: waits: guest connected at 5.3: RequestOffers')
    expect(server.lines.at(-1)).toBe('guest 1: bye')
    const { summary } = replay(parseTranscript(readFileSync(file, 'utf8')))
    expect([summary.faults, summary.differences.matter]).toEqual([0, 0])
    rmSync(file)
    expect(readdirSync(folder)).toEqual(['keyboard'])
  }, 60_000)

  it('serves one after the other, also after one that sent garbage and one that died; Ctrl-C leaves no file', async () => {
    const server = serve('--device', 'keyboard,keys=1e', '--seed', '7')
    await server.line('listening on')
    connect(socket).end('this is no frame at all')
    await server.line('somebody who said no hello: frame-length')
    expect(await runClient()).toEqual({ status: 0, out: conversation })
    await server.line('guest 1: bye')
    // Its hello, and then nothing: killed.
    const dying = connect(socket)
    dying.write(
      Uint8Array.from('2800000001000000564d42460100010000000000010000000000000000000000'.match(/../g) ?? [], hexByte),
    )
    dying.write(new Uint8Array(8))
    await server.line('guest 2: hello')
    dying.destroy()
    await server.line('guest 2: gone without a word')
    expect(await runClient()).toEqual({ status: 0, out: conversation })
    await server.line('guest 3: bye')
    server.child.kill('SIGINT')
    expect(await server.status).toBe(0)
    expect(readdirSync(folder)).toEqual(['keyboard'])
  }, 60_000)
})

describe('vmbus serve', () => {
  it('lends our guest to a foreign host: one of ours, in another process', async () => {
    const guest = serve('--guest', '--device', 'keyboard', '--once', '--version', '5.2')
    await guest.line('listening on')
    const { connectProcess, FileMemory } = await import('../src/node/index.ts')
    const { FrameHost, Pump } = await import('../src/channels/index.ts')
    const { createHost } = await import('../src/index.ts')
    const { KeyboardVsp } = await import('../src/vsp/keyboard.ts')
    const shared = FileMemory.open(memory)
    const pump = new Pump()
    const connection = await connectProcess(
      { path: socket },
      {
        accept: (send, ended) =>
          new FrameHost({
            ...{ memory: shared, pump, send, ended, keepsBits: true },
            connected: (transport) => {
              const keyboard = new KeyboardVsp()
              createHost({ transport, pump }).offer(keyboard)
              keyboard.type(0x1e)
            },
          }),
        failed: (error) => {
          throw error
        },
      },
    )
    await guest.line('host 1: VMBus 5.2')
    await guest.line('host 1: keyboard: down 0x1e')
    await guest.line('host 1: keyboard: up 0x1e')
    connection.close()
    expect(await guest.status).toBe(0)
    shared.close()
    expect([existsSync(socket), existsSync(memory)]).toEqual([false, false])
  }, 60_000)

  it('is host and guest of each other; Ctrl-C asks the guest to shut down, and it does', async () => {
    const file = join(folder, 'both.json')
    const png = join(folder, 'screen.png')
    const host = serve(
      ...['--device', `keyboard,mouse,shutdown,video,png=${png}`, '--device', 'heartbeat'],
      ...['--input', 'type "a"', '--record', file],
    )
    await host.line('listening on')
    const guest = serve(
      ...[
        '--guest',
        '--connect',
        `unix:${socket}`,
        '--device',
        'keyboard,mouse,shutdown',
        '--device',
        'heartbeat,video',
      ],
    )
    await guest.line('connected to')
    await guest.line('host 1: keyboard: up 0x1e')
    await host.line('guest 1: the input is done')
    await host.line('guest 1: heartbeat: the guest lives')
    await host.line('guest 1: shutdown: the guest can be asked to shut down')
    await host.line('guest 1: video: 1024×768')
    host.child.kill('SIGINT')
    await guest.line('host 1: shutdown: the host wants us to power-off')
    expect(await guest.status).toBe(0)
    expect(await host.status).toBe(0)
    expect(host.lines.slice(-1)).toEqual(['guest 1: bye'])
    const { summary } = replay(parseTranscript(readFileSync(file, 'utf8')))
    expect([summary.faults, summary.differences.matter]).toEqual([0, 0])
    expect(existsSync(png)).toBe(true)
    for (const each of [file, png]) rmSync(each)
    expect(readdirSync(folder).filter((name) => name !== 'keyboard')).toEqual([])
  }, 60_000)

  it('serves several guests at a time, each at its own socket with its own memory', async () => {
    const [otherSocket, otherMemory] = [join(folder, 's2'), join(folder, 'ram2')]
    const host = serve(...['--device', 'echo', '--once', '--listen', `unix:${otherSocket}`, '--memory', otherMemory])
    await host.line(`listening on unix:${otherSocket}`)
    const guests = [
      [socket, memory],
      [otherSocket, otherMemory],
    ].map(([path, file]) =>
      run('--guest', '--connect', `unix:${path}`, '--memory', String(file), '--device', 'echo,text=hi'),
    )
    for (const guest of guests) await guest.line('echo: "hi" came back')
    for (const guest of guests) guest.child.kill('SIGTERM')
    for (const guest of guests) expect(await guest.status).toBe(0)
    expect(await host.status).toBe(0)
    expect(host.lines.filter((line) => line.endsWith('hello: frames of version 1, messages, 1 VP')).toSorted()).toEqual(
      ['guest 1: hello: frames of version 1, messages, 1 VP', 'guest 2: hello: frames of version 1, messages, 1 VP'],
    )
    expect([existsSync(otherSocket), existsSync(otherMemory)]).toEqual([false, false])
  }, 60_000)

  it('ends with status 1 when its one peer broke the protocol or stalled', async () => {
    const server = serve('--device', 'echo', '--once', '--patience', '0')
    await server.line('listening on')
    const peer = connect(socket)
    peer.resume()
    expect(await server.status).toBe(1)
    expect(server.lines.at(-1)).toBe('somebody who said no hello: stalled: its hello does not come')
  }, 60_000)

  it('says what is wrong with its words', async () => {
    const fail = (...args: readonly string[]) =>
      Promise.resolve(serveCommand.run(parseCall(serveCommand, args))).then(
        (status) => `status ${status}`,
        (error: Error) => `${error.name}: ${error.message}`,
      )
    const place = ['--listen', `unix:${socket}`, '--memory', memory]
    expect(await fail('--device', 'echo')).toBe('UsageError: --listen takes unix:PATH')
    expect(await fail(...place)).toMatch(/^UsageError: --device takes keyboard, .*echo$/)
    expect(await fail(...place, '--device', 'echo', '--connect', 'unix:x')).toBe(
      'UsageError: either --listen or --connect',
    )
    expect(await fail(...place, '--device', 'echo', '--memory', 'x')).toBe(
      'UsageError: each place needs a --memory of its own',
    )
    expect(await fail(...place, '--device', 'echo', '--guest', '--display')).toMatch(
      /^UsageError: --input and --display/,
    )
    expect(await fail(...place, '--device', 'echo', '--display')).toMatch(/^UsageError: --display needs the devices/)
    expect(await fail(...place, '--device', 'echo', '--record', '/no/such/x')).toMatch(/^InputError: .*no folder/)
    expect(await fail('--connect', `unix:${folder}/no`, ...place.slice(2), '--device', 'echo')).toMatch(
      /^InputError: .*ENOENT/,
    )
    expect(await fail(...place, '--device', 'echo', '--size', '5')).toMatch(/^UsageError: --size takes pages/)
    expect(await fail(...place.slice(0, 3), join(folder, 'no/ram'), '--device', 'echo')).toMatch(
      /^InputError: .*ENOENT/,
    )
    expect(await fail('--listen', `unix:${folder}/no/s`, ...place.slice(2), '--device', 'echo')).toMatch(
      /^InputError: /,
    )
    const old = join(folder, 'old')
    writeFileSync(old, new Uint8Array(0x2_0000))
    expect(await fail('--memory', old, '--size', '64K', ...place.slice(0, 2), '--device', 'echo')).toMatch(
      /^InputError: .*131072/,
    )
    expect(readFileSync(old).length).toBe(0x2_0000)
    rmSync(old)
    expect([existsSync(socket), existsSync(memory)]).toEqual([false, false])
  }, 60_000)
})

function hexByte(pair: string): number {
  return Number.parseInt(pair, 16)
}
