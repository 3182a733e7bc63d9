import { describe, expect, test } from 'vitest'
import { destructiveText } from '../../src/core/question.ts'
import type { Question } from '../../src/core/question.ts'

const question = (fields: Partial<Question>): Question => ({
  id: 'q', kind: 'permission', tool: 'Bash', title: 'wants to run', detail: '', change: null,
  choices: [], asks: [], answerable: true, since: '2026-01-01T00:00:00.000Z', ...fields,
}) // prettier-ignore

describe('a second question', () => {
  test.each([
    'rm -rf dist', 'sudo rm -f -- /x', 'rm --recursive x', 'git push --force', 'git -C x push -f origin main',
    'git push origin +main', 'git reset --hard HEAD~1', 'git clean -fdx', 'git branch -D fix',
    'terraform apply -auto-approve', 'dd if=/dev/zero of=/dev/sda', 'psql -c "DROP TABLE users"', 'kubectl delete ns x',
  ])('is asked before %s', (detail) => {
    expect(destructiveText(question({ detail }), '/srv/foo')).toBe(`run ${detail}`)
  }) // prettier-ignore

  test.each([
    'ls',
    'npm test',
    'git push origin main',
    'rm dist/a.txt',
    'git status',
    'terraform plan',
  ])('is not asked before %s', (detail) => {
    expect(destructiveText(question({ detail }), '/srv/foo')).toBeNull()
  })

  test('names the line of a longer command', () => {
    const detail = 'cd build\nrm -rf *\nmake'
    expect(destructiveText(question({ detail }), '/srv/foo')).toBe('run rm -rf *')
  })

  test('is asked before a change outside of the folder only', () => {
    const write = (path: string) =>
      destructiveText(
        question({ tool: 'Write', change: { path, before: null, after: '' } }),
        '/srv/foo',
      )
    expect(write('/srv/foo/a.ts')).toBeNull()
    expect(write('src/a.ts')).toBeNull()
    expect(write('/srv/foobar/a.ts')).toBe('write /srv/foobar/a.ts, outside of its folder')
    expect(write('/srv/foo/../bar/a.ts')).toContain('outside')
  })
})
