// Which prompts the agents took, as their hooks say.
import type { Hooks } from '../questions/hooks.ts'
import type { Entry } from '../state/entry.ts'

export interface Prompts {
  /** Whether a hook of this agent has said something. One that an older lab started has none. */
  areHeard(entry: Entry): boolean
  /** Calls `listener` with each prompt of the instance, null for one that was too long to read, until the caller calls the returned function. */
  onPrompt(id: string, listener: (prompt: string | null) => void): () => void
}

/** Hears the prompts from now on. */
export function createPrompts(hooks: Pick<Hooks, 'subscribe'>): Prompts {
  const heard = new Set<string>()
  hooks.subscribe((id) => void heard.add(id))
  return {
    areHeard: ({ id }) => heard.has(id),
    onPrompt: (id, listener) =>
      hooks.subscribe((from, { name, prompt }) => {
        if (from === id && name === 'UserPromptSubmit') listener(prompt)
      }),
  }
}
