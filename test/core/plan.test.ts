// The launch plan, made from its contributions.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planLaunch, type Contribution } from '../../src/core/plan.ts'

const facts = { name: 'api~2~fix', cwd: '/p/api', metadata: { id: 'the-id', project: '/p/api' } }
const plan = (...contributions: Contribution[]) => planLaunch(facts, contributions)

describe('planLaunch', () => {
  test('keeps the facts of the launch and is empty in all else without a contribution', () => {
    expect(plan()).toEqual({ ...facts, env: {}, unset: [], argv: [], settings: {} })
  })

  test('puts the arguments in the order of the contributions', () => {
    expect(plan({ argv: ['claude', '--name', 'x'] }, {}, { argv: ['--ide'] }).argv).toEqual([
      'claude',
      '--name',
      'x',
      '--ide',
    ])
  })

  test('takes the later value when two contributions set one variable', () => {
    const { env } = plan({ env: { PATH: '/bin', HOME: '/h' } }, { env: { PATH: '/lab:/bin' } })
    expect(env).toEqual({ PATH: '/lab:/bin', HOME: '/h' })
  })

  test('unsets no variable that any contribution sets, and names each once, sorted', () => {
    const { env, unset } = plan(
      { unset: ['TMUX', 'CLAUDE_CONFIG_DIR', 'AI_AGENT'] },
      { env: { CLAUDE_CONFIG_DIR: '/c' }, unset: ['TMUX'] },
    )
    expect(env).toEqual({ CLAUDE_CONFIG_DIR: '/c' })
    expect(unset).toEqual(['AI_AGENT', 'TMUX'])
  })

  test('merges settings: objects by key, lists in order, and the later of two other values', () => {
    const ask = { matcher: 'Edit' }
    const { settings } = plan(
      { settings: { disableAgentView: true, hooks: { Stop: ['a'], SessionEnd: ['b'] } } },
      { settings: { hooks: { Stop: ['c'], PreToolUse: [ask] } } },
      { settings: { disableAgentView: false, hooks: { SessionEnd: 'none' } } },
    )
    expect(settings).toEqual({
      disableAgentView: false,
      hooks: { Stop: ['a', 'c'], SessionEnd: 'none', PreToolUse: [ask] },
    })
  })

  test('changes no contribution', () => {
    const contribution: Contribution = {
      env: { A: '1' },
      unset: ['B'],
      argv: ['x'],
      settings: { hooks: { Stop: ['a'] } },
    }
    const before = structuredClone(contribution)
    plan(contribution, contribution, contribution)
    expect(contribution).toEqual(before)
  })

  test('gives the same settings however the contributions are grouped', () => {
    const setting = fc.letrec<{ value: never; object: Record<string, never> }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.boolean(),
        fc.array(fc.nat(3), { maxLength: 2 }),
        tie('object'),
      ) as fc.Arbitrary<never>,
      object: fc.dictionary(fc.constantFrom('a', 'b'), tie('value')),
    })).object
    fc.assert(
      fc.property(setting, setting, setting, (a, b, c) => {
        const grouped = plan(
          { settings: plan({ settings: a }, { settings: b }).settings },
          { settings: c },
        )

        const flat = plan({ settings: a }, { settings: b }, { settings: c })
        expect(grouped.settings).toEqual(flat.settings)
      }),
    )
  })
})
