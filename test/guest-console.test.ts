import { describe, expect, it } from 'vitest'
import { BasedMemory } from '../src/channels/transports/based-memory.ts'
import { GuestConsole } from '../src/guest/guest-console.ts'
import { Place, ramBase } from '../src/guest/machine.ts'
import { Mailboxes } from '../src/guest/mailbox.ts'
import { BufferMemory } from '../src/memory/index.ts'

const bytes = (value: string) => new TextEncoder().encode(value)

describe('console', () => {
  function rig() {
    const typed: string[] = []
    const guest = new GuestConsole((data) => typed.push(new TextDecoder().decode(data)))
    return { guest, typed, say: (text: string) => guest.receive(bytes(text)) }
  }
  const base64 = (text: string) => Buffer.from(text).toString('base64')

  it('a command goes out in a line, its output comes back', async () => {
    const { guest, typed, say } = rig()
    const result = guest.run('echo a\necho b')
    expect(typed).toEqual(['1 run echo a\x1fecho b\n'])
    say(`@@done 1 3 ${base64('a\nb\n')}@@\r\n`)
    expect(await result).toEqual({ output: 'a\nb\n', status: 3 })
    expect(guest.lines).toEqual([])
  })

  it('lines of the kernel in the midst of an answer do no harm', async () => {
    const { guest, say } = rig()
    const result = guest.run('true')
    const [first, second] = [base64('hello, world').slice(0, 5), base64('hello, world').slice(5)]
    say('before\r\n@@done 1 0 ')
    say(`${first}[   12.345678] hv_vmbus: a line\r\n[   12.345679] another\r\n${second}@`)
    say('@\r\nafter\r\n')
    expect(await result).toEqual({ output: 'hello, world', status: 0 })
    expect(guest.lines).toEqual(['before', '[   12.345678] hv_vmbus: a line', '[   12.345679] another', 'after'])
  })

  it('answers belong to their commands, in whatever order', async () => {
    const { guest, say } = rig()
    const results = [guest.run('a'), guest.run('b')]
    say(`@@done 2 0 ${base64('2')}@@\n@@done 1 0 @@\n@@done 9 0 @@\n`)
    expect(await Promise.all(results)).toEqual([
      { output: '', status: 0 },
      { output: '2', status: 0 },
    ])
  })

  it('says when commands are taken; the end breaks what waits, and what comes later', async () => {
    const { guest, say } = rig()
    let ready = 0
    guest.on('ready', () => ready++)
    say('@@ready@@\r\n')
    expect([ready, guest.isReady]).toEqual([1, true])
    const waiting = guest.run('sleep 9')
    say('half a line')
    guest.end(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    await expect(guest.run('true')).rejects.toThrow('gone')
    expect(guest.lines).toEqual(['half a line'])
  })
})

describe('mailboxes', () => {
  const page = (vp: number) => Place.mailbox + vp * 0x1000
  const [state, put, taken, registers, queue] = [0, 8, 12, 16, 0x800]

  function rig(vps: number) {
    const memory = new BasedMemory(new BufferMemory(new ArrayBuffer(Place.kernel - ramBase)), ramBase)
    const heard: string[] = []
    const mailboxes = new Mailboxes(memory, vps, {
      hypercall: (vp, x) => {
        heard.push(`call ${vp} ${Buffer.from(x.subarray(0, 8)).toString('hex')} ${x.length}`)
        x[0] = 0x55
      },
      signal: (vp, connectionId, flag) => heard.push(`signal ${vp} ${connectionId} ${flag}`),
    })
    return { memory, mailboxes, heard }
  }

  it('a call is answered in place, and only then let go on', () => {
    const { memory, mailboxes, heard } = rig(2)
    memory.store32(page(1) + registers, 0x4600_0001)
    memory.store32(page(1) + state, 1)
    mailboxes.look()
    expect(heard).toEqual(['call 1 0100004600000000 144'])
    expect(memory.load32(page(1) + registers)).toBe(0x4600_0055)
    expect(memory.load32(page(1) + state)).toBe(2)
    mailboxes.look()
    expect(heard.length).toBe(1)
  })

  it('signals come in their order, before the call behind them, around the end of the queue', () => {
    const { memory, mailboxes, heard } = rig(1)
    memory.store32(page(0) + taken, 255)
    memory.store32(page(0) + put, 257)
    memory.store32(page(0) + queue + 255 * 8, 17)
    memory.store32(page(0) + queue + 255 * 8 + 4, 3)
    memory.store32(page(0) + queue, 18)
    memory.store32(page(0) + state, 1)
    mailboxes.look()
    expect(heard).toEqual(['signal 0 17 3', 'signal 0 18 0', 'call 0 0000000000000000 144'])
    expect(memory.load32(page(0) + taken)).toBe(257)
  })

  it('counters go round at 32 bits; ones that cannot be are no endless work', () => {
    const { memory, mailboxes, heard } = rig(1)
    memory.store32(page(0) + taken, 0xffff_ffff)
    memory.store32(page(0) + put, 1)
    mailboxes.look()
    expect(heard).toEqual(['signal 0 0 0', 'signal 0 0 0'])
    memory.store32(page(0) + put, 0)
    mailboxes.look()
    expect(heard.length).toBe(2 + 256)
  })
})
