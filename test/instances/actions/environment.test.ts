// Which directory Claude uses, and which variables reach an agent, on the running process.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test, type TestLab } from '../../fixtures/lab.ts'
import { until } from '../../fixtures/until.ts'

/** The environment of a running agent. */
async function environmentOf(lab: TestLab, project: string): Promise<Record<string, string>> {
  const { id } = await lab.start(project)
  const { pid } = await lab.reaches(id, 'ready')
  const text = readFileSync(`/proc/${pid}/environ`, 'utf8')
  const pairs = text.split('\0').filter(Boolean)
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
}

describe("CLAUDE_CONFIG_DIR of lab's own environment", () => {
  /** A directory with a login; the default directory has none. */
  function profile(lab: TestLab): string {
    const dir = join(lab.home, "it's a profile")
    mkdirSync(dir)
    copyFileSync(join(lab.home, '.claude', '.credentials.json'), join(dir, '.credentials.json'))
    return dir
  }

  test('applies to agents, login and trust, and page, API and doctor name it', async ({ lab }) => {
    const dir = profile(lab)
    lab.env['CLAUDE_CONFIG_DIR'] = dir
    await lab.boot()
    const { CLAUDE_CONFIG_DIR } = await environmentOf(lab, 'foo')
    expect(CLAUDE_CONFIG_DIR).toBe(dir)
    expect(readFileSync(join(dir, '.claude.json'), 'utf8')).toContain(join(lab.root, 'foo'))
    const { claude } = (await lab.call('GET', '/api/v1/server')).body
    expect(claude).toMatchObject({ dir, dirFrom: 'CLAUDE_CONFIG_DIR' })
    const { stdout } = await lab.run('doctor')
    expect(stdout).toMatch(
      /^✓ login +.*it's a profile \(CLAUDE_CONFIG_DIR of lab's environment\)$/m,
    )
    expect(stdout).not.toMatch(/^. shell /m)
    delete lab.env['CLAUDE_CONFIG_DIR']
    expect((await lab.run('doctor')).stdout).toMatch(
      /^! shell +claude uses .*\.claude in this shell/m,
    )
    const page = (await lab.call('GET', '/more')).body as string
    expect(page).toContain('named by CLAUDE_CONFIG_DIR')
  })

  test('yields to the flag, and the notice of a missing login names the directory of the flag', async ({
    lab,
  }) => {
    lab.env['CLAUDE_CONFIG_DIR'] = profile(lab)
    const flagged = join(lab.home, 'flagged')
    await lab.boot(`--claude-config-dir=${flagged}`)
    const command = `CLAUDE_CONFIG_DIR=${flagged} claude auth login`
    await until(async () => ((await lab.call('GET', '/')).body as string).includes(command), {
      what: 'the notice',
    })
    const { status, body } = await lab.call('POST', '/api/v1/projects/foo/instances')
    expect([status, body.error.code]).toEqual([503, 'not_logged_in'])
    expect(body.error.message).toContain(command)
    expect((await lab.run('doctor')).stdout).toContain(
      `not logged in, in ${flagged} (--claude-config-dir)`,
    )
    expect(existsSync(join(flagged, '.claude.json'))).toBe(false)
  })
})

test.for([
  ['--projects-root'],
  ['--claude-config-dir'],
  ['CLAUDE_CONFIG_DIR'],
  ['--state-dir'],
] as const)(
  'a file where %s names a folder ends lab with exit 2 and a remedy',
  async ([name], { lab }) => {
    const file = join(lab.dir, 'file')
    writeFileSync(file, '')
    const places: Record<string, string> = {
      '--projects-root': lab.root,
      '--state-dir': lab.stateDir,
      ...(name.startsWith('-') ? { [name]: file } : {}),
    }
    if (!name.startsWith('-')) lab.env[name] = join(file, 'below')
    const flags = Object.entries(places).map(([flag, place]) => `${flag}=${place}`)
    const { exitCode, stderr } = await lab.run('serve', ...flags, '--port=0', '--tmux-socket=x')
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(new RegExp(`^lab: ${name} \\S+ is .*not a folder\\. Name .*\\.$`))
  },
)

describe('--pass-env', () => {
  test('passes a variable on byte for byte, and lab names the withheld ones without their values', async ({
    lab,
  }) => {
    const value = `a 'b' "c" $HOME\\ ; #{x} ü\nnext line`
    Object.assign(lab.env, {
      GH_TOKEN: value,
      DOCKER_HOST: 'hidden-value',
      ANTHROPIC_MODEL: 'opus',
    })
    await lab.boot('--pass-env=GH_TOKEN', '--pass-env=ANTHROPIC_MODEL', '--pass-env=TYPO')
    const agent = await environmentOf(lab, 'foo')
    expect(agent).toMatchObject({ GH_TOKEN: value, ANTHROPIC_MODEL: 'opus' })
    expect(agent).not.toHaveProperty('DOCKER_HOST')
    const { variables } = (await lab.call('GET', '/api/v1/server')).body
    expect(variables).toEqual({
      passed: ['GH_TOKEN', 'ANTHROPIC_MODEL', 'TYPO'],
      withheld: expect.arrayContaining(['DOCKER_HOST']) as string[],
      missing: ['TYPO'],
    })
    const said = [
      lab.stderr(),
      (await lab.run('doctor')).stdout,
      (await lab.call('GET', '/more')).body,
    ]
    for (const text of said) {
      expect(text).toContain('DOCKER_HOST')
      expect(text).not.toContain('hidden-value')
    }
  })

  test('with a name that would break agents ends lab with exit 2 and the reason', async ({
    lab,
  }) => {
    const flags = [`--projects-root=${lab.root}`, `--state-dir=${lab.stateDir}`]
    const { exitCode, stderr } = await lab.run('serve', ...flags, '--pass-env=ANTHROPIC_API_KEY')
    expect(exitCode).toBe(2)
    expect(stderr).toBe(
      'lab: --pass-env ANTHROPIC_API_KEY is refused: it switches Remote Control off, and no agent would have a link. Leave it out.',
    )
  })
})
