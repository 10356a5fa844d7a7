import type { GuestDriver, HostDevice } from '../channels/index.ts'
import { property } from '../wire/property.ts'
import { type DeviceOptions, isStructure } from './device-steps.ts'
import type { FuzzTarget } from './target.ts'
import { type VscOptions, vscTarget } from './targets/vsc.ts'
import { vspTarget } from './targets/vsp.ts'

/**
 * The targets in a module of a user's: each exported class of a VSP or VSC that can be made without arguments, or, where there is
 * no such class, each exported function that answers one when called without arguments. Options are read from the export `fuzz`:
 * `{ completes, exercise, messages, pipe, offer }`.
 *
 * @param name of the module; with several targets in it, each is `name#export`.
 */
export function moduleTargets(name: string, module: object): readonly FuzzTarget[] {
  const options = optionsIn(property(module, 'fuzz'))
  const makers = Object.entries(module).filter(([key, value]) => typeof value === 'function' && key !== 'fuzz')
  const classes = makers.filter(([, value]) => isClass(value))
  // `export { X as default }` beside `export { X }` is one.
  const distinct = (found: typeof makers) => [...new Map(found.map((entry) => [entry[1], entry])).values()]
  const [first, second] = [classes, makers.filter(([, value]) => !isClass(value))].map((found) =>
    distinct(found).flatMap(([key, make]) => targetOf(`${name}#${key}`, make, options)),
  )
  const found = first !== undefined && first.length > 0 ? first : (second ?? [])
  const [only] = found
  return found.length === 1 && only !== undefined ? [{ ...only, name }] : found
}

type Options = Pick<DeviceOptions<object>, 'completes' | 'exercise' | 'messages' | 'pipe'> &
  Pick<VscOptions<object>, 'offer'>

function optionsIn(given: unknown): Options {
  const options: Record<string, unknown> = {}
  for (const name of ['completes', 'pipe']) {
    const value = property(given, name)
    if (typeof value === 'boolean') options[name] = value
  }
  const exercise = property(given, 'exercise')
  if (typeof exercise === 'function') options.exercise = exercise
  const messages = property(given, 'messages')
  if (isStructure(messages)) options.messages = messages
  const offer = property(given, 'offer')
  if (typeof offer === 'object') options.offer = offer
  return options
}

function isClass(value: unknown): boolean {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))
}

function targetOf(name: string, make: unknown, options: Options): FuzzTarget[] {
  if (typeof make !== 'function') return []
  const create: () => unknown = isClass(make)
    ? () => Reflect.construct(make, [])
    : () => Reflect.apply(make, undefined, [])
  const made = attempt(create)
  if (isVsp(made)) return [vspTarget(name, () => expectKind(create(), isVsp), options)]
  if (isVsc(made)) return [vscTarget(name, () => expectKind(create(), isVsc), options)]
  return []
}

/** What is no device's class, or an abstract one, or takes arguments, is passed over. */
function attempt(create: () => unknown): unknown {
  try {
    return create()
  } catch {
    return undefined
  }
}

function expectKind<T>(value: unknown, is: (value: unknown) => value is T): T {
  if (is(value)) return value
  throw new TypeError('the factory makes something else each time')
}

// By shape, not by class: a user's base class may come from another copy of this package.
function isVsp(value: unknown): value is HostDevice {
  return has(value, 'offer', 'object') && has(value, 'opening', 'function') && has(value, 'packet', 'function')
}

function isVsc(value: unknown): value is GuestDriver {
  return has(value, 'binds', 'object') && has(value, 'attached', 'function') && has(value, 'packet', 'function')
}

function has(value: unknown, name: string, type: 'object' | 'function'): boolean {
  return typeof value === 'object' && value !== null && name in value && typeof Reflect.get(value, name) === type
}
