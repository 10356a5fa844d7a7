/** Something outside that is needed and missing, or does not work: what, and what helps. */
export class GuestSetupError extends Error {
  override readonly name = 'GuestSetupError'
}
