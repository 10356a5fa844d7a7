import { FeatureFlags, parseVersion } from '../vmbus/versions.ts'
import type { WireContext } from '../wire/index.ts'
import { type Call, UsageError } from './command.ts'

/** Options that say what the bytes alone do not. */
export const contextOptions = {
  version: { value: '6.0', help: 'negotiated version' },
  features: { value: 'FLAGS', help: 'negotiated features: a number, or names with commas' },
  from: { value: 'host|guest', help: 'who sent the bytes' },
} as const

/** Reads {@link contextOptions}. Throws {@link UsageError}. */
export function contextOf(call: Call): WireContext {
  const version = call.option('version')
  const features = call.option('features')
  const from = call.option('from')
  if (from !== undefined && from !== 'host' && from !== 'guest')
    throw new UsageError(`--from takes host or guest, not ${from}`)
  return {
    ...(version !== undefined && { version: versionOf(version) }),
    ...(features !== undefined && { features: featuresOf(features) }),
    ...(from !== undefined && { from }),
  }
}

function versionOf(text: string): number {
  const version = parseVersion(text)
  if (version === undefined) throw new UsageError(`--version takes a version such as 6.0 or 0x60000, not ${text}`)
  return version
}

function featuresOf(text: string): number {
  let features = 0
  for (const word of text.split(',')) {
    const named = Object.entries(FeatureFlags).find(([name]) => name.toLowerCase() === word.trim().toLowerCase())
    const value = named?.[1] ?? (/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(word.trim()) ? Number(word) : Number.NaN)
    if (Number.isNaN(value))
      throw new UsageError(`--features: ${word} is no number and none of ${Object.keys(FeatureFlags).join(', ')}`)
    features = (features | value) >>> 0
  }
  return features
}
