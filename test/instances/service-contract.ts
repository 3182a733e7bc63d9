// The contract of the service: the real service and the fake of web's tests must both pass it.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { Actor } from '../../src/core/actor.ts'
import type { LabEvent } from '../../src/core/events.ts'
import { isLive, linkStates, type Instance } from '../../src/core/instance.ts'
import { questionKinds, type Question } from '../../src/core/question.ts'
import { modes } from '../../src/core/settings.ts'
import { endReasons, states } from '../../src/core/state.ts'
import type { Service } from '../../src/instances/service.ts'
import { until } from '../fixtures/until.ts'

/** A service with the projects foo and bar and room for three instances, and outside events for it. */
export interface OpenedService {
  readonly service: Service
  /** Resolves when the instance is ready. */
  becomesReady(id: string): Promise<void>
  /** Kills the agent, as the kernel does. */
  killAgent(id: string): Promise<void>
  /** Resolves when an instance has stopped after its stop request. */
  finishesStop(id: string): Promise<void>
  /** Removes the folder of a project from the disk. */
  removeFolder(project: string): void
  dispose(): Promise<void>
}

const time = z.iso.datetime()
const actor = z.custom<Actor>((value) => typeof value === 'string' && value !== '')

const evidence = z.strictObject({
  reason: z.enum(endReasons),
  message: z.string().min(1),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  lastLines: z.array(z.string()),
  by: actor,
  at: time,
})

const questionShape: z.ZodType<Question> = z.strictObject({
  id: z.string().min(1),
  kind: z.enum(questionKinds),
  tool: z.string().nullable(),
  title: z.string().min(1),
  detail: z.string(),
  change: z
    .strictObject({ path: z.string(), before: z.string().nullable(), after: z.string() })
    .nullable(),
  choices: z.array(z.strictObject({ id: z.string(), label: z.string() })),
  asks: z.array(
    z.strictObject({
      text: z.string(),
      header: z.string(),
      options: z.array(z.strictObject({ label: z.string(), description: z.string() })),
      isMultiple: z.boolean(),
    }),
  ),
  answerable: z.boolean(),
  since: time,
})

const instanceShape: z.ZodType<Instance> = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  project: z.string(),
  projectPath: z.string().startsWith('/'),
  slot: z.number().int().positive(),
  label: z.string().nullable(),
  kind: z.literal('manual'),
  state: z.enum([...states, 'unknown']),
  unknownBecause: z.string().nullable(),
  waitingFor: z.string().nullable(),
  limitedUntil: time.nullable(),
  continuesByItself: z.boolean(),
  question: questionShape.nullable(),
  doing: z.string().nullable(),
  unread: z.boolean(),
  background: z.boolean(),
  since: time,
  conversation: z.string().nullable(),
  isBlank: z.boolean(),
  deepLink: z.string().nullable(),
  linkState: z.enum(linkStates),
  account: z.literal('default'),
  workspace: z.strictObject({
    kind: z.literal('shared'),
    path: z.string().startsWith('/'),
    branch: z.string().nullable(),
    moved: z.strictObject({ to: z.string().nullable() }).nullable(),
  }),
  model: z.string().nullable(),
  effort: z.string().nullable(),
  mode: z.enum(modes),
  pid: z.number().nullable(),
  attached: z.number(),
  attach: z.array(z.string()),
  memoryBytes: z.number().nullable(),
  createdAt: time,
  lastActivityAt: time.nullable(),
  endedAt: time.nullable(),
  evidence: evidence.nullable(),
  left: z.array(
    z.strictObject({ pid: z.number(), command: z.string(), servesOthers: z.boolean() }),
  ),
  dismissed: z.boolean(),
})

const projectShape = z.strictObject({
  key: z.string(),
  path: z.string().startsWith('/'),
  lastUsedAt: time.nullable(),
  instances: z.array(instanceShape),
  gone: z.literal(true).optional(),
})

const outcomeShape = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  outcome: z.enum(['stopping', 'starting', 'failed']),
  error: z.strictObject({ code: z.string(), message: z.string().min(1) }).optional(),
})

/** The code of the refusal of a call, whether it throws or rejects. */
async function codeOf(call: () => unknown): Promise<string | undefined> {
  try {
    await call()
    return undefined
  } catch (error) {
    return (error as { code?: string }).code
  }
}

/** Tests the service that `open` returns against the contract. */
export function describeService(title: string, open: () => Promise<OpenedService>): void {
  describe(title, () => {
    let opened: OpenedService
    let service: Service
    beforeAll(async () => {
      opened = await open()
      service = opened.service
    })
    afterAll(() => opened?.dispose())

    const ended = (): readonly Instance[] =>
      service.list({ ended: true }).filter(({ state }) => !isLive(state))

    async function ready(project: string, label?: string): Promise<Instance> {
      const spec = { project, ...(label === undefined ? {} : { label }) }
      const { id } = await service.start(spec, 'api')
      await opened.becomesReady(id)
      return service.get(id)
    }

    async function stopped(id: string): Promise<void> {
      service.stop(id, 'page')
      await opened.finishesStop(id)
    }

    // Each test begins without any instance.
    afterEach(async () => {
      for (const { id, state } of service.list()) if (isLive(state)) await stopped(id)
      for (const { id } of ended()) service.dismiss(id, 'page')
    })

    test('lists the projects, without instances at first', () => {
      const projects = service.projects()
      expect(projects.map(({ key }) => key).toSorted()).toEqual(['bar', 'foo'])
      projects.forEach((project) => projectShape.parse(project))
      expect(service.list({ ended: true })).toEqual([])
      expect(service.cap()).toEqual({ max: 3, used: 0 })
      expect([service.foreign(), service.resumeOffer()]).toEqual([[], null])
    })

    test('starts an instance and finds it by its id and its name', async () => {
      // A label needs a slot above 1: slot 1 is the project's bare key.
      const started = await service.start({ project: 'foo', label: 'fix it' }, 'page')
      instanceShape.parse(started)
      expect(started).toMatchObject({
        project: 'foo',
        slot: 2,
        label: 'fix it',
        state: 'starting',
        endedAt: null,
        evidence: null,
        dismissed: false,
      })
      expect(service.resolve(started.id)).toBe(started.id)
      expect(service.resolve(started.name)).toBe(started.id)
      await opened.becomesReady(started.id)
      expect(service.list().map(({ id }) => id)).toEqual([started.id])
      const foo = service.projects().find(({ key }) => key === 'foo')
      expect(foo?.instances.map(({ id }) => id)).toEqual([started.id])
      service.projects().forEach((project) => projectShape.parse(project))
      expect(service.cap().used).toBe(1)
    })

    test('gives the next instance of a project the next slot, and each another name', async () => {
      const first = await ready('foo')
      const second = await ready('foo')
      expect([first.name, second.name]).toEqual(['foo', 'foo~2'])
      expect(second.slot).toBe(2)
    })

    test('gives a start the choices that it names, else those of the settings, and remembers them on request', async () => {
      expect(service.settings()).toMatchObject({ model: null, effort: null, mode: 'auto', modes })
      const [model, other] = service.settings().models
      const first = await service.start(
        { project: 'foo', model: model!, mode: 'plan', isRemembered: true },
        'page',
      )
      expect(first).toMatchObject({ model, effort: null, mode: 'plan' })
      expect(service.settings()).toMatchObject({ model, effort: null, mode: 'plan' })
      const second = await service.start({ project: 'foo', model: null, effort: 'low' }, 'api')
      expect(second).toMatchObject({ model: null, effort: 'low', mode: 'plan' })
      expect(await service.changeSettings({ model: other!, mode: 'auto' }, 'api')).toMatchObject({
        model: other,
        effort: null,
        mode: 'auto',
      })
      expect(await service.start({ project: 'bar' }, 'api')).toMatchObject({ model: other })
      await service.changeSettings({ model: null }, 'api')
      expect(service.settings().model).toBe(null)
    })

    test('keeps quick words for each project, and refuses what cannot be one', async () => {
      const words = { foo: ['run the tests', '/compact'] }
      expect((await service.changeSettings({ quickWords: words }, 'api')).quickWords).toEqual(words)
      const change = (quickWords: Record<string, string[]>) => () =>
        service.changeSettings({ quickWords }, 'api')
      expect(await codeOf(change({ nope: ['x'] }))).toBe('project_not_found')
      expect(await codeOf(change({ foo: ['two\nlines'] }))).toBe('invalid_request')
      expect(await codeOf(() => service.changeSettings({ model: 'nope' }, 'api'))).toBe(
        'invalid_request',
      )
      expect(service.settings().quickWords).toEqual(words)
      await service.changeSettings({ quickWords: { foo: null } }, 'api')
      expect(service.settings().quickWords).toEqual({})
    })

    test('refuses a start in an unknown project, with a bad label, and at the cap, and starts nothing', async () => {
      const start = (project: string, label?: string): Promise<unknown> =>
        service.start({ project, ...(label === undefined ? {} : { label }) }, 'api')
      expect(await codeOf(() => start('nope'))).toBe('project_not_found')
      expect(await codeOf(() => start('foo', 'x'.repeat(200)))).toBe('invalid_label')
      expect(service.list({ ended: true })).toEqual([])
      for (const project of ['foo', 'bar', 'bar']) await ready(project)
      expect(await codeOf(() => start('foo'))).toBe('at_capacity')
      expect(service.list()).toHaveLength(3)
    })

    test('refuses requests about an instance or a project that does not exist', async () => {
      const calls: (() => unknown)[] = [
        () => service.get('nope'),
        () => service.resolve('nope'),
        () => service.stop('nope', 'api'),
        () => service.dismiss('nope', 'api'),
        () => service.endLeft('nope', 'api'),
        () => service.resume('nope', 'api'),
        () => service.resumeAll(['nope'], 'api'),
      ]
      expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'instance_not_found'))
      expect(await codeOf(() => service.stopAll('nope', 'api'))).toBe('project_not_found')
      expect(service.dismissOffer(['nope'], 'api')).toEqual([])
    })

    test('answers a stop at once, repeats the answer, and then lists the instance among the ended ones', async () => {
      const { id, name } = await ready('foo')
      const stopping = service.stop(id, 'page')
      instanceShape.parse(stopping)
      expect(stopping).toMatchObject({ id, state: 'stopping', waitingFor: null })
      expect(service.stop(id, 'api').state).toBe('stopping')
      await opened.finishesStop(id)
      expect(service.list()).toEqual([])
      expect(ended().map((one) => one.id)).toEqual([id])
      expect(instanceShape.parse(service.get(id))).toMatchObject({
        state: 'stopped',
        evidence: { reason: 'stopped', by: 'page' },
      })
      expect(service.stop(id, 'api').state).toBe('stopped')
      expect(service.resolve(id)).toBe(id)
      expect(await codeOf(() => service.resolve(name))).toBe('instance_not_found')
      expect(service.cap().used).toBe(0)
    })

    test('lists the ended ones after the live ones, the latest end first', async () => {
      const foo = await ready('foo')
      const bar = await ready('bar')
      for (const { id } of [bar, foo]) {
        service.stop(id, 'page')
        await opened.finishesStop(id)
      }
      const live = await ready('foo')
      const ids = service.list({ ended: true }).map(({ id }) => id)
      expect(ids).toEqual([live.id, foo.id, bar.id])
    })

    test('stops all instances of a project, and only these', async () => {
      const foo = await ready('foo')
      const bar = await ready('bar')
      const outcomes = await service.stopAll('foo', 'page')
      outcomes.forEach((outcome) => outcomeShape.parse(outcome))
      expect(outcomes).toEqual([{ id: foo.id, name: foo.name, outcome: 'stopping' }])
      await opened.finishesStop(foo.id)
      expect(service.get(bar.id).state).toBe('ready')
      expect(await service.stopAll(null, 'page')).toMatchObject([{ id: bar.id }])
      await opened.finishesStop(bar.id)
    })

    test('keeps an instance that died on the list until it is dismissed', async () => {
      const { id } = await ready('foo')
      await opened.killAgent(id)
      expect(service.list().map((one) => one.id)).toEqual([id])
      expect(instanceShape.parse(service.get(id))).toMatchObject({
        state: 'error',
        evidence: { reason: 'signal', signal: 'SIGKILL', exitCode: null, by: 'nobody' },
      })
      expect(service.cap().used).toBe(0)
      service.dismiss(id, 'page')
      expect(service.list({ ended: true })).toEqual([])
      expect(await codeOf(() => service.get(id))).toBe('instance_not_found')
    })

    test('refuses to dismiss a live instance, to end what it left, and to resume it', async () => {
      const { id } = await ready('foo')
      expect(await codeOf(() => service.dismiss(id, 'page'))).toBe('invalid_request')
      expect(await codeOf(() => service.endLeft(id, 'page'))).toBe('invalid_request')
      expect(await codeOf(() => service.resume(id, 'page'))).toBe('already_running')
      await stopped(id)
      expect((await service.endLeft(id, 'page')).left).toEqual([])
    })

    test('resumes an ended instance under its id, its label and its conversation', async () => {
      const { id, label, conversation, name } = await ready('foo', 'again')
      await stopped(id)
      const resumed = await service.resume(id, 'page')
      instanceShape.parse(resumed)
      expect(resumed).toMatchObject({ id, label, conversation, name, state: 'starting' })
      expect([resumed.endedAt, resumed.evidence]).toEqual([null, null])
      await opened.becomesReady(id)
    })

    test('resumes several up to the cap, and returns an outcome for each', async () => {
      const first = await ready('foo')
      const second = await ready('bar')
      for (const { id } of [first, second]) await stopped(id)
      const others = [await ready('foo'), await ready('foo')]
      const outcomes = await service.resumeAll([second.id, first.id], 'page')
      outcomes.forEach((outcome) => outcomeShape.parse(outcome))
      expect(outcomes).toMatchObject([
        { id: second.id, outcome: 'starting' },
        { id: first.id, outcome: 'failed', error: { code: 'at_capacity' } },
      ])
      await opened.becomesReady(second.id)
      expect(await codeOf(() => service.resume(first.id, 'page'))).toBe('at_capacity')
      expect(service.list()).toHaveLength(others.length + 1)
    })

    test('calls its listeners with every change, in order, until they leave', async () => {
      const events: LabEvent[] = []
      const leave = service.subscribe((event) => events.push(event))
      const { id } = await ready('foo')
      const shown = (): Instance[] =>
        events.flatMap((event) => (event.type === 'instance' ? [event.instance] : []))
      expect(shown().at(0)).toMatchObject({ id, state: 'starting' })
      expect(shown().at(-1)).toEqual(service.get(id))
      expect(events).toContainEqual({ type: 'cap', cap: { max: 3, used: 1 } })
      await stopped(id)
      const seen = shown().map(({ state }) => state)
      expect(seen.filter((state, i) => state !== seen[i - 1])).toEqual([
        'starting',
        'ready',
        'stopping',
        'stopped',
      ])
      service.dismiss(id, 'page')
      expect(events).toContainEqual({ type: 'removed', id })
      leave()
      const count = events.length
      await ready('foo')
      expect(events).toHaveLength(count)
    })

    test('answers a getter without an effect: no event, and the same answer again', async () => {
      const { id } = await ready('foo')
      const answers = (): unknown => [
        service.resolve(id),
        service.list({ ended: true }),
        service.projects(),
        service.resumeOffer(),
        service.foreign(),
        service.cap(),
        service.notices(),
      ]
      const events: LabEvent[] = []
      const leave = service.subscribe((event) => events.push(event))
      const first = answers()
      expect(answers()).toEqual(first)
      // An unchanged instance stays the same object, because views compare by identity.
      expect(service.list()[0]).toBe(service.list()[0])
      expect(events).toEqual([])
      leave()
    })

    test('measures memory while a caller watches it', () => {
      const leave = service.watchMemory()
      const leaveToo = service.watchMemory()
      leave()
      leaveToo()
    })

    test('lists a project whose folder is gone while instances of it are live', async () => {
      const { id } = await ready('bar')
      opened.removeFolder('bar')
      const bar = () => service.projects().find(({ key }) => key === 'bar')
      await until(
        () => {
          service.refresh()
          return bar()?.gone
        },
        { what: 'bar is gone' },
      )
      expect(projectShape.parse(bar()).instances.map((one) => one.id)).toEqual([id])
      await stopped(id)
      expect(bar()).toBeUndefined()
      expect(await codeOf(() => service.start({ project: 'bar' }, 'api'))).toBe('project_not_found')
    })
  })
}
