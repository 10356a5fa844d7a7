/** Intercepts that a parent has set on a partition: by {@link interceptKey}, the accesses that count (InterceptAccessTypeMask). */
export type InterceptTable = Map<string, number>

/** What an intercept is set on, as a key: its type and its port, MSR or leaf. */
export function interceptKey(type: number, parameter: number): string {
  return `${type}:${parameter}`
}
