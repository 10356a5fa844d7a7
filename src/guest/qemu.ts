import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { FileMemory } from '../node/file-memory.ts'
import { Place, pendingRegister } from './machine.ts'
import { GuestSetupError } from './setup-error.ts'

/** What QEMU is to run. */
export interface QemuOptions {
  /** Default `qemu-system-aarch64`. */
  readonly program?: string
  readonly vps: number
  /** Bytes of RAM, from `ramBase` on. */
  readonly ramBytes: number
}

/** Exit status of a shell that does not find the program. Source: POSIX, Shell Command Language 2.8.2. */
const notFound = 127

/** Sockets that QEMU connects to. */
interface Sockets {
  readonly doorbell: Socket
  readonly console: Socket
  /** QEMU's test protocol: one command a line. Source: QEMU softmmu/qtest.c. */
  readonly qtest: Socket
}

/**
 * What stands between us and QEMU: a shell that ends QEMU and removes what is left when its standard input ends. That it does when
 * we let go, and also when we are no more, however we ended.
 */
const keeper = `
"$@" </dev/null &
machine=$!
exec 3>&-
cat >/dev/null
kill -KILL $machine 2>/dev/null
wait $machine
status=$?
rm -rf "$VMBUS_FOLDER" "$VMBUS_RAM"
exit $status
`

/**
 * QEMU with a machine whose RAM is shared with us. Files exist only until QEMU has opened them; when this process ends, in
 * whatever way, QEMU ends too.
 */
export class Qemu {
  /** All RAM; offset 0 is guest physical `ramBase`. */
  readonly ram: FileMemory
  readonly console: Socket
  readonly doorbell: Socket
  readonly #qtest: Socket
  readonly #keeper: ChildProcess
  /** Interrupts that go out with the next write, by VP: a bit each. */
  readonly #pending: number[]
  #isFlushing = false
  /** Fulfilled once QEMU is gone: its exit status, or that of 128 + signal. */
  readonly exited: Promise<number>

  private constructor(ram: FileMemory, sockets: Sockets, child: ChildProcess, exited: Promise<number>, vps: number) {
    this.ram = ram
    this.console = sockets.console
    this.doorbell = sockets.doorbell
    this.#qtest = sockets.qtest
    this.#keeper = child
    this.#pending = Array<number>(vps).fill(0)
    this.exited = exited.finally(() => {
      for (const socket of Object.values(sockets)) socket.destroy()
    })
    // Answers are of no use: a command that fails means that QEMU goes, which is seen elsewhere.
    for (const socket of Object.values(sockets)) socket.on('error', () => undefined)
    this.#qtest.resume()
  }

  /** Starts QEMU; `load` puts what is to run into RAM first. Throws {@link GuestSetupError} when QEMU does not start. */
  static async start(options: QemuOptions, load: (ram: FileMemory) => void): Promise<Qemu> {
    const { program = 'qemu-system-aarch64', vps, ramBytes } = options
    const folder = mkdtempSync(join(tmpdir(), 'vmbus-guest-'))
    const ramFile = join(ramFolder(ramBytes) ?? folder, `vmbus-guest-${process.pid}-${folder.slice(-6)}.ram`)
    const removeFiles = (): void => {
      for (const path of [folder, ramFile]) rmSync(path, { recursive: true, force: true })
    }
    let ram: FileMemory | undefined
    let child: ChildProcess | undefined
    const listeners: Server[] = []
    try {
      ram = FileMemory.open(ramFile, { size: ramBytes })
      load(ram)
      const [doorbell, console, qtest] = await Promise.all([
        listen(join(folder, 'doorbell'), listeners),
        listen(join(folder, 'console'), listeners),
        listen(join(folder, 'qtest'), listeners),
      ])
      child = spawn(
        '/bin/sh',
        ['-c', keeper, 'vmbus-guest', program, ...qemuArguments(folder, ramFile, vps, ramBytes)],
        {
          // In a session of its own: what is typed at our terminal, Ctrl-C above all, is ours to act on.
          detached: true,
          stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
          env: { ...process.env, VMBUS_FOLDER: folder, VMBUS_RAM: ramFile },
        },
      )
      const exited = exitOf(child)
      const failed = exited.then((status): never => {
        const why =
          status === notFound ? 'there is no such program; Debian has it in qemu-system-arm' : said.text.trim()
        throw new GuestSetupError(`${program} ended at once, with status ${status}: ${why}`)
      })
      const said = collect(child.stderr)
      const connections = Promise.all([doorbell.connection, console.connection, qtest.connection.then(answering)])
      const sockets = await Promise.race([connections, failed])
      failed.catch(() => undefined)
      return new Qemu(ram, { doorbell: sockets[0], console: sockets[1], qtest: sockets[2] }, child, exited, vps)
    } catch (error) {
      child?.stdin?.destroy()
      ram?.close()
      throw error
    } finally {
      // QEMU has opened all that it needs, or it never will.
      for (const listener of listeners) listener.close()
      removeFiles()
    }
  }

  /** Pends a private interrupt (16 … 31) of a VP. Those of one turn of the event loop go out together, each once. */
  interrupt(vp: number, interrupt: number): void {
    this.#pending[vp] = (this.#pending[vp] ?? 0) | (1 << interrupt)
    if (this.#isFlushing) return
    this.#isFlushing = true
    queueMicrotask(() => this.#flush())
  }

  /** Ends QEMU, if it still runs. Answers its exit status. */
  kill(): Promise<number> {
    this.#keeper.stdin?.destroy()
    return this.exited
  }

  #flush(): void {
    this.#isFlushing = false
    let commands = ''
    for (let vp = 0; vp < this.#pending.length; vp++) {
      const bits = this.#pending[vp] ?? 0
      if (bits === 0) continue
      this.#pending[vp] = 0
      commands += `writel 0x${pendingRegister(vp).toString(16)} 0x${(bits >>> 0).toString(16)}\n`
    }
    if (this.#qtest.writable) this.#qtest.write(commands)
  }
}

/** Where RAM can be a file that is never written to a disk; `undefined` when there is no such place, or not enough room. */
function ramFolder(bytes: number): string | undefined {
  const folder = '/dev/shm'
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize > bytes ? folder : undefined
  } catch {
    return undefined
  }
}

/** Source: QEMU docs/system/arm/virt.rst. No `-kernel` and no firmware: the CPU begins at EL2, where it is told to. */
function qemuArguments(folder: string, ramFile: string, vps: number, ramBytes: number): string[] {
  const megabytes = `${ramBytes / 0x10_0000}M`
  return [
    ...['-machine', 'virt,virtualization=on,gic-version=3,memory-backend=ram', '-cpu', 'cortex-a72', '-accel', 'tcg'],
    ...['-smp', `${vps}`, '-m', megabytes],
    ...['-object', `memory-backend-file,id=ram,size=${megabytes},share=on,mem-path=${ramFile}`],
    ...['-display', 'none', '-nodefaults', '-no-reboot'],
    ...['-chardev', `socket,id=doorbell,path=${folder}/doorbell`, '-device', 'pci-serial,chardev=doorbell,addr=2'],
    ...['-chardev', `socket,id=console,path=${folder}/console`, '-serial', 'chardev:console'],
    ...['-qtest', `unix:${folder}/qtest`, '-qtest-log', 'none'],
    ...['-device', `loader,addr=0x${Place.shim.toString(16)},cpu-num=0`],
  ]
}

/** Listens on a Unix socket, for one connection. */
async function listen(path: string, listeners: Server[]): Promise<{ readonly connection: Promise<Socket> }> {
  const server = createServer()
  listeners.push(server)
  const connection = new Promise<Socket>((resolve) => server.once('connection', resolve))
  server.listen(path)
  await once(server, 'listening')
  return { connection }
}

/** Waits until QEMU's main loop runs, which is when it answers: by then it has opened the RAM file. */
async function answering(qtest: Socket): Promise<Socket> {
  qtest.write(`readl 0x${Place.shim.toString(16)}\n`)
  await once(qtest, 'data')
  return qtest
}

/** The exit status of QEMU. The pipe at 3 is QEMU's alone, so its end is QEMU's; the keeper then says how it ended. */
async function exitOf(child: ChildProcess): Promise<number> {
  const life = child.stdio[3]
  if (life !== null && life !== undefined && 'resume' in life) {
    life.resume()
    await once(life, 'end')
  }
  const exit = child.exitCode === null ? once(child, 'exit') : [child.exitCode]
  child.stdin?.destroy()
  const [status] = await exit
  return Number(status)
}

/** Keeps the beginning of what a stream says. */
function collect(stream: Readable | null): { text: string } {
  const said = { text: '' }
  stream?.on('data', (chunk: Buffer) => {
    if (said.text.length < 4096) said.text += chunk.toString()
  })
  return said
}
