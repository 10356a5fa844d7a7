/**
 * The echo device's driver.
 *
 * @module
 */
import { echoInterface } from '../devices/echo.ts'
import { Vsc } from './vsc.ts'

/** The driver, in the child partition. */
export class EchoVsc extends Vsc {
  readonly binds = { interfaceId: echoInterface }

  /** Sends a text and answers what came back. A packet's payload is padded to 8 bytes, so NULs at its end are lost. */
  async echo(text: string): Promise<string> {
    const answer = await this.request(new TextEncoder().encode(text))
    return new TextDecoder().decode(answer).replace(/\0+$/, '')
  }
}
