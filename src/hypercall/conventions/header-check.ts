import { property } from '../../wire/property.ts'
import { VpSetFormat } from '../vp-set.ts'
import type { CallShape } from './call-shape.ts'
import type { Answers, Refusal, Refusals } from './refusals.ts'

/**
 * Whether a decoded header is as long as the input value says: a VP set has as many banks as there are qwords (HC-28, HC-29). Of the set of
 * all VPs, mask and banks are ignored. Source: TLFS 7.8.7.3, OpenVMM hv1_hypercall.
 *
 * @param end where decoding stopped.
 * @param headerSize what the input value says, in bytes.
 */
export function checkHeader(
  shape: CallShape,
  input: object,
  end: number,
  headerSize: number,
  refusals: Refusals,
  answers: Answers,
): Refusal | undefined {
  if (shape.vpSet !== undefined) {
    const format = property(property(input, shape.vpSet), 'format')
    if (format === VpSetFormat.All && answers.vpSets === 'sparse or all') return undefined
    if (format !== VpSetFormat.Sparse4k) return refusals.vpSetFormat
  }
  return ((end + 7) & ~7) === ((headerSize + 7) & ~7) ? undefined : refusals.headerSize
}
