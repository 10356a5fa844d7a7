import type { KeyboardLayout } from '../layout.ts'
import { deLayout } from './de.ts'
import { ukLayout } from './uk.ts'
import { usLayout } from './us.ts'

/** The layouts that come with the package, by name. */
export const keyboardLayouts: Readonly<Record<string, KeyboardLayout>> = { us: usLayout, uk: ukLayout, de: deLayout }
