import type { Infer } from '../../wire/index.ts'
import type { VideoRect } from './messages.ts'

/** A rectangle of pixels; `right` and `bottom` are the first ones outside. */
export interface Rect extends Readonly<Infer<typeof VideoRect>> {}

/** The part of a rectangle that lies on a screen; `undefined` when nothing does, as of one that is turned inside out (VI-10). */
export function clipRect(rect: Rect, width: number, height: number): Rect | undefined {
  const left = Math.max(0, rect.left)
  const top = Math.max(0, rect.top)
  const right = Math.min(width, rect.right)
  const bottom = Math.min(height, rect.bottom)
  return left < right && top < bottom ? { left, top, right, bottom } : undefined
}
