// Answers from two phones, keys in the terminal, outdated answers and restarts of lab, in random order: no
// answer reaches another question than the one that it names.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { test } from '../../fixtures/lab.ts'
import { readyFoo, type } from '../../fixtures/life.ts'
import { until } from '../../fixtures/until.ts'

const rounds = Number(process.env['LAB_TEST_ROUNDS'] ?? 20)

/** Numbers from 0 to 1 that follow from a seed, so that a failure can be repeated. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

test(
  'an answer decides the question that it names, and no other',
  { timeout: rounds * 15_000 },
  async ({ lab }) => {
    const seed = Number(process.env['LAB_TEST_SEED'] ?? Date.now() % 2 ** 31)
    const random = randomFrom(seed)
    const oneOf = <T>(...all: readonly T[]): T => all[Math.floor(random() * all.length)]!
    lab.behave({ permissions: 'manual' })
    const foo = await readyFoo(lab)
    const questionId = async (): Promise<string | null> =>
      (await lab.get(foo.id).catch(() => null))?.question?.id ?? null
    let previous: string | null = null

    for (let round = 0; round < rounds; round++) {
      const what = `round ${round} of seed ${seed}`
      const file = join(lab.dir, `made-${round}`)
      // A key that came after the dialog is a draft.
      await lab.tmux('send-keys', '-t', `=${foo.name}:`, 'C-u')
      await type(lab, foo.name, `TOOL bash touch ${file}`)
      const before: string | null = previous
      const id: string = await until(
        async (): Promise<string | null> => {
          const found = await questionId()
          return found === before ? null : found
        },
        { what: `${what}: a question` },
      )
      const answers: Promise<{ status: number; allows: boolean; isStale: boolean }>[] = []
      const answer = (question: string, choice: 'allow' | 'deny'): void => {
        const body = { question, choice }
        const call = lab.call('POST', `/api/v1/instances/${foo.id}/answer`, body)
        const told = call.then(({ status }) => status).catch(() => 0)
        answers.push(told.then((status) => ({ status, allows: choice === 'allow', isStale: question !== id }))) // prettier-ignore
      }
      const keys = { pressed: false, allowed: false }
      const steps: (() => void | Promise<void>)[] = [
        () => answer(id, oneOf('allow', 'deny')),
        () => answer(id, oneOf('allow', 'deny')),
        () => void (previous !== null && answer(previous, 'allow')),
        ...oneOf(
          [],
          [
            async () => {
              keys.pressed = true
              await lab.tmux('send-keys', '-t', `=${foo.name}:`, 'Escape')
            },
          ],
          [
            async () => {
              keys.pressed = keys.allowed = true
              await lab.tmux('send-keys', '-t', `=${foo.name}:`, '1')
            },
          ],
        ),
        ...(random() < 0.15 ? [async () => (await lab.end('SIGKILL'), await lab.boot())] : []),
      ]
      for (const step of steps.toSorted(() => random() - 0.5)) {
        await step()
        if (random() < 0.5) await delay(random() * 60)
      }
      const told = await Promise.all(answers)
      if (await questionId()) {
        // Every phone was refused by a lab that was just starting.
        answer(id, 'deny')
        told.push(await answers.at(-1)!)
      }
      await until(async () => (await lab.get(foo.id)).state === 'ready', { what: `${what}: ready` })

      expect(
        told.filter(({ isStale, status }) => isStale && status === 200),
        what,
      ).toEqual([])
      expect(told.filter(({ status }) => status === 200).length, what).toBeLessThanOrEqual(1)
      // lab was killed before it could tell: that answer may have decided.
      const mayAllow = told.some(
        ({ status, allows, isStale }) => allows && !isStale && status !== 409,
      )
      if (existsSync(file)) expect(mayAllow || keys.allowed, what).toBe(true)
      // A key that Claude took first decided, and the hook's answer came too late for it.
      const winner = told.find(({ status }) => status === 200)
      if (winner && !keys.pressed) expect(existsSync(file), what).toBe(winner.allows)
      previous = id
    }
  },
)
