// A socket that does not answer, while lab cannot read which server has it.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect } from 'vitest'
import { bundle, test } from '../../fixtures/folder.ts'

describe('the rescue of a socket', () => {
  test('tells that the server is unavailable while lab can open no file, never that none lives', async ({
    folder,
  }) => {
    const program = bundle(
      `import { openSync, closeSync } from 'node:fs'
       import { createLostSocket } from './src/tmux/client/lost-socket.ts'
       const server = { kind: 'own', args: ['-L', 'x'], argv: ['tmux', '-L', 'x'] }
       const log = { warn: () => {} }
       const socket = createLostSocket({ server, path: ${JSON.stringify(join(folder, 'socket'))}, log })
       const before = await socket.rescue()
       const open = []
       try { for (;;) open.push(openSync('/dev/null')) } catch {}
       const during = await socket.rescue()
       open.forEach((fd) => closeSync(fd))
       console.log(JSON.stringify([before, during]))`,
      join(folder, 'program.mjs'),
    )
    const limited = 'ulimit -n 128; exec "$@"'
    const { stdout } = await promisify(execFile)('sh', ['-c', limited, '-', process.execPath, program]) // prettier-ignore
    const [before, during] = JSON.parse(stdout) as unknown[]
    expect(before).toBeNull()
    expect(during).toMatchObject({ kind: 'unavailable', stderr: expect.stringContaining('EMFILE') })
  })
})
