import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { IcStatus } from '../../devices/ics/messages.ts'
import { KvpPool } from '../../devices/kvp/index.ts'
import { FileCopyVsc, type FileSink, type IncomingFile } from '../../vsc/file-copy.ts'
import { KvpVsc, MemoryKvpStore } from '../../vsc/kvp/index.ts'
import { VssVsc } from '../../vsc/vss.ts'
import { FileCopyVsp } from '../../vsp/file-copy.ts'
import { KvpVsp } from '../../vsp/kvp.ts'
import { VssVsp } from '../../vsp/vss.ts'
import { type DeviceChoice, only, type Say } from './choice.ts'

/** Longest freeze in seconds: Windows thaws by itself after less. */
const mostFrozen = 600

/** Does what takes several requests, and says how it failed. */
function attempt(say: Say, act: () => Promise<void>): void {
  act().catch((error: unknown) => say(error instanceof Error ? error.message : String(error)))
}

export const kvpChoice: DeviceChoice = {
  help: 'exchanges pairs with the guest, and says what it tells of itself; Linux needs its daemon for it',
  isStock: false,
  vsp: {
    settings: { set: { value: 'KEY:VALUE', repeats: true, help: 'tell the guest a pair' } },
    prepare(settings, siblings) {
      only('kvp', siblings)
      const pairs = settings.all('set').map((text) => {
        const at = text.indexOf(':')
        return at < 1 ? settings.refuse('set', 'KEY:VALUE', text) : ([text.slice(0, at), text.slice(at + 1)] as const)
      })
      return ({ say }) => {
        const kvp = new KvpVsp()
        kvp.on('failed', say)
        kvp.on('negotiated', () =>
          attempt(say, async () => {
            for (const [key, value] of pairs) await kvp.set(KvpPool.External, key, value)
            for (const pool of [KvpPool.Auto, KvpPool.Guest]) {
              for await (const { key, value } of kvp.enumerate(pool)) say(`${key} = ${value}`)
            }
          }),
        )
        return kvp
      }
    },
  },
  vsc: {
    settings: {},
    prepare:
      () =>
      ({ say }) => {
        const auto = { FullyQualifiedDomainName: hostname(), OSName: 'vmbus serve --guest' }
        const kvp = new KvpVsc({ store: new MemoryKvpStore({ auto }) })
        kvp.on('set', (pool, { key, value }) => say(`pool ${pool}: ${key} = ${value}`))
        kvp.on('delete', (pool, key) => say(`pool ${pool}: ${key} is gone`))
        return kvp
      },
  },
}

export const vssChoice: DeviceChoice = {
  help: 'asks the guest to be still for a backup; Linux needs its daemon for it',
  isStock: false,
  vsp: {
    settings: { freeze: { value: 'SECONDS', help: 'freeze it as soon as it is ready, and thaw it after so long' } },
    prepare(settings, siblings) {
      only('vss', siblings)
      const freeze = settings.fraction('freeze', mostFrozen)
      return ({ say }) => {
        const vss = new VssVsp()
        vss.on('failed', say)
        const thaw = () =>
          attempt(say, async () => {
            await vss.thaw()
            say('the guest is thawed')
          })
        let timer: NodeJS.Timeout | undefined
        vss.on('negotiated', () =>
          attempt(say, async () => {
            await vss.hotBackup()
            say('the guest can be backed up')
            if (freeze === undefined) return
            await vss.freeze()
            say('the guest is frozen')
            timer = setTimeout(thaw, freeze * 1000)
          }),
        )
        vss.on('close', () => clearTimeout(timer))
        return vss
      }
    },
  },
  vsc: {
    settings: {},
    prepare:
      () =>
      ({ say }) =>
        new VssVsc({ freeze: () => say('frozen'), thaw: () => say('thawed') }),
  },
}

export const fileCopyChoice: DeviceChoice = {
  help: 'copies files into the guest; Linux needs its daemon for it',
  isStock: false,
  vsp: {
    settings: {
      file: { value: 'FILE', repeats: true, help: 'a file to copy' },
      to: { value: 'FOLDER', help: 'where in the guest; default /tmp' },
    },
    prepare(settings, siblings) {
      only('fcopy', siblings)
      const files = settings
        .all('file')
        .map((file) => ({ name: basename(file), bytes: settings.explained(() => readFileSync(file)) }))
      const folder = settings.text('to') ?? '/tmp'
      return ({ say }) => {
        const copy = new FileCopyVsp()
        copy.on('failed', say)
        copy.on('negotiated', () => {
          for (const { name, bytes } of files) {
            attempt(say, async () => {
              await copy.send(name, folder, bytes)
              say(`${name} is in ${folder}, ${bytes.length} bytes`)
            })
          }
        })
        return copy
      }
    },
  },
  vsc: {
    settings: {
      into: { value: 'FOLDER', help: 'put files there, whatever folder the host names; else none is taken' },
    },
    prepare(settings) {
      const folder = settings.text('into')
      return ({ say }) => new FileCopyVsc({ open: (file) => openSink(file, folder, say) })
    },
  },
}

/** A file in a folder of ours; only the last part of its name is the host's to say. */
function openSink(
  { name, isOverwriting, size }: IncomingFile,
  folder: string | undefined,
  say: Say,
): FileSink | number {
  const path = folder === undefined ? undefined : join(folder, basename(name))
  if (path === undefined || basename(name) === '' || basename(name) === '..' || basename(name) === '.') {
    say(`the host would copy ${JSON.stringify(name)}, ${size} bytes: not taken`)
    return IcStatus.Fail
  }
  let file: number
  try {
    file = openSync(path, isOverwriting ? 'w' : 'wx')
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    return error instanceof Error && 'code' in error && error.code === 'EEXIST' ? IcStatus.AlreadyExists : IcStatus.Fail
  }
  return {
    write: (offset, bytes) => {
      writeSync(file, bytes, 0, bytes.length, Number(offset))
      return undefined
    },
    complete: () => {
      closeSync(file)
      say(`${path}, ${size} bytes`)
      return undefined
    },
    cancel: () => {
      closeSync(file)
      rmSync(path, { force: true })
      say(`${path} is given up`)
    },
  }
}
