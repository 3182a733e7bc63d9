// What a metric is: a name, the stage it needs, and the rows it brings.
import type { Row } from './measure.ts'
import type { Peers } from './peers.ts'
import type { Stage, StageOptions } from './stage.ts'

export interface Bench {
  /** How often something is done: the full count, or far fewer with --quick. */
  times(full: number): number
  /** Seconds to watch: the full time, or a fifth with --quick. */
  seconds(full: number): number
  /** The shared stage with 10 or 100 ready stand-ins, made when first asked for. */
  shared(size: 10 | 100): Promise<Stage>
  /** A stage for one metric; it is gone after `use`. */
  own<T>(options: StageOptions, use: (stage: Stage) => Promise<T>): Promise<T>
  readonly peers: Peers
}

export interface Metric {
  readonly name: string
  readonly run: (bench: Bench) => Promise<readonly Row[]>
}
