// An agent at a usage limit, with a real lab, real tmux and the stand-in's transcripts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test } from '../../fixtures/lab.ts'
import { readyFoo, stop, type } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

describe('an agent at the five-hour limit', () => {
  test('is limited, continues by itself, and needs nobody', async ({ lab }) => {
    const foo = await readyFoo(lab)
    await type(lab, foo.name, 'ERR 429 7200')
    const limited = await lab.reaches(foo.id, 'limited')
    expect(limited).toMatchObject({ continuesByItself: true, waitingFor: null })
    const left = Date.parse(limited.limitedUntil!) - Date.now()
    expect(left).toBeGreaterThan(7_000_000)
    expect(left).toBeLessThanOrEqual(7_200_000)
    expect(limited.doing).toMatch(/^You've hit your 5-hour limit · resets /)
    const { stdout } = await lab.run('ls', `--state-dir=${lab.stateDir}`)
    const time = new Date(limited.limitedUntil!).toTimeString().slice(0, 5)
    expect(stdout).toMatch(/^limited +\d+s +foo +continues by itself at \d\d:\d\d$/m)
    expect(stdout).toContain(`at ${time}`)
    const page = (await lab.call('GET', '/')).body as string
    expect(page).toContain('continues by itself')
    expect(page).toContain('Nothing needs you.')
    const journal = readFileSync(join(lab.stateDir, 'journal.jsonl'), 'utf8')
    expect(journal).toContain('"what":"busy → limited"')
    expect(journal).toContain('"limit":{"type":"five_hour"')
    expect((await stop(lab, foo.id)).limitedUntil).toBeNull()
  })

  test('is limited no more once it works again, also for a lab that starts meanwhile', async ({
    lab,
  }) => {
    const foo = await readyFoo(lab)
    await type(lab, foo.name, 'ERR 429 7200')
    await lab.reaches(foo.id, 'limited')
    await lab.end()
    await lab.boot()
    expect(await lab.reaches(foo.id, 'limited')).toMatchObject({ continuesByItself: true })
    await type(lab, foo.name, 'SAY more')
    const ready = await lab.reaches(foo.id, 'ready')
    expect(ready).toMatchObject({ continuesByItself: false, limitedUntil: null })
  })

  test('is no limit of the agent that a resume starts', async ({ lab }) => {
    const foo = await readyFoo(lab)
    await type(lab, foo.name, 'ERR 429 7200')
    await lab.reaches(foo.id, 'limited')
    await stop(lab, foo.id)
    const events = await lab.events()
    await lab.call('POST', `/api/v1/instances/${foo.id}/resume`)
    await lab.reaches(foo.id, 'ready')
    await until(async () => (await lab.get(foo.id)).doing, { what: 'its transcript is read' })
    await type(lab, foo.name, 'SAY more')
    await until(async () => (await lab.get(foo.id)).doing === 'more', { what: 'an answer' })
    events.close()
    expect(events.events.filter((one) => one.type === 'moved' && one.to === 'limited')).toEqual([])
  })
})

describe('an agent at the weekly limit', () => {
  test('is limited, waits for the operator, and its dialog can be answered', async ({ lab }) => {
    const foo = await readyFoo(lab)
    await type(lab, foo.name, 'ERR 429 90000 seven_day')
    const limited = await lab.reaches(foo.id, 'limited')
    expect(limited).toMatchObject({ continuesByItself: false, waitingFor: 'weekly limit' })
    const asking = await until(
      async () => {
        const one = await lab.get(foo.id)
        return one.question && one
      },
      { what: 'the dialog as a question' },
    )
    expect(asking).toMatchObject({ state: 'limited', waitingFor: 'weekly limit' })
    expect(asking.question).toMatchObject({ kind: 'dialog', title: 'is at its weekly limit:' })
    expect(asking.question!.choices.map(({ label }) => label)).toContain('Stop and wait')
    const page = (await lab.call('GET', '/')).body as string
    expect(page).toContain('<b>1</b> needs you')
    const choice = asking.question!.choices.find(({ label }) => label === 'Stop and wait')!.id
    const given = { question: asking.question!.id, choice }
    const { status } = await lab.call('POST', `/api/v1/instances/${foo.id}/answer`, given)
    expect(status).toBe(200)
    await until(async () => (await lab.get(foo.id)).question === null, { what: 'no question' })
  })
})

test('another error of the API is no limit', async ({ lab }) => {
  const foo = await readyFoo(lab)
  await type(lab, foo.name, 'ERR 401')
  await until(async () => (await lab.get(foo.id)).doing?.startsWith('API Error'), { what: 'it' })
  expect((await lab.reaches(foo.id, 'ready')).limitedUntil).toBeNull()
})
