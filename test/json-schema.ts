/** A JSON Schema as far as ours uses it. */
type Schema = Readonly<Record<string, unknown>>

const known = new Set([
  ...['$schema', 'title', 'description', 'type', 'properties', 'required', 'items', 'additionalProperties'],
  ...['enum', 'const', 'pattern', 'minimum', 'maximum', 'anyOf', 'allOf'],
])

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function schemas(value: unknown): Schema[] {
  return Array.isArray(value) ? value.filter(isSchema) : []
}

/** Checks a value against a JSON Schema, written from the specification and independent of ours. Answers what is wrong. */
export function validate(schema: unknown, value: unknown, path = ''): string[] {
  if (!isSchema(schema)) return [`${path}: no schema`]
  const faults: string[] = []
  const fail = (why: string) => faults.push(`${path}: ${why}`)
  for (const keyword of Object.keys(schema)) if (!known.has(keyword)) fail(`unknown keyword ${keyword}`)
  if (schema.type !== undefined && !hasType(schema.type, value)) fail(`no ${schema.type}`)
  if (schema.const !== undefined && value !== schema.const) fail(`not ${schema.const}`)
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) fail(`none of ${schema.enum}`)
  if (typeof value === 'string' && typeof schema.pattern === 'string' && !new RegExp(schema.pattern).test(value)) {
    fail(`does not match ${schema.pattern}`)
  }
  if (typeof value === 'number') {
    if (typeof schema.minimum === 'number' && value < schema.minimum) fail(`below ${schema.minimum}`)
    if (typeof schema.maximum === 'number' && value > schema.maximum) fail(`above ${schema.maximum}`)
  }
  if (Array.isArray(value) && schema.items !== undefined) {
    for (const [index, item] of value.entries()) faults.push(...validate(schema.items, item, `${path}[${index}]`))
  }
  if (isSchema(value)) {
    const properties = isSchema(schema.properties) ? schema.properties : {}
    for (const name of Array.isArray(schema.required) ? schema.required : []) {
      if (!Object.hasOwn(value, name)) fail(`${name} is missing`)
    }
    for (const [name, part] of Object.entries(value)) {
      const property = properties[name] ?? schema.additionalProperties
      if (property !== undefined) faults.push(...validate(property, part, `${path}.${name}`))
    }
  }
  for (const part of schemas(schema.allOf)) faults.push(...validate(part, value, path))
  const alternatives = schemas(schema.anyOf)
  if (alternatives.length > 0 && alternatives.every((one) => validate(one, value, path).length > 0)) {
    fail('fits no alternative')
  }
  return faults
}

function hasType(type: unknown, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isSchema(value)
    case 'array':
      return Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return typeof value === 'number'
    default:
      return type === 'string' && typeof value === 'string'
  }
}
