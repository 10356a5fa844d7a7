import { EchoVsc } from '../../vsc/echo.ts'
import { EchoVsp } from '../../vsp/echo.ts'
import { type DeviceChoice, only } from './choice.ts'

export const echoChoice: DeviceChoice = {
  help: "this package's own, which answers with what it is sent",
  isStock: false,
  vsp: {
    settings: {},
    prepare(_settings, siblings) {
      only('echo', siblings)
      return () => new EchoVsp()
    },
  },
  vsc: {
    settings: { text: { value: 'TEXT', help: 'what it sends; default hello' } },
    prepare(settings) {
      const text = settings.text('text') ?? 'hello'
      return ({ say }) => {
        const echo = new EchoVsc()
        echo.on('ready', () => {
          echo.echo(text).then(
            (answer) => say(`${JSON.stringify(answer)} came back`),
            (error: unknown) => say(error instanceof Error ? error.message : String(error)),
          )
        })
        return echo
      }
    },
  },
}
