import { fromJSON, isWireError, type Structure } from '../wire/index.ts'
import { type Command, type ExitStatus, InputError } from './command.ts'
import { readRaw } from './input.ts'
import { kindOfJson } from './kinds.ts'
import { requireWord } from './layout.ts'
import { note, print } from './terminal.ts'

/** `vmbus encode`: fields to bytes. */
export const encodeCommand: Command = {
  name: 'encode',
  usage: 'encode KIND [JSON|-] [--each]',
  summary: 'Encodes JSON, as decode --json prints it, to hex.',
  words: 2,
  options: {
    each: { help: 'one JSON a line in, one hex a line out' },
    file: { value: 'PATH', help: 'take the JSON from a file' },
  },
  run(call) {
    const kind = requireWord(call.words[0], 'KIND')
    const text = new TextDecoder().decode(readRaw(call, call.words[1]))
    if (!call.has('each')) {
      print(encodeText(kind, text))
      return 0
    }
    let status: ExitStatus = 0
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      if (line.trim() === '') continue
      try {
        print(encodeText(kind, line))
      } catch (error) {
        if (!isWireError(error) && !(error instanceof InputError)) throw error
        // The lines out stay beside the lines in.
        print('')
        note(`vmbus: line ${index + 1}: ${error.message}`)
        status = 1
      }
    }
    return status
  },
}

function encodeText(kind: string, text: string): string {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new InputError(`not JSON: ${error instanceof Error ? error.message : error}`)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new InputError('a JSON object expected')
  // `decoded` is decode's own explanation of a payload that stands there as bytes.
  const { decoded: _, ...value }: { decoded?: unknown } = json
  const schema = kindOfJson(kind, 'type' in value ? value.type : undefined)
  // Of a structure that is no union, `type` is decode's addition.
  if (schema.kind === 'struct' && kind === 'hypercall') Reflect.deleteProperty(value, 'type')
  const structure: Structure<object> = schema
  const bytes = structure.encode(fromJSON(structure, value))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
