// A removed registry file never comes back: lab then does not know what the agent does, and does not
// believe the file's last status.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Instance } from '../../../src/core/instance.ts'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { looked, readyFoo, stop, type } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

const fileOf = (lab: TestLab, { pid }: Instance): string =>
  join(lab.home, `.claude/sessions/${pid}.json`)

test('an agent without its registry file is busy by its title, and else unknown with the reason', async ({
  lab,
}) => {
  const ready = await readyFoo(lab)
  const { id } = ready
  rmSync(fileOf(lab, ready))
  const { unknownBecause } = await lab.reaches(id, 'unknown')
  expect(unknownBecause).toMatch(/registry file of this agent is gone.* Attach to see its screen/)
  expect((await lab.call('GET', '/')).body).toContain('registry file of this agent is gone')
  await type(lab, 'foo', 'HANG')
  expect(await lab.reaches(id, 'busy')).toMatchObject({ unknownBecause: null, pid: ready.pid })
  await lab.tmux('send-keys', '-t', '=foo:', 'Escape')
  await lab.reaches(id, 'unknown')
  expect(existsSync(fileOf(lab, ready))).toBe(false)
  await lab.end('SIGKILL')
  await lab.boot()
  // At once: the new lab does not show the status that the earlier lab read.
  expect(await lab.get(id)).toMatchObject({ state: 'unknown', unknownBecause })
  await stop(lab, id)
  expect((await lab.call('POST', `/api/v1/instances/${id}/resume`)).status).toBe(201)
  expect(await lab.reaches(id, 'ready')).toMatchObject({ unknownBecause: null, conversation: id })
})

test('a question of an agent without its registry file does not count as the end of its work', async ({
  lab,
}) => {
  const ready = await readyFoo(lab)
  const { id } = ready
  rmSync(fileOf(lab, ready))
  await lab.reaches(id, 'unknown')
  const stream = await lab.events()
  await type(lab, 'foo', 'TOOL ask')
  await until(
    async () => (await lab.tmux('capture-pane', '-p', '-t', '=foo:')).includes('Enter to select'),
    { what: 'the question' },
  )
  await looked(lab)
  expect((await lab.get(id)).state).toBe('unknown')
  const states = stream.events.flatMap((event) =>
    event.type === 'instance' ? event.instance.state : [],
  )
  expect(states).not.toContain('ready')
  stream.close()
})

test('a registry file that stays cut off counts as gone', async ({ lab }) => {
  const ready = await readyFoo(lab)
  const { id } = ready
  process.kill(ready.pid!, 'SIGSTOP')
  const text = readFileSync(fileOf(lab, ready), 'utf8')
  writeFileSync(fileOf(lab, ready), text.slice(0, text.length / 2))
  await lab.reaches(id, 'unknown')
  writeFileSync(fileOf(lab, ready), text)
  await lab.reaches(id, 'ready')
  process.kill(ready.pid!, 'SIGCONT')
})
