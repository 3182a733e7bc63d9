// A serial queue: tasks run one after the other, each with its own result. Imports nothing.

export interface Queue {
  /**
   * Runs `task` once every task before it has ended, also by a rejection. Settles as the task does. A task
   * must not wait for a later task of the same queue.
   */
  run<T>(task: () => Promise<T> | T): Promise<T>
  /** Resolves once every task that the queue holds now has ended; never rejects. */
  idle(): Promise<void>
  /** How many tasks run or wait. */
  size(): number
}

/** Makes an empty queue. A task that rejects or throws does not keep later tasks from running. */
export function createQueue(): Queue {
  let last: Promise<void> = Promise.resolve()
  let size = 0
  const taskEnded = (): void => void (size -= 1)
  return {
    run(task) {
      size += 1
      const result = last.then(task)
      last = result.then(taskEnded, taskEnded)
      return result
    },
    idle: () => last,
    size: () => size,
  }
}
