// Reads the text of a request's body, as JSON where it must be, and checks its shape.
import type { Context } from 'hono'
import type * as z from 'zod'
import { InvalidRequest } from '../errors.ts'
import type { WebEnv } from './env.ts'

/** Reads JSON of that shape. @throws InvalidRequest */
export async function readJson<T>(c: Context<WebEnv>, schema: z.ZodType<T>): Promise<T> {
  return checked(schema, parseJson(await readJsonText(c)))
}

/** The text of a body that is JSON or empty. @throws InvalidRequest */
export async function readJsonText(c: Context<WebEnv>): Promise<string> {
  const text = await readText(c)
  if (text !== '' && !/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
    throw new InvalidRequest('The body must be JSON. Send it with content-type: application/json.')
  return text
}

/** @throws InvalidRequest */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidRequest('The body is not JSON.')
  }
}

/** @throws InvalidRequest */
export async function readText(c: Context<WebEnv>): Promise<string> {
  try {
    return await c.req.text()
  } catch {
    throw new InvalidRequest('The body of this request did not arrive completely. Send it again.')
  }
}

/** The value in that shape. @throws InvalidRequest, which names the place */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const place = issue?.path.length ? `"${issue.path.join('.')}": ` : ''
  throw new InvalidRequest(`The body is not as expected: ${place}${issue?.message ?? 'unknown'}.`)
}
