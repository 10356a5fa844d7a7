import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where kernels are kept: `$VMBUS_CACHE`, else `vmbus` in `$XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder(): string {
  const { VMBUS_CACHE, XDG_CACHE_HOME } = process.env
  return VMBUS_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'vmbus')
}
