// The help texts: what each command does, in the words of its user.

interface CommandHelp {
  readonly usage: string
  readonly summary: string
  readonly details?: string
  /** False for what has no server to find. */
  readonly findsServer?: false
}

/** Every command with its help, in the order in which the overview shows them. */
export const commands: Readonly<Record<string, CommandHelp>> = {
  serve: {
    usage: 'lab [serve] [FLAG…]',
    summary: 'run lab: the page, the API and what keeps watch; `lab serve --help` lists the flags',
    findsServer: false,
  },
  ls: {
    usage: 'lab ls [--ended] [--json]',
    summary: 'list projects, their instances and the sessions that lab did not make',
    details:
      '  --ended       the ended instances, with their ids and why they ended\n' +
      '  --json        the answer of the API instead of a table\n',
  },
  new: {
    usage: 'lab new PROJECT [--label L] [--model M] [--effort E] [--force] [--wait]',
    summary: 'start an instance and print its session name',
    details:
      '  PROJECT       a project key, or a path in the project, such as .\n' +
      '  --label L     what tells it from the others, at most 60 characters\n' +
      '  --model M     the model it starts with\n' +
      '  --effort E    the effort it starts with\n' +
      '  --force       start although Claude Code says that nobody is logged in\n' +
      '  --wait        until it is ready; exit 1 with the reason when it will not be\n',
  },
  resume: {
    usage: 'lab resume REF… [--blank] [--force] [--wait]',
    summary: "continue ended instances' conversations, under the same id and label",
    details:
      '  REF           a name that one ended instance had, or an id; `lab ls --ended` shows them\n' +
      '  --blank       with a blank conversation where Claude has no transcript of the old one\n' +
      '  --force       although Claude Code says that nobody is logged in, or without what was said\n' +
      "                in Claude's background\n" +
      '  --wait        until each is ready; exit 1 with the reason when one will not be\n',
  },
  stop: {
    usage: 'lab stop REF… | --project PROJECT | --all | --left ID…',
    summary: 'end instances; one that has ended already is dismissed by its id',
    details:
      '  REF           a session name, or an id\n' +
      '  --project P   every instance of one project\n' +
      '  --all         every instance\n' +
      '  --left ID…    what ended instances began and left running\n',
  },
  attach: {
    usage: 'lab attach REF',
    summary: "open an instance's session in this terminal; C-b d leaves it",
    details: '  REF           a session name, or an id\n',
  },
  tmux: {
    usage: 'lab tmux ARG…',
    summary: "run tmux on lab's server, also while lab is down: `lab tmux ls`",
  },
  doctor: {
    usage: 'lab doctor',
    summary: 'tell which directories, programs and login the running lab uses, and what is wrong',
  },
  demo: {
    usage: 'lab demo [FLAG…]',
    summary: 'show lab with made-up projects and agents; takes the flags of `lab serve`',
    findsServer: false,
  },
}

const whereHelp =
  '  --url URL     the lab to ask (or LAB_URL, with its token in LAB_TOKEN_FILE)\n' +
  '  --state-dir D the state directory of the lab to ask (or LAB_STATE_DIR)\n'

/** The text of `lab --help`. */
export function overview(): string {
  const rows = Object.entries(commands).map(
    ([name, { summary }]) => `  lab ${name.padEnd(8)}${summary}\n`,
  )
  return (
    'lab runs several Claude Code instances per git project and puts them on your phone.\n\n' +
    `${rows.join('')}  lab --version\n\n` +
    '`lab COMMAND --help` says more. Exit codes: 0 done, 1 refused or failed, 2 not understood.\n'
  )
}

/** The text of `lab COMMAND --help`; null when there is no such command. */
export function commandHelp(name: string): string | null {
  const help = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!help) return null
  const where = help.findsServer === false ? '' : whereHelp
  const flags = `${help.details ?? ''}${where}`
  return `${help.usage}\n${help.summary}\n${flags && `\n${flags}`}`
}
