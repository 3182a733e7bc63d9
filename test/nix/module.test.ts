// services.lab evaluated with every lib at hand, with stubs for the options of NixOS that it sets.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { logLevels, serveFlags } from '../../src/config/flags.ts'
import { bestLib, evaluate, libs, refusal } from '../fixtures/nix.ts'

const machine = (configuration: string) =>
  `(import ./nix/tests/evaluate.nix { }).machine { ${configuration} }`
const lab = (settings: string) => machine(`services.lab = { enable = true; ${settings} };`)

// What the module does itself, and lab has no flag for.
const optionsWithoutFlag = [
  'enable',
  'package',
  'openFirewall',
  'user',
  'group',
  'operators',
  'extraPackages',
  'extraFlags',
]

const runs = libs.length > 0 ? libs : [bestLib]

describe.skipIf(libs.length === 0).each(runs)('with $name', (lib) => {
  test('default, full and wrong configurations evaluate to what they should', () => {
    expect(evaluate(lib, 'import ./nix/tests/module.nix { lib = import <nixpkgs/lib>; }')).toEqual(
      [],
    )
  })

  test.each([
    ['maxInstances = 0;', /services\.lab\.maxInstances.*positive integer/s],
    ['user = "root";', /services\.lab\.user is root.*services\.lab\.user = "you"/s],
    ['user = "ghost";', /services\.lab\.user.*"ghost" has no home.*users\.users\.ghost/s],
    [
      'host = "0.0.0.0";',
      /services\.lab\.host is "0\.0\.0\.0".*services\.lab\.passwordFile.*services\.lab\.tokenFile.*services\.lab\.trustedProxies/s,
    ],
    [
      'passwordFile = "${builtins.storeDir}/0c0bqwdl1sfs7yy7r0xqy2hw0q7s5cp6-password";',
      /services\.lab\.passwordFile.*outside the Nix store.*"\/run\/secrets\/lab"/s,
    ],
    [
      'tokenFile = ./tokens;',
      /services\.lab\.tokenFile.*outside the Nix store.*write it as a string/s,
    ],
    ['projectsRoot = "code";', /services\.lab\.projectsRoot.*absolute path/s],
    ['tmuxSocket = "default";', /services\.lab\.tmuxSocket.*absolute path/s],
    ['port = 70000;', /services\.lab\.port.*16 bit unsigned/s],
    ['maxInstance = 3;', /option `services\.lab\.maxInstance' does not exist/],
  ])('%s is refused, naming the option and the remedy', (settings, message) => {
    expect(refusal(lib, lab(settings))).toMatch(message)
  })

  test('an account whose shell refuses to run anything still gives its agents a real one', () => {
    const { units } = evaluate(
      lib,
      machine(
        'services.lab = { enable = true; user = "svc"; }; users.users.svc = { isSystemUser = true; home = "/srv/svc"; };',
      ),
    ) as Machine
    expect(units['lab-tmux.service']).toMatch(/^Environment="SHELL=.*\/bash"$/m)
    expect(units['lab.service']).toMatch(/^Environment="SHELL=.*\/bash"$/m)
  })
})

describe.skipIf(libs.length === 0).each(runs)('for the boot test, with $name', (lib) => {
  test('rendered.json is what the module renders', () => {
    const file = new URL('../../nix/tests/rendered.json', import.meta.url)
    const rendered: unknown = JSON.parse(readFileSync(file, 'utf8'))
    // Otherwise: nix-instantiate -I nixpkgs/lib=nix/tests/nixpkgs-lib.nix --eval --strict --json nix/tests/rendered.nix >nix/tests/rendered.json && npx prettier --write nix/tests/rendered.json
    expect(evaluate(lib, 'import ./nix/tests/rendered.nix')).toEqual(rendered)
  })
})

interface Machine {
  units: Record<string, string>
}

/** A default as the module writes it; the lists of options with a flag begin empty. */
type Default = string | number | boolean | readonly string[] | null

/** An option's default as the flag's row writes it. */
function optionDefault(option: { default: Default } | undefined): string {
  if (option === undefined) return 'no such option'
  return String(option.default ?? '')
}

describe.skipIf(libs.length === 0).each(runs)('options, with $name', (lib) => {
  const names: readonly string[] = Object.values(serveFlags).map(({ name }) => name)
  let options: Record<string, { description: string; default: Default }>
  let given: string[]
  beforeAll(() => {
    options = evaluate(lib, '(import ./nix/tests/evaluate.nix { }).options') as typeof options
    const { units } = evaluate(
      lib,
      '(import ./nix/tests/evaluate.nix { }).machine (import ./nix/tests/full.nix)',
    ) as Machine
    const argv = /^ExecStart=(.*)$/m.exec(units['lab.service'] ?? '')?.[1] ?? ''
    given = [...new Set([...argv.matchAll(/"--([a-z-]+)=/g)].map(([, name = '']) => name))]
  })

  test('include an option for every flag of lab serve', () => {
    expect(given).toEqual(expect.arrayContaining([...names]))
  })

  test('give only flags that lab knows', () => {
    expect(given.filter((name) => !names.includes(name))).toEqual([])
  })

  test('include no option without a flag but the known ones', () => {
    const named: Record<string, string> = {
      allowedHosts: 'allowed-host',
      claudePackage: 'claude',
      environment: 'pass-env',
      settings: 'config',
      trustedProxies: 'trusted-proxy',
    }
    const withoutFlag = Object.keys(options).filter((option) => {
      const kebab = option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
      return !given.includes(named[option] ?? kebab)
    })
    expect(withoutFlag.sort()).toEqual([...optionsWithoutFlag].sort())
  })

  test('share name and default with the settings, but for paths of the machine', () => {
    // An option that names a package, and options whose default lies elsewhere on NixOS.
    const others = new Set([
      'claude',
      'configFile',
      'claudeConfigDir',
      'projectsRoot',
      'stateDir',
      'tmuxSocket',
    ])
    const settings = Object.entries(serveFlags).filter(([setting]) => !others.has(setting))
    expect(settings.map(([setting]) => [setting, optionDefault(options[setting])])).toEqual(
      settings.map(([setting, { fallback }]) => [setting, fallback]),
    )
  })

  test('take the same log levels', () => {
    const refused = refusal(lib, lab('logLevel = "loud";'))
    for (const level of logLevels) {
      expect(refused).toContain(level)
      expect(refusal(lib, lab(`logLevel = "${level}";`))).toBe('')
    }
  })

  test('have a description each', () => {
    const silent = Object.entries(options).filter(([, { description }]) => !description.trim())
    expect(silent).toEqual([])
  })

  test('are exactly the rows of the table in nix/README.md', () => {
    const text = readFileSync(new URL('../../nix/README.md', import.meta.url), 'utf8')
    const rows = [...text.matchAll(/^\| `services\.lab\.(\w+)` \|/gm)].map(([, name = '']) => name)
    expect(rows.sort()).toEqual(Object.keys(options).sort())
  })
})
