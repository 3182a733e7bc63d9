// `lab new`: which project is meant, what is sent, what is printed.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { instanceOf, projectOf, test, type FakeLab } from '../fixtures/api-server.ts'

function serve({ answers }: FakeLab, folder: string): void {
  for (const dir of ['foo/src', 'foo/nested', 'foobar', 'bar'])
    mkdirSync(join(folder, dir), { recursive: true })
  answers['GET /api/v1/projects'] = {
    body: {
      projects: [
        projectOf('foo', join(folder, 'foo')),
        projectOf('foobar', join(folder, 'foobar')),
        projectOf('foo-nested', join(folder, 'foo/nested')),
        projectOf('bar', '/elsewhere/bar'),
      ],
      foreign: [],
      cap: { max: 6, used: 0 },
    },
  }
  for (const key of ['foo', 'foobar', 'foo-nested', 'bar'])
    answers[`POST /api/v1/projects/${key}/instances`] = {
      status: 201,
      body: instanceOf({ name: `${key}~2` }),
    }
}

test('what is typed reaches the server, and the session name is all that is printed', async ({
  fakeLab,
  folder,
}) => {
  serve(fakeLab, folder)
  const argv = ['new', 'foo', '--label', 'a b', '--model=opus', '-effort', 'high', '--force']
  expect(await fakeLab.run(argv)).toEqual({ exitCode: 0, out: 'foo~2\n', err: '' })
  expect(fakeLab.asked.at(-1)).toMatchObject({
    call: 'POST /api/v1/projects/foo/instances',
    body: { label: 'a b', model: 'opus', effort: 'high', force: true },
    headers: { 'content-type': 'application/json' },
  })
  await fakeLab.run(['new', 'foo'])
  expect(fakeLab.asked.at(-1)?.body).toEqual({})
})

test('the mode and the first prompt reach the server; an empty model is null', async ({
  fakeLab,
  folder,
}) => {
  serve(fakeLab, folder)
  const argv = ['new', 'foo', '--mode', 'plan', '--model=', '--prompt=-x\nplan it']
  expect(await fakeLab.run(argv)).toMatchObject({ exitCode: 0, out: 'foo~2\n' })
  expect(fakeLab.asked.at(-1)?.body).toEqual({ model: null, mode: 'plan', prompt: '-x\nplan it' })
})

test('a mode that lab does not know is refused before lab is asked', async ({
  fakeLab,
  folder,
}) => {
  serve(fakeLab, folder)
  const { exitCode, err } = await fakeLab.run(['new', 'foo', '--mode', 'yolo'])
  expect(exitCode).toBe(2)
  expect(err).toBe('lab: --mode "yolo" is not a mode: use one of auto, review, plan.\n')
  expect(fakeLab.asked).toEqual([])
})

test('a path means the innermost project that holds it; a key outranks a folder', async ({
  fakeLab,
  folder,
}) => {
  serve(fakeLab, folder)
  symlinkSync(join(folder, 'foo'), join(folder, 'link'))
  const cases: [typed: string, cwd: string, key: string][] = [
    ['.', join(folder, 'foo'), 'foo'],
    ['.', join(folder, 'foo/src'), 'foo'],
    ['..', join(folder, 'foo/src'), 'foo'],
    ['./', join(folder, 'foobar'), 'foobar'],
    ['.', join(folder, 'foo/nested'), 'foo-nested'],
    [join(folder, 'foo/src'), '/', 'foo'],
    ['~/foo/src', '/', 'foo'],
    ['link/src', folder, 'foo'],
    ['src', join(folder, 'foo'), 'foo'],
    ['bar', folder, 'bar'],
  ]
  for (const [typed, cwd, key] of cases) {
    const { out, err } = await fakeLab.run(['new', typed], { cwd, homedir: folder })
    expect({ typed, cwd, out, err }).toEqual({ typed, cwd, out: `${key}~2\n`, err: '' })
  }
})

test.for(['.', '..', '/tmp', ''])(
  '%j outside every project starts nothing',
  async (typed, { fakeLab, folder }) => {
    serve(fakeLab, folder)
    const { exitCode, err } = await fakeLab.run(['new', typed], { cwd: folder })
    expect(exitCode).toBe(1)
    expect(err).toMatch(/is not in a project; `lab ls` shows the projects\.\n$/)
    expect(fakeLab.asked.map(({ call }) => call)).toEqual(['GET /api/v1/projects'])
  },
)

test('a folder whose name merely begins like a project is none of it', async ({
  fakeLab,
  folder,
}) => {
  serve(fakeLab, folder)
  mkdirSync(join(folder, 'foo-other'))
  const { exitCode, err } = await fakeLab.run(['new', '.'], { cwd: join(folder, 'foo-other') })
  expect(exitCode).toBe(1)
  expect(err).toContain('is not in a project')
})

describe('a repository inside a project', () => {
  const worktree = 'foo/.claude/worktrees/wt'

  function nest(folder: string): void {
    mkdirSync(join(folder, worktree, 'src'), { recursive: true })
    writeFileSync(join(folder, worktree, '.git'), 'gitdir: /x/.git/worktrees/wt\n')
    mkdirSync(join(folder, 'foo/vendor/inner/.git'), { recursive: true })
    writeFileSync(join(folder, 'foo/vendor/inner/.git/HEAD'), 'ref: refs/heads/main\n')
  }

  test.for<[typed: string, cwd: string, repository: string]>([
    ['.', worktree, worktree],
    ['.', `${worktree}/src`, worktree],
    ['worktrees/wt', 'foo/.claude', worktree],
    ['wt', 'foo/.claude/worktrees', worktree],
    ['.', 'foo/vendor/inner', 'foo/vendor/inner'],
  ])(
    'refuses %j in %s, names the repository and the project, and starts nothing',
    async ([typed, cwd, repository], { fakeLab, folder }) => {
      serve(fakeLab, folder)
      nest(folder)
      for (const argv of [
        ['new', typed],
        ['stop', '--project', typed],
      ]) {
        const { exitCode, out, err } = await fakeLab.run(argv, { cwd: join(folder, cwd) })
        expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' })
        expect(err).toContain(`${join(folder, repository)} is a git`)
        expect(err).toContain('inside the project foo')
        expect(err).toContain('symbolic link')
      }
      expect(new Set(fakeLab.asked.map(({ call }) => call))).toEqual(
        new Set(['GET /api/v1/projects']),
      )
    },
  )

  test('starts in it where lab lists it, also through a symbolic link', async ({
    fakeLab,
    folder,
  }) => {
    serve(fakeLab, folder)
    nest(folder)
    const linked = join(folder, 'linked')
    symlinkSync(join(folder, worktree), linked)
    const { body } = fakeLab.answers['GET /api/v1/projects'] as { body: { projects: object[] } }
    body.projects.push(projectOf('linked', linked))
    fakeLab.answers['POST /api/v1/projects/linked/instances'] = {
      status: 201,
      body: instanceOf({ name: 'linked' }),
    }
    const cwd = join(folder, worktree, 'src')
    expect(await fakeLab.run(['new', '.'], { cwd })).toMatchObject({ exitCode: 0, out: 'linked\n' })
  })

  test('is none where git finds none: an empty .git folder, and the folders of .git itself', async ({
    fakeLab,
    folder,
  }) => {
    serve(fakeLab, folder)
    for (const dir of ['foo/src/.git', 'foo/.git/hooks'])
      mkdirSync(join(folder, dir), { recursive: true })
    for (const dir of ['foo/src', 'foo/.git/hooks'])
      expect(await fakeLab.run(['new', '.'], { cwd: join(folder, dir) })).toMatchObject({
        exitCode: 0,
        out: 'foo~2\n',
      })
  })
})

test('a bare repository is refused with the projects that are its worktrees', async ({
  fakeLab,
  folder,
}) => {
  mkdirSync(join(folder, 'repo/main'), { recursive: true })
  writeFileSync(join(folder, 'repo/.git'), 'gitdir: ./.bare\n')
  writeFileSync(join(folder, 'repo/main/.git'), 'gitdir: ../.bare/worktrees/main\n')
  fakeLab.answers['GET /api/v1/projects'] = {
    body: {
      projects: [projectOf('repo-main', join(folder, 'repo/main'))],
      foreign: [],
      cap: { max: 6, used: 0 },
    },
  }
  const { exitCode, err } = await fakeLab.run(['new', '.'], { cwd: join(folder, 'repo') })
  expect(exitCode).toBe(1)
  expect(err).toContain('without a checkout')
  expect(err).toContain('repo-main')
})

test("the server's refusal is passed on in its own words, made harmless", async ({
  fakeLab,
  folder,
}) => {
  serve(fakeLab, folder)
  fakeLab.answers['POST /api/v1/projects/foo/instances'] = {
    status: 409,
    body: { error: { code: 'at_capacity', message: 'All 6 of 6\u001b[2J\n are in use.' } },
  }
  expect(await fakeLab.run(['new', 'foo'])).toEqual({
    exitCode: 1,
    out: '',
    err: 'lab: All 6 of 6\\u001b[2J\\u000a are in use.\n',
  })
})

test('a name that could leave its place in the URL is encoded', async ({ fakeLab, folder }) => {
  serve(fakeLab, folder)
  await fakeLab.run(['new', 'a?b#c%'])
  expect(fakeLab.asked.at(-1)?.call).toBe('POST /api/v1/projects/a%3Fb%23c%25/instances')
})
