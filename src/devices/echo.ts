/**
 * The echo device, this package's own: whatever is sent comes back as the completion's payload.
 *
 * @module
 */
import { guid } from '../wire/index.ts'

/** Its interface id. */
export const echoInterface = guid('6a1b0f5e-5d0c-4b8a-9d0e-2f3c4d5e6f70')
