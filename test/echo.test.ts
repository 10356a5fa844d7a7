import { expect, it } from 'vitest'
import { main } from '../examples/echo.ts'

it('the echo example', async () => {
  expect(await main()).toBe('hello, partition')
})
