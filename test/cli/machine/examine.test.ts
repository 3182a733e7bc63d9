// `lab doctor REF` against a real lab: what lab logged of an instance reaches the operator.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../../fixtures/lab.ts'
import { until } from '../../fixtures/until.ts'

test('lab doctor shows what went wrong with the named instance alone', async ({ lab }) => {
  await lab.boot()
  const { id } = await lab.start('foo')
  const other = await lab.start('bar')
  for (const one of [id, other.id]) await lab.reaches(one, 'ready')
  expect((await lab.run('doctor', 'foo')).stdout).toContain('✓ start     nothing went wrong')
  const sessions = join(lab.home, '.claude', 'sessions')
  const registered = (await lab.get(id)).pid
  expect(readdirSync(sessions)).toContain(`${registered}.json`)
  rmSync(join(sessions, `${registered}.json`))
  await until(async () => (await lab.run('doctor', 'foo')).stdout.includes('! problem   '), {
    what: 'the problem',
  })
  expect((await lab.run('doctor', 'foo')).stdout).toMatch(
    /! problem +.*registry file is gone.* ago/,
  )
  expect((await lab.run('doctor', 'bar')).stdout).toContain('✓ start     nothing went wrong')
})
