// Which variables of lab's environment reach agents, and which reasons and lists lab gives for the others.
import { describe, expect, test } from 'vitest'
import { checkNamed, passedOn, variableNames } from '../../src/claude/variables.ts'
import { UsageError } from '../../src/errors.ts'

const lab = {
  PATH: '/bin',
  GH_TOKEN: 'secret',
  DOCKER_HOST: 'unix:///run/docker.sock',
  MAX_THINKING_TOKENS: '8000',
  ANTHROPIC_MODEL: 'opus',
  ANTHROPIC_API_KEY: 'secret',
  CLAUDECODE: '1',
  LAB_URL: 'http://x',
  SHLVL: '2',
  TERM: 'xterm',
  INVOCATION_ID: 'x',
  EMPTY: '',
  UNSET: undefined,
}

describe('passedOn', () => {
  test('adds what the operator names to what every agent gets, empty values too', () => {
    expect(passedOn(lab, [])).toEqual({ PATH: '/bin' })
    expect(passedOn(lab, ['GH_TOKEN', 'ANTHROPIC_MODEL', 'EMPTY', 'UNSET', 'NONE'])).toEqual({
      PATH: '/bin',
      GH_TOKEN: 'secret',
      ANTHROPIC_MODEL: 'opus',
      EMPTY: '',
    })
  })
})

describe('variableNames', () => {
  test('names the variables that an agent could get and does not, and the named ones that are not set', () => {
    expect(variableNames(lab, ['GH_TOKEN', 'NONE', 'UNSET'])).toEqual({
      withheld: ['ANTHROPIC_MODEL', 'DOCKER_HOST', 'EMPTY', 'MAX_THINKING_TOKENS'],
      missing: ['NONE', 'UNSET'],
    })
  })
})

describe('checkNamed', () => {
  test.each([
    ['ANTHROPIC_API_KEY', 'switches Remote Control off'],
    ['ANTHROPIC_AUTH_TOKEN', 'switches Remote Control off'],
    ['ANTHROPIC_BASE_URL', 'switches Remote Control off'],
    ['CLAUDE_CODE_OAUTH_TOKEN', 'switches Remote Control off'],
    ['CLAUDE_CODE_USE_BEDROCK', 'switches Remote Control off'],
    ['CLAUDE_CODE_USE_VERTEX', 'switches Remote Control off'],
    ['DISABLE_TELEMETRY', 'switches Remote Control off'],
    ['CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC', 'switches Remote Control off'],
    ['CLAUDE_CONFIG_DIR', '--claude-config-dir'],
    ['CLAUDECODE', 'Claude Code sets it'],
    ['CLAUDE_CODE_ENTRYPOINT', 'Claude Code sets it'],
    ['CLAUDE_CODE_SSE_PORT', 'Claude Code sets it'],
    ['CLAUDE_CODE_SESSION_ID', 'Claude Code sets it'],
    ['AI_AGENT', 'Claude Code sets it'],
    ['LAB_INSTANCE', 'lab sets it'],
    ['LAB_STATE_DIR', 'lab sets it'],
    ['TMUX', 'one terminal'],
    ['TERM', 'one terminal'],
    ['GIT_DIR', 'one repository'],
  ])('refuses %s: %s', (name, reason) => {
    expect(() => checkNamed(['GH_TOKEN', name])).toThrow(UsageError)
    expect(() => checkNamed([name])).toThrow(`--pass-env ${name} is refused`)
    expect(() => checkNamed([name])).toThrow(reason)
  })

  test('accepts the usual variables, Claude Code settings among them', () => {
    const names = ['GH_TOKEN', 'AWS_PROFILE', 'DOCKER_HOST', 'KUBECONFIG', 'GIT_AUTHOR_NAME']
    const settings = ['ANTHROPIC_MODEL', 'MAX_THINKING_TOKENS', 'CLAUDE_CODE_MAX_OUTPUT_TOKENS']
    expect(() => checkNamed([...names, ...settings])).not.toThrow()
  })
})
