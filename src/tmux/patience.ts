// How long a client waits for tmux. Imports nothing.

// A loop that was held up fires a timer late, and before it reads the answers that have come. So lab
// calls tmux silent only after several timers, with a look at the answers between them.
const slices = 4

/**
 * Calls `late` when no answer came for `ms` in which lab could listen, and never because lab itself was
 * held up. The returned function ends the wait.
 */
export function startPatience(ms: number, late: () => void): () => void {
  let left = slices
  let isOver = false
  const timer = setInterval(() => {
    left -= 1
    if (left > 0) return
    clearInterval(timer)
    setImmediate(() => {
      if (!isOver) late()
    })
  }, ms / slices)
  return () => {
    isOver = true
    clearInterval(timer)
  }
}
