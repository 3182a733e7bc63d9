// The real service, as serve composes it: a private tmux server, the stand-in for claude, real folders.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config/config.ts'
import { keepProblems } from '../../src/problems.ts'
import { readProcess } from '../../src/processes/proc.ts'
import { composeService, composeTmux } from '../../src/serve/compose.ts'
import { openConfigFile } from '../../src/serve/config-file.ts'
import { openState } from '../../src/serve/state-dir.ts'
import { holdServer } from '../../src/tmux/ownership.ts'
import { createTestLab } from '../fixtures/lab.ts'
import { mockLog } from '../fixtures/log.ts'
import { until } from '../fixtures/until.ts'
import { describeService, type OpenedService } from './service-contract.ts'

async function openService(): Promise<OpenedService> {
  const lab = await createTestLab({ projects: ['foo', 'bar'] })
  const config = parseConfig(
    [
      `--projects-root=${lab.root}`,
      `--state-dir=${lab.stateDir}`,
      `--claude=${join(lab.dir, 'bin/claude')}`,
      '--max-instances=3',
    ],
    { env: lab.env, homedir: lab.home, cwd: '/' },
  )
  const fail = (error: Error): void => {
    throw error
  }
  const self = readProcess(process.pid)!
  const log = mockLog()
  const state = openState(lab.stateDir, self, { log, onTaken: fail })
  const runtime = {
    env: lab.env,
    home: lab.home,
    version: '0',
    command: [],
    onListening() {},
    onTaken: fail,
  }
  const configFile = await openConfigFile(null)
  const problems = keepProblems(log, Date.now)
  const context = { config, configFile, runtime, state, log, problems }
  const store = await state.openStore(() => undefined)
  const tmux = await composeTmux(context)
  const ownership = await holdServer(tmux, self, { log, onTaken: fail })
  const { instances } = composeService(context, tmux, store)
  await instances.open()

  const reaches = (id: string, wanted: string): Promise<unknown> =>
    until(() => instances.get(id).state === wanted, { what: `${id} is ${wanted}` })
  return {
    service: instances,
    async becomesReady(id) {
      await reaches(id, 'ready')
      // The link comes a moment later, and must not change the values that the test compares next.
      await until(() => instances.get(id).linkState === 'linked', { what: `${id} has a link` })
    },
    async killAgent(id) {
      process.kill(instances.get(id).pid!, 'SIGKILL')
      await reaches(id, 'error')
    },
    finishesStop: async (id) => void (await reaches(id, 'stopped')),
    removeFolder: (project) => rmSync(join(lab.root, project), { recursive: true }),
    async dispose() {
      ownership.stop()
      await instances.close()
      await tmux.close()
      state.close()
      await lab.dispose()
    },
  }
}

describeService('the service', openService)

test('a resume of an instance that is dismissed in between is refused, and starts nothing', async () => {
  const opened = await openService()
  const { service } = opened
  try {
    const { id } = await service.start({ project: 'foo' }, 'api')
    await opened.becomesReady(id)
    service.stop(id, 'api')
    await opened.finishesStop(id)
    const resumed = service.resume(id, 'api')
    service.dismiss(id, 'api')
    await expect(resumed).rejects.toMatchObject({ code: 'instance_not_found' })
    expect(service.cap().used).toBe(0)
  } finally {
    await opened.dispose()
  }
})
