// The real service, as serve composes it: a tmux server of its own, the stand-in for claude, real folders.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfig } from '../../src/config/config.ts'
import type { Log } from '../../src/log.ts'
import { readProcess } from '../../src/processes/proc.ts'
import { compose } from '../../src/serve/compose.ts'
import { makeDir } from '../../src/store/state-dir.ts'
import { createUpkeep, openStateDir } from '../../src/store/upkeep.ts'
import { createTmux } from '../../src/tmux/adapter.ts'
import { holdServer } from '../../src/tmux/ownership.ts'
import { createTestLab } from '../fixtures/lab.ts'
import { until } from '../fixtures/until.ts'
import { describeService, type OpenedService } from './service-contract.ts'

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} }

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
  const dir = openStateDir(lab.stateDir, self)
  const upkeep = createUpkeep(dir, { onTaken: fail, log: quiet })
  const bufferDir = join(lab.stateDir, 'buffers')
  await upkeep.add('buffers', () => void makeDir(bufferDir), 'missing')
  const { tmuxSocket: socket, historyLimit } = config
  const tmux = await createTmux({
    socket,
    historyLimit,
    bufferDir,
    env: lab.env,
    client: 'control',
    log: quiet,
  })
  const owning = await holdServer(tmux, self, { log: quiet, onTaken: fail })
  const { instances } = await compose(
    config,
    { env: lab.env, home: lab.home, version: '0', onListening() {}, onTaken: fail },
    { tmux, log: quiet, dir, upkeep },
  )
  await instances.open()

  const reaches = (id: string, state: string): Promise<unknown> =>
    until(() => instances.get(id).state === state, { what: `${id} is ${state}` })
  return {
    service: instances,
    async becomesReady(id) {
      await reaches(id, 'ready')
      // The link comes a moment later: what is compared next shall not change meanwhile.
      await until(() => instances.get(id).linkState === 'linked', { what: `${id} has a link` })
    },
    async killAgent(id) {
      process.kill(instances.get(id).pid!, 'SIGKILL')
      await reaches(id, 'error')
    },
    finishesStop: async (id) => void (await reaches(id, 'stopped')),
    removeFolder: (project) => rmSync(join(lab.root, project), { recursive: true }),
    async dispose() {
      owning.stop()
      await instances.close()
      await tmux.close()
      upkeep.close()
      dir.release()
      await lab.dispose()
    },
  }
}

describeService('the service', openService)
