// Every command: how it is called, what it does, and the file that carries it out. A new command is a
// file in commands/ and a row here; `lab --help`, each command's own help and the dispatch read this table.
import type { Command } from './command.ts'

interface Row {
  readonly usage: string
  readonly summary: string
  readonly details?: string
  /** False for a command that asks no server; `here` for one that needs lab's own machine. */
  readonly findsServer?: false | 'here'
  /** Missing where main.ts carries the command out. */
  readonly load?: () => Promise<Command>
}

/** The commands in the order in which `lab --help` shows them. */
export const commands: Readonly<Record<string, Row>> = {
  serve: {
    usage: 'lab [serve] [FLAG…]',
    summary: 'run lab, which serves the page and the API; `lab serve --help` lists the flags',
    findsServer: false,
  },
  ls: {
    usage: 'lab ls [--ended] [--json]',
    summary: 'list projects, their instances and the sessions that lab did not make',
    details:
      '  --ended       list the ended instances, with their ids and why they ended\n' +
      '  --json        print the answer of the API instead of a table\n',
    load: async () => (await import('./commands/ls.ts')).ls,
  },
  new: {
    usage:
      'lab new PROJECT [--label L] [--model M] [--effort E] [--mode M] [--prompt P] [--force] [--wait]',
    summary: 'start an instance and print its session name',
    details:
      '  PROJECT       a project key, or a path in the project, such as .\n' +
      '  --label L     a label of at most 60 characters\n' +
      '  --model M     the model, else the one that the page chose last\n' +
      '  --effort E    the effort, else the one that the page chose last\n' +
      '  --mode M      auto, review (ask before each change) or plan, else the last one of the page\n' +
      '  --prompt P    the first prompt\n' +
      '  --force       start even if Claude Code says that it is not logged in\n' +
      '  --wait        wait until it is ready; exit 1 with the reason if it does not get ready\n',
    load: async () => (await import('./commands/new.ts')).newInstance,
  },
  resume: {
    usage: 'lab resume REF… [--blank] [--force] [--wait]',
    summary: "continue ended instances' conversations, under the same id and label",
    details:
      '  REF           a name that one ended instance had, or an id; `lab ls --ended` shows them\n' +
      '  --blank       begin a blank conversation if Claude has no transcript of the old one\n' +
      '  --force       resume even if Claude Code says that it is not logged in, or without what\n' +
      "                was said in Claude's background\n" +
      '  --wait        wait until each is ready; exit 1 with the reason if one does not get ready\n',
    load: async () => (await import('./commands/resume.ts')).resume,
  },
  stop: {
    usage: 'lab stop REF… | --project PROJECT | --all | --left ID…',
    summary: 'end instances; the id of an ended instance dismisses it',
    details:
      '  REF           a session name, or an id\n' +
      '  --project P   every instance of one project\n' +
      '  --all         every instance\n' +
      '  --left ID…    the processes that ended instances left running; `lab ls --ended` shows the ids\n',
    load: async () => (await import('./commands/stop.ts')).stop,
  },
  attach: {
    usage: 'lab attach REF',
    summary: "open an instance's session in this terminal; C-b d leaves it",
    details: '  REF           a session name, or an id\n',
    load: async () => (await import('./commands/attach.ts')).attach,
  },
  tmux: {
    usage: 'lab tmux ARG…',
    summary: "run tmux on lab's server, also while lab is down: `lab tmux ls`",
    findsServer: 'here',
    load: async () => (await import('./commands/tmux.ts')).tmux,
  },
  doctor: {
    usage: 'lab doctor',
    summary: 'show the directories, programs and login that lab uses, and what is wrong',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  demo: {
    usage: 'lab demo [FLAG…]',
    summary: 'show lab with made-up projects and agents; takes the flags of `lab serve`',
    findsServer: false,
  },
}

/** The row of a command; null for an unknown command. */
export function commandOf(name: string): Row | null {
  return (Object.hasOwn(commands, name) ? commands[name] : undefined) ?? null
}
