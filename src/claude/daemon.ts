// Claude's own daemon, `claude daemon run`, which keeps sessions in the background. Each account has one
// daemon. It inherits the environment of the session that started it, LAB_INSTANCE included.
import { argvOf } from '../processes/proc.ts'

/** Whether that process is such a daemon, by its arguments. */
export function isDaemon(pid: number): boolean {
  // claude is a native program, or a script that Node runs.
  const args = argvOf(pid).slice(1, 4)
  const at = args.indexOf('daemon')
  return (at === 0 || at === 1) && args[at + 1] === 'run'
}
