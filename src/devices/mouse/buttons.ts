/** Buttons by name, in the order of their numbers from 1 and of their bits in a report. */
export const mouseButtons = ['left', 'right', 'middle', 'back', 'forward'] as const

/** A button's name. */
export type MouseButton = (typeof mouseButtons)[number]

/** Whether that is a button's name. */
export function isMouseButton(name: string): name is MouseButton {
  return mouseButtons.some((button) => button === name)
}
