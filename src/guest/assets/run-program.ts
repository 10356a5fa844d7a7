import { execFile } from 'node:child_process'

import { GuestSetupError } from '../setup-error.ts'

/** Runs a program and answers what it prints. Throws {@link GuestSetupError}, with the end of what it said. */
export function run(program: string, args: readonly string[], options: { cwd?: string } = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settings = {
      ...options,
      encoding: 'buffer',
      maxBuffer: 1 << 30,
      env: { ...process.env, LC_ALL: 'C' },
    } as const
    execFile(program, [...args], settings, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout)
      const said = stderr.toString().trim().split('\n').slice(-4).join('; ')
      const why = 'code' in error && error.code === 'ENOENT' ? 'there is no such program' : said || error.message
      reject(new GuestSetupError(`${program}: ${why}`))
    })
  })
}
