import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ByeFrame,
  encodeFrame,
  Frame,
  type FrameEnd,
  FrameGuest,
  FrameHost,
  FrameSplitter,
  HelloFrame,
  Pump,
} from '../src/channels/index.ts'
import { createGuest, createHost, type Guest, type Host } from '../src/index.ts'
import {
  connectProcess,
  FileMemory,
  type HostSession,
  ProcessGuest,
  ProcessHost,
  type ProcessHostOptions,
} from '../src/node/index.ts'
import { KeyboardVsc } from '../src/vsc/keyboard.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A folder for one test, which must be empty when everything in it is closed. */
function folder() {
  const path = mkdtempSync(join(tmpdir(), 'vmbus-process-'))
  const memory = FileMemory.open(join(path, 'ram'), { size: 0x10_0000 })
  cleanups.push(() => {
    memory.close()
    rmSync(join(path, 'ram'))
    const left = readdirSync(path)
    rmSync(path, { recursive: true })
    expect(left).toEqual([])
  })
  return { path, socket: join(path, 'socket'), memory }
}

/** A host with a keyboard that listens, and the ends of its connections as they come. */
async function servingHost(more: Partial<ProcessHostOptions> = {}) {
  const { socket, memory, path } = folder()
  const server = new ProcessHost({ path: socket, memory, devices: () => [new KeyboardVsp()], ...more })
  const ends = events<FrameEnd>()
  server.on('ended', (end) => ends.push(end))
  await server.listen()
  cleanups.push(() => server.close())
  return { server, socket, memory, path, ends }
}

/** Events that can be waited for, one after the other. */
function events<T>() {
  const ready: T[] = []
  const waiting: ((value: T) => void)[] = []
  return {
    push: (value: T) => {
      const next = waiting.shift()
      if (next === undefined) ready.push(value)
      else next(value)
    },
    next: (): Promise<T> => {
      const value = ready.shift()
      return value === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(value)
    },
  }
}

/** A guest of ours that connects to a host that listens. */
async function connectGuest(path: string, memory: FileMemory) {
  const pump = new Pump()
  const ends = events<FrameEnd>()
  const connected = events<Guest>()
  const connection = await connectProcess(
    { path },
    {
      accept: (send, over) =>
        new FrameGuest({
          memory,
          pump,
          send,
          keepsBits: true,
          ended: (end) => {
            over(end)
            ends.push(end)
          },
          connected: (transport) => connected.push(createGuest({ transport, pump })),
        }),
      failed: (error) => {
        throw error
      },
    },
  )
  return { connection, ends, guest: await connected.next() }
}

/** A peer that sends bytes of the test's; `frames` is what comes back. */
async function rawPeer(path: string) {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const made = connect(path, () => resolve(made))
    made.once('error', reject)
  })
  const splitter = new FrameSplitter()
  const frames = events<Frame>()
  socket.on('data', (chunk: Uint8Array) => {
    splitter.push(chunk, (bytes) => {
      frames.push(Frame.decode(bytes.slice()))
      return true
    })
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  cleanups.push(() => socket.destroy())
  return { socket, frames, closed }
}

const hello = encodeFrame(HelloFrame, {
  ...{ version: 1, role: 1, architecture: 0, capabilities: 0, vps: 1, memoryBase: 0n, memorySize: 0n },
})

/** Drives a keyboard through a guest: answers the key codes that arrived. */
async function typed(guest: Guest, session: HostSession): Promise<number[]> {
  const keys = events<number>()
  const driver = new KeyboardVsc()
  driver.on('key', ({ code }) => keys.push(code))
  await guest.attach(driver)
  const [keyboard] = session.devices
  if (keyboard instanceof KeyboardVsp) keyboard.type(0x1e, 0x30)
  return [await keys.next(), await keys.next(), await keys.next(), await keys.next()]
}

describe('a host that listens on a socket', () => {
  it('serves guests one after the other: each has devices of its own', async () => {
    const { server, socket, memory, ends } = await servingHost()
    const sessions = events<HostSession>()
    server.on('connected', (session) => sessions.push(session))
    for (let round = 0; round < 2; round++) {
      const { guest, connection } = await connectGuest(socket, memory)
      expect(await typed(guest, await sessions.next())).toEqual([0x1e, 0x1e, 0x30, 0x30])
      connection.close()
      expect(await ends.next()).toEqual({ how: 'bye', reason: 0, text: '' })
    }
  })

  it('goes on after a guest that sends garbage, and one that dies in the middle of a frame', async () => {
    const { server, socket, memory, ends } = await servingHost()
    const garbage = await rawPeer(socket)
    garbage.socket.write('GET / HTTP/1.1\r\n\r\n')
    expect(await ends.next()).toMatchObject({ how: 'violation', violation: { rule: 'frame-length' } })
    expect(await garbage.frames.next()).toMatchObject({ type: 'ByeFrame', reason: 1 })
    await garbage.closed
    const dying = await rawPeer(socket)
    dying.socket.write(hello)
    expect(await dying.frames.next()).toMatchObject({ type: 'HelloFrame', role: 0 })
    dying.socket.write(Uint8Array.of(20, 0, 0))
    dying.socket.destroy()
    expect(await ends.next()).toEqual({ how: 'gone', reason: 0, text: 'gone without a word' })
    const sessions = events<HostSession>()
    server.on('connected', (session) => sessions.push(session))
    const { guest } = await connectGuest(socket, memory)
    expect((await typed(guest, await sessions.next())).length).toBe(4)
  })

  it('ends a connection that stalls: no hello, half a frame', async () => {
    const { socket, ends } = await servingHost({ patience: 20 })
    const silent = await rawPeer(socket)
    expect(await ends.next()).toMatchObject({ how: 'closed', reason: 3, text: 'stalled: its hello does not come' })
    expect(await silent.frames.next()).toMatchObject({ type: 'ByeFrame', reason: 3 })
    const slow = await rawPeer(socket)
    slow.socket.write(hello)
    slow.socket.write(Uint8Array.of(20))
    expect(await ends.next()).toMatchObject({ text: 'stalled: the rest of a frame does not come' })
  })

  it('tells a second guest that it is busy', async () => {
    const { socket } = await servingHost()
    const first = await rawPeer(socket)
    first.socket.write(hello)
    await first.frames.next()
    const second = await rawPeer(socket)
    expect(await second.frames.next()).toMatchObject({ type: 'ByeFrame', reason: 4 })
    await second.closed
  })

  it('ends a connection on which a device throws, and goes on', async () => {
    class Faulty extends KeyboardVsp {
      protected override onMessage(): void {
        throw new Error('a bug')
      }
    }
    const { server, socket, memory, ends } = await servingHost({ devices: () => [new Faulty()] })
    const failures = events<unknown>()
    server.on('failed', (error) => failures.push(error))
    for (let round = 0; round < 2; round++) {
      const { guest, ends: guestEnds } = await connectGuest(socket, memory)
      const attached = guest.attach(KeyboardVsc).catch((error: unknown) => error)
      expect(await failures.next()).toEqual(new Error('a bug'))
      expect(await ends.next()).toMatchObject({ how: 'closed', reason: 5 })
      expect(await guestEnds.next()).toMatchObject({ how: 'bye', reason: 5 })
      guest.close()
      expect(await attached).toBeInstanceOf(Error)
    }
  })

  it('says goodbye when it is closed, and leaves no file', async () => {
    const { server, socket } = await servingHost()
    const peer = await rawPeer(socket)
    peer.socket.write(hello)
    await peer.frames.next()
    await Promise.all([server.close(), peer.closed])
    expect(await peer.frames.next()).toMatchObject({ type: 'ByeFrame', reason: 0 })
    expect(existsSync(socket)).toBe(false)
  })

  it('takes over the socket of a process that is dead, and refuses that of one that lives, and any other file', async () => {
    const { path } = folder()
    const socket = join(path, 'old')
    const killed = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
    expect(spawnSync(process.execPath, ['-e', killed, socket]).signal).toBe('SIGKILL')
    expect(existsSync(socket)).toBe(true)
    const memory = FileMemory.open(join(path, 'ram'))
    const options = { path: socket, memory, devices: () => [] }
    const server = new ProcessHost(options)
    await server.listen()
    await expect(new ProcessHost(options).listen()).rejects.toThrow('EADDRINUSE')
    await expect(new ProcessHost({ ...options, path: join(path, 'ram') }).listen()).rejects.toThrow('EADDRINUSE')
    await server.close()
    memory.close()
    expect(existsSync(socket)).toBe(false)
  })
})

describe('a guest that listens on a socket', () => {
  it('has its drivers served by a foreign host', async () => {
    const { socket, memory } = folder()
    const keys = events<number>()
    const server = new ProcessGuest({
      path: socket,
      memory,
      drivers: () => {
        const driver = new KeyboardVsc()
        driver.on('key', ({ code }) => keys.push(code))
        return [driver]
      },
    })
    const bound = events<Error | undefined>()
    const ends = events<FrameEnd>()
    server.on('bound', (_driver, error) => bound.push(error))
    server.on('ended', (end) => ends.push(end))
    await server.listen()
    cleanups.push(() => server.close())

    const pump = new Pump()
    const hosts: Host[] = []
    const keyboard = new KeyboardVsp()
    const connection = await connectProcess(
      { path: socket },
      {
        accept: (send, over) =>
          new FrameHost({
            ...{ memory, pump, send, ended: over, keepsBits: true },
            connected: (transport) => {
              const host = createHost({ transport, pump, version: '5.2' })
              host.offer(keyboard)
              hosts.push(host)
            },
          }),
        failed: (error) => {
          throw error
        },
      },
    )
    expect(await bound.next()).toBeUndefined()
    keyboard.type(0x2a)
    expect([await keys.next(), await keys.next()]).toEqual([0x2a, 0x2a])
    connection.close(0, 'enough')
    expect(await ends.next()).toEqual({ how: 'bye', reason: 0, text: 'enough' })
    expect(hosts.length).toBe(1)
  })

  it('is told apart from a host: two guests have nothing to say to each other', async () => {
    const { socket, memory } = folder()
    const server = new ProcessGuest({ path: socket, memory, drivers: () => [] })
    const ends = events<FrameEnd>()
    server.on('ended', (end) => ends.push(end))
    await server.listen()
    cleanups.push(() => server.close())
    const peer = await rawPeer(socket)
    peer.socket.write(hello)
    expect(await ends.next()).toMatchObject({ violation: { rule: 'frame-role' } })
    expect(await peer.frames.next()).toMatchObject({ type: 'ByeFrame', reason: 1 })
  })
})

describe('connecting', () => {
  it('fails where nobody is, and hears of a host that is busy', async () => {
    const { path, memory } = folder()
    const acceptor = {
      accept: (send: (frame: Uint8Array) => void, ended: (end: FrameEnd) => void) =>
        new FrameGuest({ memory, pump: new Pump(), send, ended, connected: () => {} }),
      failed: () => {},
    }
    await expect(connectProcess({ path: join(path, 'nobody') }, acceptor)).rejects.toThrow('ENOENT')
    const busy = createServer((socket) => {
      socket.end(encodeFrame(ByeFrame, { reason: 4, text: new TextEncoder().encode('later') }))
      socket.resume()
    })
    await new Promise<void>((resolve) => busy.listen(join(path, 'busy'), resolve))
    const ended = events<FrameEnd>()
    await connectProcess(
      { path: join(path, 'busy') },
      {
        ...acceptor,
        accept: (send, over) =>
          new FrameGuest({
            ...{ memory, pump: new Pump(), send, connected: () => {} },
            ended: (end) => {
              over(end)
              ended.push(end)
            },
          }),
      },
    )
    expect(await ended.next()).toEqual({ how: 'bye', reason: 4, text: 'later' })
    await new Promise((resolve) => busy.close(resolve))
  })
})
