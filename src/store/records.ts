// The store's records, read one by one: a record that this lab cannot read is set aside alone, and keys
// that it does not know are written back. Pure.
import type * as z from 'zod'
import { shapes, storeVersion, type Facts } from './facts.ts'
import { withServers, type StoreFile } from './migrations.ts'
import { identityOf, isObject, withUnknownKeys, type ReadValue } from './unknown-keys.ts'

/** A record that this lab cannot read. It stays in the file as it is. */
export interface SetAside {
  /** What the record is about, such as `instance foo~2`. */
  readonly record: string
  /** The value that this lab does not understand, such as `ended.evidence.reason`. */
  readonly field: string
  readonly problem: string
}

/** The records of a file. */
export interface Records {
  readonly facts: Facts
  readonly setAside: readonly SetAside[]
  /** Forgets the unknown keys of records that the facts do not hold any more. */
  forgetRemoved(facts: Facts): void
  /** Returns the file for these facts, with the unknown keys and the records that were set aside. */
  fileOf(facts: Facts): StoreFile
}

/** Reads a file of this lab's version; null when the file does not have the shape of a store. */
export function readRecords(file: StoreFile): Records | null {
  const { projects: byPath = {}, instances: list, givenUp: notes = [] } = file
  if (!isObject(byPath) || !Array.isArray(list) || !Array.isArray(notes)) return null
  const projects = readEach('project', shapes.project, Object.entries(byPath))
  const instances = readEach('instance', shapes.instance, list.map(withId))
  const servers = readEach('tmux server', shapes.server, withoutKey(file['server']))
  const settings = readEach('settings', shapes.settings, withoutKey(file['settings']))
  const givenUp = readEach('abandoned launch', shapes.givenUp, notes.map(withPlace))
  const facts: Facts = {
    version: storeVersion,
    projects: Object.fromEntries(projects.read),
    instances: [...instances.read.values()],
    server: servers.read.get('') ?? null,
    settings: settings.read.get('') ?? null,
    givenUp: [...givenUp.read.values()],
  }
  const unknown = Object.entries(file).filter(([key]) => !Object.hasOwn(facts, key))
  return {
    facts: withServers(facts),
    setAside: [projects, instances, servers, settings, givenUp].flatMap(({ setAside }) => setAside),
    forgetRemoved(now) {
      projects.forgetRemoved(Object.keys(now.projects))
      instances.forgetRemoved(now.instances.map(({ id }) => id))
    },
    fileOf: (now) =>
      Object.fromEntries([
        ['version', storeVersion],
        ['projects', Object.fromEntries(projects.written(Object.entries(now.projects)))],
        ['instances', instances.written(now.instances.map(withId)).map(valueOf)],
        ['server', servers.written(withoutKey(now.server)).at(-1)?.[1] ?? null],
        ['settings', settings.written(withoutKey(now.settings)).at(-1)?.[1] ?? null],
        ['givenUp', givenUp.written(now.givenUp.map(withPlace)).map(valueOf)],
        ...unknown,
      ]),
  }
}

type Keyed = readonly [key: string, value: unknown]

const valueOf = ([, value]: Keyed): unknown => value
const withoutKey = (value: unknown = null): readonly Keyed[] =>
  value === null ? [] : [['', value]]
const withPlace = (value: unknown, index: number): Keyed => [`number ${index + 1}`, value]

function withId(value: unknown, index: number): Keyed {
  const id = isObject(value) ? value['id'] : null
  return typeof id === 'string' ? [id, value] : withPlace(value, index)
}

/** Reads the records of one collection. */
function readEach<T>(what: string, shape: z.ZodType<T>, records: readonly Keyed[]) {
  // Of two records with one key the later one counts: a lab wrote it because it could not read the first.
  const read = new Map<string, T>()
  const bad: Keyed[] = []
  const setAside: SetAside[] = []
  /** The records with unknown keys, as they were read. */
  const origins = new Map<string, ReadValue>()
  for (const [key, raw] of records) {
    const { data, error } = shape.safeParse(raw)
    if (error) {
      bad.push([key, raw])
      setAside.push(describe(what, [key, raw], error))
      continue
    }
    read.set(key, data)
    if (withUnknownKeys(data, { raw, known: data }) === data) origins.delete(key)
    else origins.set(key, { raw, known: structuredClone(data) })
  }
  // lab may make a new record with the key of a bad one: it finds a running instance again in tmux.
  for (const [key, raw] of bad)
    if (!read.has(key)) origins.set(key, { raw, known: identityOf(raw) })

  return {
    read,
    setAside,
    /** Forgets the unknown keys of the records that are not among these. */
    forgetRemoved(keys: readonly string[]): void {
      if (origins.size === 0) return
      const present = new Set([...keys, ...bad.map(([key]) => key)])
      for (const key of origins.keys()) if (!present.has(key)) origins.delete(key)
    },
    /** The records that were set aside, then these with their unknown keys. */
    written: (now: readonly Keyed[]): readonly Keyed[] => [
      ...bad,
      ...now.map(([key, value]): Keyed => {
        const origin = origins.get(key)
        return [key, origin ? withUnknownKeys(value, origin) : value]
      }),
    ],
  }
}

function describe(what: string, [key, raw]: Keyed, { issues }: z.ZodError): SetAside {
  const name = isObject(raw) && typeof raw['name'] === 'string' ? raw['name'] : key
  const [issue] = issues
  return {
    record: `${what} ${name}`.trim(),
    field: issue?.path.join('.') ?? '',
    problem: issue?.message ?? '',
  }
}
