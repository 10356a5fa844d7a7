import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  FileCopyFlags,
  FileCopyStart,
  FileCopyWrite,
  fileCopyFragment,
  fileCopyVersions,
} from '../src/devices/file-copy.ts'
import { IcStatus, icFrameworkVersions, offerVersions } from '../src/devices/ics/index.ts'
import { createBus } from '../src/index.ts'
import { FileCopyVsc, type FileSink, type IncomingFile } from '../src/vsc/file-copy.ts'
import { FileCopyVsp, type IcRequestOptions } from '../src/vsp/file-copy.ts'
import { nilGuid, toHex } from '../src/wire/index.ts'
import { clock, failure } from './ic-clock.ts'
import { choice, header, violationsOf, withGuest, withHost } from './ics-rig.ts'
import { seeded } from './seed.ts'

const ids = { serviceId0: nilGuid, serviceId1: nilGuid }
const messageVersion = { major: 1, minor: 1 }

/** A place for files, with a diary. */
function folder(over: Partial<FileSink> = {}) {
  const diary: string[] = []
  const files = new Map<string, Uint8Array>()
  const open = ({ name, path, size, isOverwriting, isCreatingPath }: IncomingFile): FileSink | number => {
    diary.push(`open ${path} ${name} ${size}${isOverwriting ? ' over' : ''}${isCreatingPath ? ' create' : ''}`)
    if (files.has(name) && !isOverwriting) return IcStatus.AlreadyExists
    const bytes = new Uint8Array(Number(size))
    return {
      write: (offset, piece) => {
        diary.push(`write ${offset} ${piece.length}`)
        bytes.set(piece, Number(offset))
        return undefined
      },
      complete: () => {
        files.set(name, bytes)
        diary.push('complete')
        return undefined
      },
      cancel: () => diary.push('cancel'),
      ...over,
    }
  }
  return { diary, files, open }
}

/** A bus with both ends. */
async function both(open?: (file: IncomingFile) => FileSink | number, options: IcRequestOptions = {}) {
  const bus = createBus()
  const violations = violationsOf(bus)
  const vsp = new FileCopyVsp(options)
  bus.host.offer(vsp)
  const vsc = await bus.guest.attach(new FileCopyVsc(open && { open }))
  return { bus, vsp, vsc, violations }
}

const copy = (body: string, options: Parameters<typeof header>[2] = {}) =>
  `${header(7, body.length / 2, { transactionId: 1, messageVersion, ...options })}${body}`
const asked = { flags: 3 }
const start = (fileSize: bigint, fileName = 'a', pathName = '/tmp', flags = 0) =>
  toHex(FileCopyStart.encode({ header: ids, fileName, pathName, flags, fileSize }))
const write = (offset: bigint, size: number) =>
  toHex(FileCopyWrite.encode({ header: ids, offset, size, data: new Uint8Array(fileCopyFragment).fill(7) }))
const bare = (operation: number) => `0${operation}000000`.padEnd(72, '0')

describe('a file', () => {
  it('arrives in pieces, whole', async () => {
    const { open, files, diary } = folder()
    const { vsp, violations } = await both(open)
    const bytes = Uint8Array.from({ length: 15_000 }, (_, index) => index * 7)
    const progress: number[] = []
    await vsp.send('notes ☺', '/tmp', bytes, {
      flags: FileCopyFlags.overwrite | FileCopyFlags.createPath,
      onProgress: (sent) => progress.push(sent),
    })
    expect(files.get('notes ☺')).toEqual(bytes)
    expect(diary).toEqual([
      'open /tmp notes ☺ 15000 over create',
      'write 0 6144',
      'write 6144 6144',
      'write 12288 2712',
      'complete',
    ])
    expect([progress, violations]).toEqual([[6144, 12288, 15000], []])
  })

  it('of any size arrives as it was', async () => {
    const { open, files } = folder()
    const { vsp } = await both(open)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 13_000 }), fc.nat(255), async (length, first) => {
        const bytes = Uint8Array.from({ length }, (_, index) => first + index)
        await vsp.send('file', '', bytes, { flags: FileCopyFlags.overwrite })
        expect(files.get('file')).toEqual(bytes)
      }),
      { ...seeded, numRuns: 10 },
    )
  })

  it('goes after the one before, even when that failed', async () => {
    const { open, files, diary } = folder()
    const { vsp } = await both(open)
    const small = new Uint8Array(1)
    const all = [vsp.send('a', '', small), vsp.send('a', '', small), vsp.send('b', '', small)].map(failure)
    expect(await Promise.all(all)).toEqual([
      'it did not fail',
      'refused 80070050: begin a: the guest answers 0x80070050 (AlreadyExists)',
      'it did not fail',
    ])
    expect([...files.keys(), ...diary.filter((line) => line === 'cancel')]).toEqual(['a', 'b'])
  })

  it('that the sink refuses half-way is given up, by both, once', async () => {
    let room = 1
    const { open, diary } = folder({ write: () => (room-- > 0 ? undefined : IcStatus.DiskFull) })
    const { vsp, vsc, bus, violations } = await both(open)
    const bytes = new Uint8Array(20_000)
    expect(await failure(vsp.send('a', '', bytes))).toContain('refused 80070070: write a at 6144')
    bus.settle()
    expect([vsc.isReceiving, violations]).toEqual([false, []])
    room = 9
    await vsp.send('a', '', bytes)
    expect(diary).toEqual(['open  a 20000', 'cancel', 'open  a 20000', 'complete'])
  })

  it('that the sink will not have in the end is given up', async () => {
    const { open, diary } = folder({ complete: () => IcStatus.Fail })
    const { vsp, vsc } = await both(open)
    expect(await failure(vsp.send('a', '', new Uint8Array(0)))).toContain('refused 80004005: end a')
    expect([vsc.isReceiving, diary.at(-1)]).toEqual([false, 'cancel'])
  })

  it('that is aborted is cancelled', async () => {
    const { open, diary } = folder()
    const { vsp, vsc, bus } = await both(open)
    const controller = new AbortController()
    const sent = vsp.send('a', '', new Uint8Array(20_000), {
      signal: controller.signal,
      onProgress: (bytes) => bytes > 6144 && controller.abort(new Error('enough')),
    })
    await expect(sent).rejects.toThrow('enough')
    bus.settle()
    expect([vsc.isReceiving, diary.at(-1)]).toEqual([false, 'cancel'])
    await expect(vsp.send('b', '', new Uint8Array(1), { signal: controller.signal })).rejects.toThrow('enough')
    expect(diary.at(-1)).toBe('cancel')
  })

  it('that the guest closes on is cancelled there, and fails here', async () => {
    const { open, diary } = folder()
    const { vsp, vsc, bus } = await both(open)
    const sent = failure(
      vsp.send('a', '', new Uint8Array(20_000), { onProgress: (bytes) => bytes > 6144 && vsc.close() }),
    )
    bus.settle()
    expect(await sent).toMatch(/^closed: write a at 12288/)
    expect(diary.at(-1)).toBe('cancel')
  })

  it('[IC-20] has no place in a guest that says no place: refused', async () => {
    const { vsp, violations } = await both()
    expect([await failure(vsp.send('a', '', new Uint8Array(1))), violations]).toEqual([
      'refused 80004005: begin a: the guest answers 0x80004005 (Fail)',
      [],
    ])
  })

  it('of more bytes than the guest will have is refused before anything is opened', async () => {
    const { open, diary } = folder()
    const { vsp, say, violations } = await withHost(new FileCopyVsc({ open, maxFileSize: 10n }))
    say(offerVersions(icFrameworkVersions, fileCopyVersions))
    for (const size of [11n, (1n << 64n) - 1n]) say(copy(start(size), asked))
    expect(vsp.heard.slice(1).map((heard) => heard.slice(24, 32))).toEqual(['70000780', '70000780'])
    expect([diary, violations]).toEqual([[], []])
  })

  it.each(['open', 'write', 'complete', 'cancel'])('is refused where %s throws', async (which) => {
    const broken = () => {
      throw new Error('the disk is on fire')
    }
    const { open } = folder(which === 'open' ? {} : { [which]: broken })
    const { vsp, vsc } = await both(which === 'open' ? broken : open)
    const sent = failure(vsp.send('a', '', new Uint8Array(1)))
    if (which === 'cancel') expect(await sent).toBe('it did not fail')
    else expect(await sent).toContain('refused 80004005')
    expect(vsc.isReceiving).toBe(false)
  })

  it.each([
    ['no name', '', '/'],
    ['a name of 260 units', 'x'.repeat(260), '/'],
    ['a path of 260 units', 'x', '/'.repeat(260)],
    ['a NUL in its name', 'a\0b', '/'],
  ])('with %s does not leave', async (_name, name, path) => {
    await expect(new FileCopyVsp().send(name, path, new Uint8Array(1))).rejects.toThrow(RangeError)
  })

  it('that is not answered in time is given up, and cancelled once the guest answers after all', async () => {
    const { later, ring } = clock()
    const { vsp, guest, bus, say } = await withGuest(new FileCopyVsp({ later }))
    say(choice('01000100'))
    const sent = failure(vsp.send('a', '', new Uint8Array(1)))
    await Promise.resolve()
    bus.settle()
    ring()
    expect(await sent).toContain('timeout: begin a')
    say(copy(''))
    expect(guest.heard.slice(2)).toEqual([copy(bare(3), { ...asked, transactionId: 2 })])
  })
})

describe('the bytes', () => {
  it('of a file of three', async () => {
    const { vsp, guest, bus, say } = await withGuest(new FileCopyVsp())
    say(choice('01000100'))
    const sent = vsp.send('a', '/b', Uint8Array.of(1, 2, 3), { flags: FileCopyFlags.createPath })
    for (let id = 1; id <= 3; id++) {
      for (let turn = 0; turn < 4; turn++) await Promise.resolve()
      bus.settle()
      say(copy('', { transactionId: id }))
    }
    await sent
    const service = '0'.repeat(64)
    expect(guest.heard.slice(1)).toEqual([
      copy(
        `00000000${service}${'6100'.padEnd(1040, '0')}${'2f006200'.padEnd(1040, '0')}${'02000000'}0300000000000000`,
        asked,
      ),
      copy(`01000000${service}00000000${'0000000000000000'}03000000${'010203'.padEnd(12288, '0')}`, {
        ...asked,
        transactionId: 2,
      }),
      copy(`02000000${service}`, { ...asked, transactionId: 3 }),
    ])
  })

  it('of the answers are the requests’ own', async () => {
    const { open, files } = folder()
    const { vsp, say, violations } = await withHost(new FileCopyVsc({ open }))
    say(offerVersions(icFrameworkVersions, fileCopyVersions))
    const messages = [start(6144n), write(0n, 6144), bare(2)]
    for (const message of messages) say(copy(message, asked))
    expect(vsp.heard.slice(1)).toEqual(messages.map((message) => copy(message)))
    expect([files.get('a'), violations]).toEqual([new Uint8Array(6144).fill(7), []])
  })
})

describe('requests that the guest refuses', () => {
  const refused = (field: string) => `guest file-copy-bad-request ${field}`

  it.each<[string, string[], string]>([
    ['[IC-16] a piece beyond the announced size', [start(10n), write(8n, 3)], 'RANGE offset@60'],
    ['[IC-16] a piece far beyond', [start(10n), write((1n << 64n) - 1n, 1)], 'RANGE offset@60'],
    ['[IC-16] a piece larger than the file', [start(10n), write(0n, 11)], 'RANGE offset@60'],
    ['[IC-16] a size beyond 6 KiB', [start(10_000n), write(0n, 6145)], 'RANGE size@68'],
    ['[IC-16] data before a start', [write(0n, 1)], 'STATE operation@20'],
    ['an end before a start', [bare(2)], 'STATE operation@20'],
    ['[IC-16] two starts', [start(10n), start(10n)], 'STATE operation@20'],
    ['a name without NUL', [start(10n, 'x'.repeat(260))], 'RANGE fileName@56'],
    ['a path without NUL', [start(10n, 'x', 'y'.repeat(260))], 'RANGE fileName@56'],
  ])('%s: told, answered so, and what went well before goes on', async (_name, messages, violation) => {
    const { open, files } = folder()
    const { vsp, vsc, say, violations } = await withHost(new FileCopyVsc({ open }))
    say(offerVersions(icFrameworkVersions, fileCopyVersions))
    for (const message of messages) say(copy(message, asked))
    expect(vsp.heard.at(-1)?.slice(24, 32)).toBe('57000780')
    expect(violations).toEqual([refused(violation)])
    if (!vsc.isReceiving) say(copy(start(10n), asked))
    say(copy(write(9n, 1), asked))
    say(copy(bare(2), asked))
    expect([files.get('a')?.[9], violations.length]).toEqual([7, 1])
  })

  it('[IC-08] what is shorter than its operation is dropped, and told', async () => {
    const { vsp, say, violations } = await withHost(new FileCopyVsc(folder()))
    say(offerVersions(icFrameworkVersions, fileCopyVersions))
    say(copy(start(1n).slice(0, -2), asked))
    say(copy(write(0n, 1).slice(0, -2), asked))
    say(copy(bare(2).slice(0, -2), asked))
    expect(vsp.heard).toHaveLength(1)
    expect(violations).toEqual([
      'guest bad-packet SHORT request.fileSize@1100',
      'guest bad-packet SHORT request.data@72',
      'guest bad-packet SHORT request.header.serviceId1@40',
    ])
  })

  it('a cancel without a file, and operations that are not known, fail as with Linux', async () => {
    const { vsp, say, violations } = await withHost(new FileCopyVsc(folder()))
    say(offerVersions(icFrameworkVersions, fileCopyVersions))
    for (const operation of [3, 9]) say(copy(bare(operation), asked))
    expect(vsp.heard.slice(1)).toEqual([3, 9].map((operation) => copy(bare(operation), { status: IcStatus.Fail })))
    expect(violations).toEqual([])
  })
})
