// A light agent for what counts in hundreds: a shell script that registers itself as Claude does and
// then does what its project's plan says. The stand-in, a Node program, would measure the machine.
import { mkdirSync, openSync, closeSync, writeFileSync, writeSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const script = `#!/bin/sh
case "$1" in
  --version) echo '2.1.329 (Claude Code)'; exit ;;
  auth) echo '{"loggedIn":true}'; exit ;;
esac
for word; do
  case "$last" in --session-id | --resume) conversation=$word ;; esac
  last=$word
done
register() {
  read -r stat </proc/$$/stat
  set -- \${stat##*) }
  file="$HOME/.claude/sessions/$$.json"
  trap 'rm -f "$file"; exit 143' TERM
  trap 'rm -f "$file"; exit 129' HUP
  printf '{"pid":%s,"sessionId":"%s","procStart":"%s","status":"idle","bridgeSessionId":"session_%s","updatedAt":1}' \\
    $$ "$conversation" "\${20}" $$ >"$file"
}
hold() { read -r _ <>"$HOME/hold"; }
. "$HOME/plans/\${PWD##*/}"
`

export interface Agents {
  /** What the next agents of a project do, as a shell program that may call `register` and `hold`. */
  plan(project: string, program: string): void
  /** Lets as many agents that `hold` go on. */
  release(count: number): void
}

/** Puts the light agent in the stand-in's place; each project registers and holds until told otherwise. */
export function useLightAgents(
  lab: { readonly dir: string; readonly home: string },
  projects: readonly string[],
): Agents {
  writeFileSync(join(lab.dir, 'bin', 'claude'), script, { mode: 0o755 })
  const hold = join(lab.home, 'hold')
  execFileSync('mkfifo', [hold])
  for (const folder of ['plans', '.claude/sessions'])
    mkdirSync(join(lab.home, folder), { recursive: true })
  const plan = (project: string, program: string): void =>
    writeFileSync(join(lab.home, 'plans', project), `${program}\n`)
  for (const project of projects) plan(project, 'register; hold')
  return {
    plan,
    release(count) {
      // Each reader takes one line, so exactly as many go on; open for both, or it would wait for them.
      const file = openSync(hold, 'r+')
      writeSync(file, '\n'.repeat(count))
      closeSync(file)
    },
  }
}
