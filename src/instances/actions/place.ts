// The place of an instance: its slot, its session name and its share of the cap.
import { decideStart, type StartDecision, type StartQuestion } from '../../core/start.ts'
import { AtCapacity, InvalidLabel } from '../../errors.ts'
import type { FoundProject } from '../../projects/projects.ts'
import type { InstancesDeps } from '../state/deps.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Overview } from '../state/overview.ts'

export type Place = Extract<StartDecision, { ok: true }>

/**
 * Decides the name and slot of a launch. The caller takes them in the same turn of the event loop.
 * `collisions` are the names that tmux refused to this launch, which then counts under the cap already.
 * @throws AtCapacity InvalidLabel
 */
export type PlaceFor = (
  project: FoundProject,
  request: Pick<StartQuestion, 'label' | 'slotWanted'>,
  collisions?: readonly string[],
) => Place

export function createPlaces(options: {
  readonly deps: InstancesDeps
  readonly ledger: Ledger
  readonly overview: Overview
}): PlaceFor {
  const { deps, ledger, overview } = options
  const { instancesMax: capMax } = deps
  return ({ key }, request, collisions = []) => {
    const foreign = overview.foreign().map(({ name }) => name)
    const names = [...overview.namesHeld(key), ...foreign, ...collisions]
    const used = ledger.cap().used - (collisions.length > 0 ? 1 : 0)
    const decision = decideStart({ ...request, key, names, capMax, used })
    if (decision.ok) return decision
    throw decision.code === 'at_capacity'
      ? new AtCapacity(capMax)
      : new InvalidLabel(decision.reason)
  }
}
