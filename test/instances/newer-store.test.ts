// This lab reads the store of a newer lab after a rollback.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test, type TestLab } from '../fixtures/lab.ts'
import { recordOf } from '../fixtures/record.ts'

const pathOf = (lab: TestLab): string => join(lab.stateDir, 'state.json')
const fileOf = (lab: TestLab) => JSON.parse(readFileSync(pathOf(lab), 'utf8'))

/** Lets a newer lab have written the store while this one is away. */
async function rewrite(lab: TestLab, change: (file: any) => void): Promise<void> {
  await lab.end()
  const file = fileOf(lab)
  change(file)
  writeFileSync(pathOf(lab), JSON.stringify(file))
}

describe('a lab that finds a record of a future kind', () => {
  const future = {
    ...recordOf({ id: 'f0f0f0f0-0000-4000-8000-00000000000f', name: 'foo~9' }),
    kind: 'worker',
    pool: { name: 'night', index: 4, budget: [1, null, { a: {} }] },
    ended: { state: 'error', at: 'then', left: [], evidence: { reason: 'budget', cost: 3 } },
  }

  test('shows and stops all others, reports the record, and loses no field', async ({ lab }) => {
    await lab.boot()
    const { id } = await lab.start('foo', 'kept')
    await lab.reaches(id, 'ready')
    await rewrite(lab, (file) => {
      file.tasks = [{ id: 't1', state: 'open' }]
      file.projects[join(lab.root, 'foo')].quickWords = ['yes', 'go on']
      Object.assign(file.instances[0], { tenant: 'work' })
      Object.assign(file.instances[0].keeper, { cgroup: '/x' })
      file.instances.unshift(future)
    })
    const before = fileOf(lab)
    await lab.boot()
    await lab.reaches(id, 'ready')
    const { body } = await lab.call('GET', '/api/v1/instances?ended=1')
    expect(body.instances.map((instance: { id: string }) => instance.id)).toEqual([id])
    expect(lab.stderr().split('instance foo~9')).toHaveLength(2)
    const page = (await lab.call('GET', '/')).body
    expect(page).toContain('instance foo~9 (kind)')

    const other = await lab.start('bar')
    await lab.reaches(other.id, 'ready')
    await lab.call('DELETE', `/api/v1/instances/${id}`)
    await lab.reaches(id, 'stopped')
    await lab.end()
    const after = fileOf(lab)
    expect(after.instances.find((record: { id: string }) => record.id === future.id)).toEqual(
      future,
    )
    expect(after.tasks).toEqual(before.tasks)
    expect(after.projects[join(lab.root, 'foo')]).toEqual(before.projects[join(lab.root, 'foo')])
    const kept = after.instances.find((record: { id: string }) => record.id === id)
    expect(kept).toMatchObject({ tenant: 'work', ended: { state: 'stopped' } })
    expect(kept.keeper).toEqual(before.instances[1].keeper)
  })

  test('finds its instance again in tmux while the instance runs', async ({ lab }) => {
    await lab.boot()
    const { id } = await lab.start('foo', 'worker')
    await lab.reaches(id, 'ready')
    await rewrite(lab, (file) => {
      Object.assign(file.instances[0], { said: 'in part', pool: 'night' })
    })
    const [record] = fileOf(lab).instances
    await lab.boot()
    await lab.reaches(id, 'ready')
    await lab.call('DELETE', `/api/v1/instances/${id}`)
    await lab.reaches(id, 'stopped')
    await lab.end()
    const { instances } = fileOf(lab)
    expect(instances).toHaveLength(2)
    expect(instances[0]).toEqual(record)
    expect(instances[1]).toMatchObject({ id, pool: 'night', ended: { state: 'stopped' } })
  })
})

/** The lab that the tmux server names as its holder. */
function ownerOf(lab: TestLab): Promise<string> {
  return lab.tmux('list-panes', '-a', '-f', '#{@lab_self}', '-F', '#{@lab_owner}')
}

describe('a lab that finds a store of a newer version', () => {
  test('ends with exit code 2 and one line, and leaves the file and the agents as they are', async ({
    lab,
  }) => {
    await lab.boot()
    const { id } = await lab.start('foo')
    await lab.reaches(id, 'ready')
    await rewrite(lab, (file) => (file.version = 2))
    // lab writes nothing next to the store before the refusal either: no folder, no sign-ins.
    for (const name of ['buffers', 'notes', 'sign-ins.json'])
      rmSync(join(lab.stateDir, name), { recursive: true, force: true })
    const [before, names] = [readFileSync(pathOf(lab)), readdirSync(lab.stateDir)]
    const owner = await ownerOf(lab)
    const flags = [`--projects-root=${lab.root}`, `--state-dir=${lab.stateDir}`, '--port=0']
    flags.push('--tmux-socket=lab')
    const { exitCode, stdout, stderr } = await lab.run('serve', ...flags)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(/^lab: \S+\/state\.json has version 2, .*\n?$/)
    expect(readFileSync(pathOf(lab)).equals(before)).toBe(true)
    expect(readdirSync(lab.stateDir)).toEqual(names)
    expect(await ownerOf(lab)).toBe(owner)
    expect(lab.processesOf(id)).not.toEqual([])
  })
})
