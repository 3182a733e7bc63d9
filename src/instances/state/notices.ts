// The notices: problems of this lab as a whole, each with its remedy.
import { dirname } from 'node:path'
import { homeOf } from '../../claude/home.ts'
import { remoteControlBlockers } from '../../claude/launch.ts'
import type { Notice } from '../../core/instance.ts'
import { writeRemedy } from '../../disk-errors.ts'
import { ClaudeMissing, NotLoggedIn } from '../../errors.ts'
import type { Projects } from '../../projects/projects.ts'
import type { Store } from '../../store/store.ts'
import type { Misfit } from '../../tmux/tmux.ts'
import type { InstancesDeps } from './deps.ts'

/** Lists the problems of now; empty when there is none. */
export function noticesOf(
  { homes, store, launch, tmux, configFile }: InstancesDeps,
  now: {
    /** Why lab cannot read tmux; null when it can. */
    readonly unreadable: string | null
    readonly serverVersion: string | null
    readonly running: number
    readonly projects: Pick<Projects, 'root' | 'all' | 'rootIsRepository' | 'unread'>
  },
): readonly Notice[] {
  const { unreadable, serverVersion, running, projects } = now
  const emptyRoot = projects.all().length === 0 ? projects.root : null
  const notices: Notice[] = []
  const add = (code: string, message: string, commands?: readonly string[]): void =>
    void notices.push({ code, message, ...(commands && { commands }) })
  const { program: claude, loginCommand } = homeOf(homes)
  if (unreadable !== null)
    add(
      'tmux_unavailable',
      `lab cannot read tmux, so it does not know the state of any instance. lab stops nothing and tries again. ${unreadable}`,
    )
  const misfit = tmux.misfit()
  if (misfit) add('tmux_misfit', misfitText(misfit, { client: tmux.version, running }))
  // After an upgrade the old server keeps running. lab works with it, and only its restart would end agents.
  else if (serverVersion !== null && serverVersion !== tmux.version)
    add(
      'tmux_older',
      `The tmux server that holds the agents is ${serverVersion}, the installed tmux is ${tmux.version}. They work together. A restart of that server would end ${running} agents.`,
    )
  if (claude.locate() === null)
    add('claude_missing', new ClaudeMissing(launch.command).message, [
      'npm install -g @anthropic-ai/claude-code',
      loginCommand,
    ])
  // The last answer counts at any age: the notice stays until Claude reports a login.
  else if (claude.lastLogin() === 'logged_out')
    add('not_logged_in', new NotLoggedIn(loginCommand).message, [loginCommand])
  if (emptyRoot !== null && projects.rootIsRepository())
    add(
      'root_is_repository',
      `${emptyRoot} is itself a git repository, and lab looks for projects below its root. Start lab with --projects-root ${dirname(emptyRoot)} to see this one.`,
    )
  const unread = projects.unread()
  if (unread.length > 0) add('projects_unread', unreadText(projects.root, unread))
  const blockers = remoteControlBlockers(launch.environment)
  if (blockers.length > 0)
    add(
      'environment_withheld',
      `${blockers.join(', ')} would switch Remote Control off, so lab starts agents without it.`,
    )
  const problem = configFile.problem()
  if (problem !== null)
    add(
      'config_invalid',
      `${problem} lab still uses what it read before. Repair the file and send lab SIGHUP.`,
      [`kill -HUP ${process.pid}`],
    )
  addStoreNotices(add, store, launch.stateDir)
  return notices
}

/** The problems of the store. */
function addStoreNotices(
  add: (code: string, message: string) => void,
  store: Pick<Store, 'failure' | 'corruptKeptAt' | 'setAside' | 'path'>,
  stateDir: string,
): void {
  const failure = store.failure()
  if (failure)
    add(
      'store_unwritable',
      `lab cannot write to ${stateDir}, so it starts nothing. The agents still run, and you can stop them. ${writeRemedy(failure.cause)} lab then writes what it knows.`,
    )
  if (store.corruptKeptAt)
    add(
      'store_corrupt',
      `lab could not read its store and kept it as ${store.corruptKeptAt}. lab found the running instances through tmux. The ended instances and the last uses are in that file.`,
    )
  if (store.setAside.length > 0) add('store_records_unread', recordsUnreadText(store))
}

const recordsShownMax = 3

function recordsUnreadText({ setAside, path }: Pick<Store, 'setAside' | 'path'>): string {
  const shown = setAside
    .slice(0, recordsShownMax)
    .map(({ record, field }) => (field ? `${record} (${field})` : record))
  const more = setAside.length - shown.length
  const list = shown.join(', ') + (more > 0 ? ` and ${more} more` : '')
  return `lab cannot read some records in ${path} and does not show them: ${list}. The file keeps these records unchanged. A newer lab may have written them: start that lab, or stop lab and repair the file.`
}

const foldersShownMax = 5
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EPERM: 'no permission',
}

function unreadText(root: string, unread: ReturnType<Projects['unread']>): string {
  const shown = unread
    .slice(0, foldersShownMax)
    .map(({ path, reason }) => `${path} (${reasons[reason] ?? reason})`)
  const more = unread.length - shown.length
  const list = shown.join(', ') + (more > 0 ? ` and ${more} more` : '')
  return `lab cannot read these folders below ${root}, so the projects in them are missing: ${list}. Give lab's user the right to read them, or move them out of the root.`
}

/** The consequences of an upgrade of tmux across 3.6, for lab and for a person who attaches. */
function misfitText(
  { server, isBridged }: Misfit,
  { client, running }: { readonly client: string; readonly running: number },
): string {
  const both =
    server === null
      ? `The tmux server that holds the agents does not understand the installed tmux ${client}.`
      : `The tmux server that holds the agents is ${server}, the installed tmux is ${client}, and the two do not understand each other.`
  const now = isBridged
    ? `lab, \`lab attach\` and the commands on this page use the server's own program; plain \`tmux\` does not work with it.`
    : `lab may not run the server's own program, so no terminal can be attached${server === null ? ', and the state of the instances is unknown' : ''}. Install the tmux of the server again.`
  return `${both} ${now} Restart the server when its ${running} agents may end.`
}
