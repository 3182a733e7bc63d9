// How commands follow lab's stream of events: across a restart of lab, and what ends them.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { instanceOf, test as base, type FakeLab } from '../fixtures/api-server.ts'

interface Streams {
  /** Called with the number and the response of each connection to the stream. */
  onOpen(handler: (count: number, response: ServerResponse) => void): void
}

/** A lab with one ready instance `foo`, whose stream of events the test writes. */
const test = base.extend<{ streams: Streams & { readonly run: FakeLab['run'] } }>({
  streams: async ({ fakeLab }, use) => {
    let handle: (count: number, response: ServerResponse) => void = () => undefined
    let count = 0
    const server = createServer((request, response) => {
      if (request.url !== '/api/v1/events') {
        response.end(JSON.stringify(instanceOf()))
        return
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      handle(++count, response)
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    fakeLab.writeNote({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    await use({ run: (argv) => fakeLab.run(argv), onOpen: (handler) => (handle = handler) })
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  },
})

const cap = { max: 6, used: 1 }
const line = (message: object): string => `data: ${JSON.stringify(message)}\n\n`
const snapshot = line({ type: 'snapshot', instances: [instanceOf()], cap })
const busy = instanceOf({ state: 'busy' })

test('lab wait waits on when the stream ends, and sees what happened meanwhile', async ({
  streams,
}) => {
  streams.onOpen((count, response) => {
    if (count === 1) response.end(snapshot)
    else response.write(line({ type: 'snapshot', instances: [busy], cap }))
  })
  expect(await streams.run(['wait', 'foo', '--for', 'busy'])).toEqual({
    exitCode: 0,
    out: 'busy\n',
    err: '',
  })
})

test('lab wait reads messages that arrive in pieces, and skips comments', async ({ streams }) => {
  streams.onOpen((_, response) => {
    response.write(`${snapshot}:\n\n`)
    const text = line({ type: 'instance', instance: busy })
    response.write(text.slice(0, 20))
    setImmediate(() => response.write(text.slice(20)))
  })
  expect((await streams.run(['wait', 'foo', '--for', 'busy'])).out).toBe('busy\n')
})

test('lab wait ends when lab forgets the instance', async ({ streams }) => {
  streams.onOpen((_, response) => {
    response.write(snapshot + line({ type: 'removed', id: instanceOf().id }))
  })
  const { exitCode, err } = await streams.run(['wait', 'foo', '--for', 'busy'])
  expect({ exitCode, err }).toEqual({
    exitCode: 1,
    err: 'lab: foo was dismissed, so lab has forgotten it.\n',
  })
})
