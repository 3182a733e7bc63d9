// Whether a permission that an agent asks for could destroy work, so that the page asks once more. Pure.
import type { Question } from '../../../core/question.ts'

// A guess at a command's text: a person still reads the command. `rm` counts with any option that makes it
// recursive or silent; a push counts when it may overwrite what others pushed.
const commands: readonly RegExp[] = [
  /\brm\s+(-\w+\s+)*(-\w*[rRf]|--(recursive|force)\b)/,
  /\bgit\b.*\bpush\b.*(\s-\w*f|--force|--mirror|--delete|\s\+\S|\s:\S)/,
  /\bgit\b.*\b(reset\s+--hard|clean\s+-\w*[fdx]|checkout\s+(--\s|\.)|branch\s+-D|stash\s+(drop|clear)|filter-branch)/,
  /\b(terraform|tofu)\b.*(\bdestroy\b|-auto-approve)/,
  /\b(mkfs|wipefs|shred|dd)\b|\bfind\b.*\s-delete\b/,
  /\b(drop\s+(table|database|schema)|truncate\s+table)\b/i,
  /\bkubectl\s+delete\b|\bdocker\b.*\b(prune|rm\s+-f)|\bkill(all)?\s+-9|\b(shutdown|reboot)\b/,
]

/** The words for "Really …?" where the question is about something destructive; null where it is not. */
export function destructiveText(
  { kind, tool, detail, change }: Question,
  folder: string,
): string | null {
  if (kind !== 'permission') return null
  if (tool === 'Bash') {
    const line = detail.split('\n').find((text) => commands.some((one) => one.test(text)))
    return line === undefined ? null : `run ${line.trim()}`
  }
  const path = change?.path
  if (path === undefined || !path.startsWith('/')) return null
  const isInside = path.startsWith(`${folder}/`) && !path.split('/').includes('..')
  return isInside ? null : `write ${path}, outside of its folder`
}
