// Claude's own daemon, `claude daemon run`, which keeps sessions in the background: one for all of an
// account. It inherits the environment of whichever session started it, LAB_INSTANCE included.
import { argvOf } from '../processes/proc.ts'

/** Whether that process is such a daemon, going by its arguments. */
export function isDaemon(pid: number): boolean {
  // A native program, or a script that Node runs.
  const args = argvOf(pid).slice(1, 4)
  const at = args.indexOf('daemon')
  return (at === 0 || at === 1) && args[at + 1] === 'run'
}
