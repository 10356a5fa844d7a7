import type { JsonObject, JsonValue } from '../wire/index.ts'

/** Something wrong with some JSON: where, and why. */
export interface ShapeFault {
  /** `events[12].hex`; empty for the whole. */
  readonly path: string
  /** The reason, for people. */
  readonly why: string
}

type Report = (path: string, why: string) => void

/** What some JSON must look like, described once: its TypeScript type, its check, its JSON Schema. */
export class Shape<T> {
  /** Only for the compiler: the type that the shape stands for. */
  declare readonly type: T

  constructor(
    /** The same as JSON Schema. */
    readonly jsonSchema: JsonObject,
    /** Reports what is wrong with a value. */
    readonly check: (value: unknown, path: string, report: Report) => void,
    /** Whether the property may be absent, where it is one. */
    readonly optional: boolean = false,
  ) {}

  /** The same with a description for readers of the JSON Schema. */
  describe(description: string): this {
    this.jsonSchema.description = description
    return this
  }
}

/** A property that may be absent. */
export class OptionalShape<T> extends Shape<T> {
  declare readonly isOptional: true
  constructor(shape: Shape<T>) {
    super(shape.jsonSchema, shape.check, true)
  }
}

/** The type that a shape stands for. */
export type ShapeOf<S> = S extends Shape<infer T> ? T : never

type Shapes = Readonly<Record<string, Shape<unknown>>>
type OptionalNames<F> = { [K in keyof F]: F[K] extends OptionalShape<unknown> ? K : never }[keyof F]
/** The object that these properties make. */
export type ObjectOf<F> = { readonly [K in Exclude<keyof F, OptionalNames<F>>]: ShapeOf<F[K]> } & {
  readonly [K in OptionalNames<F>]?: ShapeOf<F[K]>
}

/** Text; `pattern` is a regular expression that takes time in proportion to the text, `what` says it in words. */
export function text(pattern?: string, what = 'text'): Shape<string> {
  const expression = pattern === undefined ? undefined : new RegExp(pattern)
  return new Shape(pattern === undefined ? { type: 'string' } : { type: 'string', pattern }, (value, path, report) => {
    if (typeof value !== 'string' || (expression !== undefined && !expression.test(value))) {
      report(path, `${what} expected, not ${shown(value)}`)
    }
  })
}

/** Bytes as hex digits, of any length. */
export function hexText(): Shape<string> {
  return new Shape({ type: 'string', pattern: '^([0-9a-fA-F]{2})*$' }, (value, path, report) => {
    // Not by that pattern: on megabytes it would exhaust the stack.
    if (typeof value !== 'string' || value.length % 2 !== 0 || /[^0-9a-fA-F]/.test(value)) {
      report(path, `an even number of hex digits expected, not ${shown(value)}`)
    }
  })
}

/** A finite number, at least `minimum`. */
export function number(minimum: number): Shape<number> {
  return new Shape({ type: 'number', minimum }, (value, path, report) => {
    if (!(typeof value === 'number' && Number.isFinite(value) && value >= minimum)) {
      report(path, `a number of at least ${minimum} expected, not ${shown(value)}`)
    }
  })
}

/** A whole number from `minimum` to `maximum`. */
export function integer(minimum: number, maximum: number): Shape<number> {
  return new Shape({ type: 'integer', minimum, maximum }, (value, path, report) => {
    if (!(typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum)) {
      report(path, `a whole number from ${minimum} to ${maximum} expected, not ${shown(value)}`)
    }
  })
}

/** One of these texts. */
export function oneOf<const T extends string>(...values: readonly T[]): Shape<T> {
  return new Shape({ type: 'string', enum: values }, (value, path, report) => {
    if (!values.some((known) => known === value)) report(path, `${values.join(' or ')} expected, not ${shown(value)}`)
  })
}

/** Any JSON. */
export function anything(): Shape<JsonValue> {
  return new Shape({}, () => {})
}

/** An array. */
export function list<T>(element: Shape<T>): Shape<readonly T[]> {
  return new Shape({ type: 'array', items: element.jsonSchema }, (value, path, report) => {
    if (!Array.isArray(value)) report(path, `an array expected, not ${shown(value)}`)
    else for (let index = 0; index < value.length; index++) element.check(value[index], `${path}[${index}]`, report)
  })
}

/** An object with properties of any name. */
export function record<T>(element: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return new Shape({ type: 'object', additionalProperties: element.jsonSchema }, (value, path, report) => {
    if (!isObject(value)) report(path, `an object expected, not ${shown(value)}`)
    else for (const [name, part] of Object.entries(value)) element.check(part, within(path, name), report)
  })
}

/** A property that may be absent. */
export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  return new OptionalShape(shape)
}

/** An object; properties beside these are allowed and ignored. */
export function object<F extends Shapes>(fields: F): Shape<ObjectOf<F>> {
  const entries = Object.entries(fields)
  const properties: JsonObject = {}
  for (const [name, shape] of entries) properties[name] = shape.jsonSchema
  const required = entries.filter(([, shape]) => !shape.optional).map(([name]) => name)
  return new Shape({ type: 'object', properties, required }, (value, path, report) => {
    if (!isObject(value)) {
      report(path, `an object expected, not ${shown(value)}`)
      return
    }
    for (const [name, shape] of entries) {
      const part: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
      if (part !== undefined) shape.check(part, within(path, name), report)
      else if (!shape.optional) report(within(path, name), 'missing')
    }
  })
}

/** One of several objects, told apart by their property `kind`. */
export function byKind<M extends Readonly<Record<string, Shape<object>>>>(
  members: M,
): Shape<{ [K in keyof M]: { readonly kind: K } & ShapeOf<M[K]> }[keyof M]> {
  const anyOf = Object.entries(members).map(([kind, { jsonSchema }]) => ({
    allOf: [{ type: 'object', properties: { kind: { const: kind } }, required: ['kind'] }, jsonSchema],
  }))
  return new Shape({ anyOf }, (value, path, report) => {
    const kind: unknown = isObject(value) && Object.hasOwn(value, 'kind') ? Reflect.get(value, 'kind') : undefined
    const member = typeof kind === 'string' && Object.hasOwn(members, kind) ? members[kind] : undefined
    if (!isObject(value)) report(path, `an object expected, not ${shown(value)}`)
    else if (member === undefined) report(within(path, 'kind'), `unknown kind ${shown(kind)}`)
    else member.check(value, path, report)
  })
}

/** Faults that are kept; more are only counted. */
const maxFaults = 20

/** Checks a value. Answers the first few faults and their number; the value is of the shape's type when there is none. */
export function faultsOf<T>(
  shape: Shape<T>,
  value: unknown,
): { readonly faults: ShapeFault[]; readonly total: number } {
  const faults: ShapeFault[] = []
  let total = 0
  shape.check(value, '', (path, why) => {
    total++
    if (faults.length < maxFaults) faults.push({ path, why })
  })
  return { faults, total }
}

/** Whether a value is of this shape. */
export function isOf<T>(shape: Shape<T>, value: unknown): value is T {
  return faultsOf(shape, value).total === 0
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function within(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** A value in an error message, short. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return value === null ? 'null' : 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value)
  return typeof value === 'string' && value.length > 40 ? `${text}…` : text
}
