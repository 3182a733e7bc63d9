// Every command, in the order in which `lab --help` shows them. A new command is a file and a row: here
// for what concerns agents, in machine/rows.ts for the rest. The help, the completion and the dispatch
// read this table.
import { nearest } from '../argv.ts'
import type { Row } from './command.ts'
import { machineCommands } from './machine/rows.ts'
import { waitStates } from './wait.ts'

const instance = 'a session name, a label, the beginning of either, or an id'
const instanceOrActive = `${instance}; else the one of \`lab switch\``
const wait = 'wait until it is ready; exit 1 with the reason if it does not get ready'

export const commands: Readonly<Record<string, Row>> = {
  serve: {
    usage: 'lab [serve] [FLAG…]',
    summary: 'run lab, which serves the page and the API; `lab serve --help` lists the flags',
    examples: [
      'lab',
      'lab serve --port 8443',
      'lab serve --projects-root ~/code --max-instances 10',
    ],
    findsServer: false,
  },
  ls: {
    usage: 'lab ls [PROJECT] [--links] [--ended] [--json]',
    summary: 'list projects, their instances and the sessions that lab did not make',
    takes: [
      ['PROJECT', 'a project key, or a path in the project; else all projects'],
      ['--links', "show the instances' links to claude.ai"],
      ['--ended', 'list the ended instances, with their ids and why they ended'],
      ['--json', 'print the answer of the API instead of a table'],
    ],
    examples: ['lab ls', 'lab ls web-shop --links', 'lab ls | awk \'$1 == "waiting" {print $3}\''],
    words: 'project',
    load: async () => (await import('./commands/ls.ts')).ls,
  },
  new: {
    usage:
      'lab new PROJECT [--label L] [--model M] [--effort E] [--mode M] [--prompt P] [--force] [--wait]',
    summary: 'start an instance and print its session name',
    takes: [
      ['PROJECT', 'a project key, or a path in the project, such as .'],
      ['--label L', 'a label of at most 60 characters'],
      ['--model M', 'the model, else the one that the page chose last'],
      ['--effort E', 'the effort, else the one that the page chose last'],
      [
        '--mode M',
        'auto, review (ask before each change) or plan, else the last one of the page',
        ['auto', 'review', 'plan'],
      ],
      ['--prompt P', 'the first prompt'],
      ['--force', 'start even if Claude Code says that it is not logged in'],
      ['--wait', wait],
    ],
    examples: [
      'lab new .',
      'lab new web-shop --label "fix the login"',
      'lab new web-shop --mode plan --prompt "make the tests faster"',
    ],
    words: 'project',
    load: async () => (await import('./commands/new.ts')).newInstance,
  },
  resume: {
    usage: 'lab resume REF… [--blank] [--force] [--wait]',
    summary: "continue ended instances' conversations, under the same id and label",
    takes: [
      ['REF', 'a name or label that one ended instance had, or an id; `lab ls --ended` shows them'],
      ['--blank', 'begin a blank conversation if Claude has no transcript of the old one'],
      [
        '--force',
        "resume even if Claude Code says that it is not logged in, or without what was said in Claude's background",
      ],
      ['--wait', wait],
    ],
    examples: ['lab resume web-shop', 'lab resume 0b9f3a52 --wait', 'lab resume 0b9f3a52 --blank'],
    words: 'ended',
    load: async () => (await import('./commands/resume.ts')).resume,
  },
  stop: {
    usage: 'lab stop REF… | --project PROJECT | --all | --left ID…',
    summary: 'end instances; the id of an ended instance dismisses it',
    takes: [
      ['REF', instance],
      ['--project P', 'every instance of one project', 'project'],
      ['--all', 'every instance'],
      ['--left', 'the processes that ended instances left running; `lab ls --ended` shows the ids'],
    ],
    examples: ['lab stop web-shop~2', 'lab stop --project web-shop', 'lab stop --all'],
    words: 'instance',
    load: async () => (await import('./commands/stop.ts')).stop,
  },
  answer: {
    usage: 'lab answer [REF] [CHOICE] [--text T] [--for QUESTION=ANSWER]…',
    summary: 'show what an instance asks, or answer it',
    takes: [
      ['REF', instanceOrActive],
      ['CHOICE', 'a choice by its id or its words, such as allow or deny'],
      ['--text T', 'the reason of a denial, or a text of your own as the answer'],
      ['--for Q=A', 'the answer to one of several questions: its text or its number, from 1'],
    ],
    examples: [
      'lab answer web-shop',
      'lab answer web-shop allow',
      'lab answer web-shop deny --text "use the staging server"',
    ],
    words: 'instance',
    load: async () => (await import('./commands/answer.ts')).answer,
  },
  send: {
    usage: 'lab send REF [--draft] [--literally] [TEXT|-]',
    summary: "type a text into an instance's prompt and submit it; prints submitted or queued",
    takes: [
      ['REF', instance],
      ['TEXT', 'the text; - or nothing reads standard input'],
      ['--draft', 'leave the text in the prompt without submitting it'],
      ['--literally', 'send a text that begins with ! or /, which Claude runs as a command'],
    ],
    examples: [
      'lab send web-shop "run the tests"',
      'lab send web-shop - <plan.md',
      'lab send web-shop --literally /compact',
    ],
    words: 'instance',
    load: async () => (await import('./commands/send.ts')).send,
  },
  peek: {
    usage: 'lab peek [REF] [--lines N] [--follow]',
    summary: "print what an instance's terminal shows",
    takes: [
      ['REF', instanceOrActive],
      ['--lines N', 'so many lines from the end, 1 to 5000; else 50'],
      ['--follow', 'print the screen again after each change, until C-c'],
    ],
    examples: ['lab peek web-shop', 'lab peek web-shop --lines 20', 'lab peek web-shop --follow'],
    words: 'instance',
    load: async () => (await import('./commands/peek.ts')).peek,
  },
  attach: {
    usage: 'lab attach [REF]',
    summary: "open an instance's session in this terminal; C-b d leaves it",
    takes: [['REF', instanceOrActive]],
    examples: ['lab attach web-shop', 'lab attach "fix the login"', 'lab attach 0b9f3a52'],
    words: 'instance',
    load: async () => (await import('./commands/attach.ts')).attach,
  },
  open: {
    usage: 'lab open [REF]',
    summary: "print an instance's link to claude.ai, and its QR code for a phone",
    takes: [['REF', instanceOrActive]],
    examples: ['lab open web-shop', 'lab open "fix the login"', 'xdg-open "$(lab open web-shop)"'],
    words: 'instance',
    load: async () => (await import('./commands/open.ts')).open,
  },
  wait: {
    usage: 'lab wait [REF] [--for STATE] [--timeout SECONDS]',
    summary: 'wait until an agent is ready or needs you; exit 1 if it ends before',
    takes: [
      ['REF', instanceOrActive],
      ['--for STATE', waitStates.join(', '), waitStates],
      ['--timeout S', 'exit 1 after so many seconds'],
    ],
    examples: [
      'lab wait web-shop && notify-send "web-shop is done"',
      'lab wait web-shop --for waiting',
      'lab wait web-shop --for ended --timeout 600',
    ],
    words: 'instance',
    load: async () => (await import('./commands/wait.ts')).wait,
  },
  switch: {
    usage: 'lab switch [REF | -]',
    summary: 'choose the instance that commands in this terminal mean when you name none',
    takes: [
      ['REF', `${instance}; without one, lab prints the chosen one`],
      ['-', 'the instance that was chosen before'],
    ],
    examples: ['lab switch web-shop', 'lab switch -', 'lab switch "fix the login" && lab attach'],
    words: 'instance',
    load: async () => (await import('./commands/switch.ts')).switchTo,
  },
  watch: {
    usage: 'lab watch [--links]',
    summary: 'show the table of `lab ls` live; q leaves it',
    takes: [['--links', "show the instances' links to claude.ai"]],
    examples: ['lab watch', 'lab watch --links', 'lab watch --url http://box:8080'],
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  status: {
    usage: 'lab status [--format json|tmux|short]',
    summary: 'say how many agents run and need you, and what the chosen one does',
    takes: [
      [
        '--format F',
        'json, tmux (for a status line of tmux) or short (for a prompt)',
        ['json', 'tmux', 'short'],
      ],
    ],
    examples: [
      'lab status',
      "tmux set -g status-right '#(lab status --format tmux)'",
      'lab status --format json',
    ],
    load: async () => (await import('./commands/status.ts')).status,
  },
  ...machineCommands,
  completion: {
    usage: 'lab completion bash|zsh|fish',
    summary: "print the script with which a shell completes lab's commands, flags and names",
    takes: [['SHELL', 'bash, zsh or fish']],
    examples: [
      'eval "$(lab completion bash)"',
      'lab completion zsh > "${fpath[1]}/_lab"',
      'lab completion fish > ~/.config/fish/completions/lab.fish',
    ],
    words: ['bash', 'zsh', 'fish'],
    findsServer: false,
    load: async () => (await import('./machine/completion.ts')).createCompletion(commands),
  },
}

/** The row of a command; null for an unknown command. */
export function commandOf(name: string): Row | null {
  return (Object.hasOwn(commands, name) ? commands[name] : undefined) ?? null
}

const otherNames: Readonly<Record<string, string>> = {
  start: 'new', run: 'new', create: 'new', add: 'new', kill: 'stop', end: 'stop', rm: 'stop',
  delete: 'stop', remove: 'stop', list: 'ls', ps: 'ls', logs: 'peek', log: 'peek', show: 'peek',
  restart: 'resume', continue: 'resume', join: 'attach', enter: 'attach', use: 'switch', top: 'watch',
} // prettier-ignore

/** The command that a mistyped word means, or that does what the word means in other programs; null for none. */
export function commandMeant(word: string): string | null {
  const near = Object.hasOwn(otherNames, word)
    ? word
    : nearest(word, [...Object.keys(commands), ...Object.keys(otherNames)])
  if (near === null) return null
  const name = otherNames[near] ?? near
  return commandOf(name) ? name : null
}
