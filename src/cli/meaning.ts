/** One thing that a term can mean. */
export interface Meaning {
  /** Kind of thing: `hypercall`, `interface id`, `message type`, … */
  readonly what: string
  readonly name: string
  /** Its number or GUID, as printed; empty where it has none. */
  readonly value: string
  /** Further lines. */
  readonly detail: readonly string[]
}
