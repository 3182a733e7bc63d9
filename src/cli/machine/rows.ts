// The rows of the commands that concern the machine and lab itself instead of agents.
import type { Row } from '../command.ts'

export const machineCommands: Readonly<Record<string, Row>> = {
  tmux: {
    usage: 'lab tmux ARG…',
    summary: "run tmux on lab's server, also while lab is down: `lab tmux ls`",
    takes: [['ARG', 'the words after `tmux`, with their own flags']],
    examples: ['lab tmux ls', 'lab tmux list-clients', 'lab tmux set -g mouse off'],
    findsServer: 'here',
    load: async () => (await import('./tmux.ts')).tmux,
  },
  doctor: {
    usage: 'lab doctor',
    summary: 'show the directories, programs and login that lab uses, and what is wrong',
    examples: [
      'lab doctor',
      'lab doctor --state-dir /var/lib/lab',
      'lab doctor --url http://box:8080',
    ],
    load: async () => (await import('./doctor.ts')).doctor,
  },
  install: {
    usage: 'lab install [--uninstall] [FLAG…]',
    summary: 'run lab as a systemd unit of yours, which starts with the machine and ends no agent',
    takes: [
      ['FLAG', 'a flag of `lab serve`; a path may begin with ./ or ~/'],
      ['--uninstall', 'end the unit and remove it; the agents keep running'],
    ],
    examples: [
      'lab install',
      'lab install --port 8443 --password-file ~/.lab-password',
      'lab install --uninstall',
    ],
    findsServer: false,
    load: async () => (await import('./install.ts')).install,
  },
  version: {
    usage: 'lab version',
    summary: "show lab's version",
    examples: ['lab version', 'lab --version', 'lab -v'],
    findsServer: false,
  },
  demo: {
    usage: 'lab demo [FLAG…]',
    summary: 'show lab with made-up projects and agents; takes the flags of `lab serve`',
    takes: [['FLAG', 'a flag of `lab serve`']],
    examples: ['lab demo', 'lab demo --port 8081', 'lab demo --host 0.0.0.0 --password-file FILE'],
    findsServer: false,
  },
}
