// Paths of Claude Code's files, and those that it reads: trust, onboarding, login, MCP servers.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'

export interface Home {
  readonly configDir: string
  /** `.claude.json`: inside the config dir when CLAUDE_CONFIG_DIR names it, else next to it. */
  readonly claudeJson: string
  readonly sessions: string
  readonly projects: string
  readonly credentials: string
}

/** The paths that HOME and CLAUDE_CONFIG_DIR give. */
export function homeOf(env: NodeJS.ProcessEnv): Home {
  const home = env['HOME'] || homedir()
  const named = env['CLAUDE_CONFIG_DIR']
  const configDir = named || join(home, '.claude')
  return {
    configDir,
    claudeJson: named ? join(named, '.claude.json') : join(home, '.claude.json'),
    sessions: join(configDir, 'sessions'),
    projects: join(configDir, 'projects'),
    credentials: join(configDir, '.credentials.json'),
  }
}

export type Json = Record<string, unknown>

/** The object in a JSON file; an empty object when the file is missing or holds no object. */
export function readJson(file: string): Json {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof value === 'object' && value !== null ? (value as Json) : {}
  } catch {
    return {}
  }
}

/** Changes the object in a JSON file, and makes the file when it is missing. Keys that `change` leaves stay. */
export function editJson(file: string, change: (value: Json) => void): void {
  const value = readJson(file)
  change(value)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(value, null, 2), { mode: 0o600 })
}

function projectsOf(value: Json): Record<string, Json> {
  return (value['projects'] ??= {}) as Record<string, Json>
}

/** Whether the user trusts this folder. In a repository its root decides; elsewhere each folder above counts. */
export function isTrusted(home: Home, cwd: string): boolean {
  const projects = projectsOf(readJson(home.claudeJson))
  const root = gitRoot(cwd)
  if (root !== null) return projects[root]?.['hasTrustDialogAccepted'] === true
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (projects[folder]?.['hasTrustDialogAccepted'] === true) return true
    if (folder === dirname(folder)) return false
  }
}

/** Records that the user trusts the folder. */
export function trust(home: Home, cwd: string): void {
  const key = gitRoot(cwd) ?? cwd
  editJson(home.claudeJson, (value) => {
    projectsOf(value)[key] = { ...projectsOf(value)[key], hasTrustDialogAccepted: true }
  })
}

/** The main checkout or bare repository of a worktree; the top of any other checkout; null outside a repository. */
function gitRoot(cwd: string): string | null {
  let top = cwd
  while (!existsSync(join(top, '.git'))) {
    if (top === dirname(top)) return null
    top = dirname(top)
  }
  try {
    const pointer = /^gitdir: (.+)$/m.exec(readFileSync(join(top, '.git'), 'utf8'))?.[1] ?? ''
    const gitDir = resolve(top, pointer)
    const common = resolve(gitDir, readFileSync(join(gitDir, 'commondir'), 'utf8').trim())
    const named = resolve(gitDir, readFileSync(join(gitDir, 'gitdir'), 'utf8').trim())
    if (named !== join(top, '.git') || dirname(gitDir) !== join(common, 'worktrees')) return top
    return basename(common) === '.git' ? dirname(common) : common
  } catch {
    return top
  }
}

/** Whether the credentials file holds a login. */
export function hasCredentials(home: Home): boolean {
  return readJson(home.credentials)['claudeAiOauth'] !== undefined
}

/** The project's MCP servers that the user has neither enabled nor disabled. */
export function unansweredServers(cwd: string): string[] {
  const wanted = Object.keys(readJson(join(cwd, '.mcp.json'))['mcpServers'] ?? {})
  const local = readJson(localSettings(cwd))
  if (local['enableAllProjectMcpServers'] === true) return []
  const answered = new Set([local['enabledMcpjsonServers'], local['disabledMcpjsonServers']].flat())
  return wanted.filter((name) => !answered.has(name))
}

/** Records the answer in the checkout, as Claude Code does. */
export function answerServers(cwd: string, names: readonly string[], enable: boolean): void {
  const key = enable ? 'enabledMcpjsonServers' : 'disabledMcpjsonServers'
  editJson(localSettings(cwd), (value) => {
    value[key] = [...((value[key] as string[] | undefined) ?? []), ...names]
  })
}

function localSettings(cwd: string): string {
  return join(cwd, '.claude', 'settings.local.json')
}

/** Whether the path exists. */
export function isFile(path: string): boolean {
  return existsSync(path)
}
