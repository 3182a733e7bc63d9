// Where Claude Code keeps its files, and the few it reads: trust, onboarding, login, MCP servers.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'

export interface Home {
  readonly configDir: string
  /** `.claude.json`: inside the config dir when CLAUDE_CONFIG_DIR names it, else beside it. */
  readonly claudeJson: string
  readonly sessions: string
  readonly projects: string
  readonly credentials: string
}

/** The places that this environment leads to. */
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

/** The object in a JSON file; empty when the file is missing or holds none. */
export function readJson(file: string): Json {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof value === 'object' && value !== null ? (value as Json) : {}
  } catch {
    return {}
  }
}

/** Changes a JSON file and keeps the keys it does not know; makes it when it is missing. */
export function editJson(file: string, change: (value: Json) => void): void {
  const value = readJson(file)
  change(value)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(value, null, 2), { mode: 0o600 })
}

function projectsOf(value: Json): Record<string, Json> {
  return (value['projects'] ??= {}) as Record<string, Json>
}

/** Whether this folder was trusted before: by its repository's root alone, or outside of any by one above it. */
export function isTrusted(home: Home, cwd: string): boolean {
  const projects = projectsOf(readJson(home.claudeJson))
  const root = gitRoot(cwd)
  if (root !== null) return projects[root]?.['hasTrustDialogAccepted'] === true
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (projects[folder]?.['hasTrustDialogAccepted'] === true) return true
    if (folder === dirname(folder)) return false
  }
}

/** Writes down that the folder is trusted. */
export function trust(home: Home, cwd: string): void {
  const key = gitRoot(cwd) ?? cwd
  editJson(home.claudeJson, (value) => {
    projectsOf(value)[key] = { ...projectsOf(value)[key], hasTrustDialogAccepted: true }
  })
}

/** The main checkout of a worktree, or its bare repository; of any other checkout its top; null outside of one. */
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

/** Whether somebody is logged in, going by the credentials file. */
export function hasCredentials(home: Home): boolean {
  return readJson(home.credentials)['claudeAiOauth'] !== undefined
}

/** The MCP servers that the project asks for and nobody has answered yet. */
export function unansweredServers(cwd: string): string[] {
  const wanted = Object.keys(readJson(join(cwd, '.mcp.json'))['mcpServers'] ?? {})
  const local = readJson(localSettings(cwd))
  if (local['enableAllProjectMcpServers'] === true) return []
  const answered = new Set([local['enabledMcpjsonServers'], local['disabledMcpjsonServers']].flat())
  return wanted.filter((name) => !answered.has(name))
}

/** Writes the answer where the real one does: into the checkout. */
export function answerServers(cwd: string, names: readonly string[], enable: boolean): void {
  const key = enable ? 'enabledMcpjsonServers' : 'disabledMcpjsonServers'
  editJson(localSettings(cwd), (value) => {
    value[key] = [...((value[key] as string[] | undefined) ?? []), ...names]
  })
}

function localSettings(cwd: string): string {
  return join(cwd, '.claude', 'settings.local.json')
}

/** Whether the file exists; for checks that name a missing one. */
export function isFile(path: string): boolean {
  return existsSync(path)
}
