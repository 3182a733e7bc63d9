// An agent that calls lab in its own session gets the reply before lab ends it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { labPath, test } from '../fixtures/lab.ts'
import { until } from '../fixtures/until.ts'

test('an agent that stops itself reads that it is stopping, each time', async ({ lab }) => {
  await lab.boot('--max-instances=10')
  const script = join(lab.dir, 'stop-myself')
  // The whole reply appears at once, so that a file is there only if the command came to its end.
  writeFileSync(
    script,
    `out=$(${process.execPath} ${labPath} stop "$LAB_INSTANCE" 2>&1)\necho "$out, exit $?" >"${lab.dir}/$LAB_INSTANCE.part" && mv "${lab.dir}/$LAB_INSTANCE.part" "${lab.dir}/$LAB_INSTANCE.reply"\n`,
  )
  for (let round = 0; round < 5; round++) {
    const { id, name } = await lab.start('foo', `round ${round}`)
    await lab.reaches(id, 'ready')
    await lab.tmux('send-keys', '-t', `=${name}:`, '-l', `TOOL bash sh ${script}`)
    await lab.tmux('send-keys', '-t', `=${name}:`, 'Enter')
    const { evidence } = await lab.reaches(id, 'stopped')
    expect(evidence?.by).toBe('agent')
    const reply = join(lab.dir, `${id}.reply`)
    await until(() => existsSync(reply), { what: `the reply of round ${round}`, timeoutMs: 5000 })
    expect(readFileSync(reply, 'utf8')).toBe(`${name}: stopping, exit 0\n`)
  }
})
