import { WireReader, WireWriter } from '../../wire/index.ts'
import { CallBlocks } from '../conventions/call-blocks.ts'

const pageSize = 4096

/** What one dispatch works with: the call's parts, a copy of its input, and its output until the end. Made once, used by one call at a time. */
export class Workspace {
  readonly blocks: CallBlocks = new CallBlocks()
  /** The whole input block, and what a word at its end may reach over. */
  readonly input: WireReader = new WireReader(new Uint8Array(pageSize + 4))
  /** The output block. */
  readonly output: WireWriter = new WireWriter(new Uint8Array(pageSize))
  /** The decoded header. */
  header: object | undefined = undefined
}
