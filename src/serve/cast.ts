// The agents of a demonstration: which ones play, and how they start over.
import type { Instances } from '../instances/instances.ts'
import { isLive } from '../core/instance.ts'
import type { Log } from '../log.ts'

/** One agent of a demonstration; `path` is the folder of its project. */
export interface Part {
  readonly path: string
  readonly label: string
}

export interface Cast {
  /** Starts every agent, in order. Never rejects. */
  begin(): Promise<void>
  /** Ends all agents, forgets them, and begins again. */
  startOver(): Promise<void>
  /** Starts no further agent, and resolves when no start is under way. */
  close(): Promise<void>
}

// A stand-in ends within a fraction of a second.
const endMs = 10_000

/** Makes the cast of one lab. */
export function createCast(instances: Instances, parts: readonly Part[], log: Log): Cast {
  let isClosed = false
  let begun: Promise<void> = Promise.resolve()

  async function start(): Promise<void> {
    for (const { path, label } of parts) {
      const project = instances.projects().find((one) => one.path === path)
      if (isClosed || !project) continue
      await instances
        .start({ project: project.key, label }, 'cli')
        .catch((err: unknown) =>
          log.warn({ err, label }, 'an agent of the demonstration did not start'),
        )
    }
  }

  return {
    begin: () => (begun = start()),
    async startOver() {
      await begun
      await instances.stopAll(null, 'page')
      await allEnded(instances)
      for (const { id, state } of instances.list({ ended: true }))
        if (!isLive(state)) instances.dismiss(id, 'page')
      begun = start()
      await begun
    },
    close() {
      isClosed = true
      return begun
    },
  }
}

/** Resolves when no instance lives any more, or after ten seconds. */
function allEnded(instances: Instances): Promise<void> {
  const isOver = (): boolean => instances.list().every(({ state }) => !isLive(state))
  return new Promise((resolve) => {
    const end = (): void => {
      unsubscribe()
      clearTimeout(timer)
      resolve()
    }
    const unsubscribe = instances.subscribe(() => isOver() && end())
    const timer = setTimeout(end, endMs)
    if (isOver()) end()
  })
}
