// Reads files that others control (agents, people, a network), bounded in type, size and time, so that no
// FIFO, no huge file and no dead mount blocks lab's only thread.
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'

/** A file that lab does not read: it is not a regular file, too large, or on a disk that does not answer. */
export class Unreadable extends Error {
  readonly code: 'ENOTREG' | 'EFBIG' | 'ETIMEDOUT'
  constructor(code: Unreadable['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.name = 'Unreadable'
  }
}

// Enough for small JSON and text files. A caller that reads larger ones passes its own bound.
const defaultBytesMax = 1024 * 1024
// Without O_NONBLOCK the opening of a FIFO waits for its writer.
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

/**
 * The text of a regular file of at most `bytesMax` bytes. For files on lab's own disk; a path that may
 * lead to a dead mount is for `readText`. @throws Unreadable, and what the system says
 */
export function readTextSync(path: string, bytesMax = defaultBytesMax): string {
  const fd = openSync(path, flags)
  try {
    const text = roomFor(path, fstatSync(fd), bytesMax)
    for (;;) {
      const count = readSync(fd, text.rest())
      if (count === 0) return text.toString()
      text.took(count)
    }
  } finally {
    closeSync(fd)
  }
}

/** The same without holding the thread; a disk that does not answer within `timeoutMs` is Unreadable. */
export async function readText(
  path: string,
  { bytesMax = defaultBytesMax, timeoutMs = answerMs } = {},
): Promise<string> {
  return answerOf(`read ${path}`, () => readTextUnbounded(path, bytesMax), timeoutMs)
}

/** `readText` without its bound of time: for use within a question of `answerOf`. */
export async function readTextUnbounded(path: string, bytesMax = defaultBytesMax): Promise<string> {
  const file = await open(path, flags)
  try {
    const text = roomFor(path, await file.stat(), bytesMax)
    for (;;) {
      const { bytesRead } = await file.read(text.rest())
      if (bytesRead === 0) return text.toString()
      text.took(bytesRead)
    }
  } finally {
    await file.close()
  }
}

/**
 * Hands the lines of a regular file to `take`, the last line first, until `take` returns true. Reads blocks
 * of 64 KiB from the end, `bytesMax` bytes at most. Resolves to whether `take` returned true or the file
 * has no further line. @throws Unreadable, and what the system says
 */
export async function readLinesBackwards(
  path: string,
  take: (line: Buffer) => boolean,
  { bytesMax = defaultBytesMax, timeoutMs = answerMs } = {},
): Promise<boolean> {
  const read = (): Promise<boolean> => readBackwardsUnbounded(path, take, bytesMax)
  return answerOf(`read the end of ${path}`, read, timeoutMs)
}

const blockBytes = 64 * 1024
const newline = 0x0a

async function readBackwardsUnbounded(
  path: string,
  take: (line: Buffer) => boolean,
  bytesMax: number,
): Promise<boolean> {
  const file = await open(path, flags)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new Unreadable('ENOTREG', `${path} is not a regular file`)
    // The blocks of a line whose beginning is not read yet, from its end on.
    let rest: Buffer[] = []
    const lineOf = (head: Buffer): Buffer => Buffer.concat([head, ...rest.toReversed()])
    const last = Math.max(0, stat.size - bytesMax)
    for (let end = stat.size; end > last;) {
      const start = Math.max(last, end - blockBytes)
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(end - start), 0, end - start, start) // prettier-ignore
      let block = buffer.subarray(0, bytesRead)
      for (let at = block.lastIndexOf(newline); at >= 0; at = block.lastIndexOf(newline)) {
        if (take(lineOf(block.subarray(at + 1)))) return true
        rest = []
        block = block.subarray(0, at)
      }
      rest.push(block)
      end = start
    }
    if (last > 0) return false
    take(lineOf(Buffer.alloc(0)))
    return true
  } finally {
    await file.close()
  }
}

/** A buffer that grows with the file, up to the bound. */
function roomFor(path: string, stat: Stats, bytesMax: number) {
  if (!stat.isFile()) throw new Unreadable('ENOTREG', `${path} is not a regular file`)
  let length = 0
  let buffer = Buffer.allocUnsafe(Math.min(stat.size, bytesMax) + 1)
  function took(count: number): void {
    length += count
    if (length > bytesMax) throw new Unreadable('EFBIG', `${path} is larger than ${bytesMax} bytes`)
    if (length < buffer.length) return
    const more = Math.min(Math.max(length, 4096), bytesMax + 1 - length)
    buffer = Buffer.concat([buffer, Buffer.allocUnsafe(more)])
  }
  if (stat.size > bytesMax) took(stat.size)
  return {
    rest: () => buffer.subarray(length),
    took,
    toString: () => buffer.toString('utf8', 0, length),
  }
}

/** How long a disk may take to answer before lab continues without the answer. */
export const answerMs = 2000
// Each unanswered question holds one thread of the pool that all file access shares. main.ts adds sixteen
// threads, which no question can hold.
export const unansweredMax = 48
interface Asked {
  readonly answer: Promise<unknown>
  readonly about: string | null
  isLate: boolean
}
const unanswered = new Map<string, Asked>()
const waiting = new Set<() => void>()

/**
 * Returns the answer of `ask`, which asks the system about a path. Without an answer within `timeoutMs` it
 * rejects with Unreadable, and so does the same question until the answer comes: a dead mount costs one
 * thread for each question, not one for every try. Of the questions `about` one folder only one waits.
 */
export async function answerOf<T>(
  question: string,
  ask: () => Promise<T>,
  timeoutMs = answerMs,
  about: string | null = null,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  while (!unanswered.has(question) && unanswered.size >= unansweredMax)
    await nextAnswer(deadline, question)
  const asked = unanswered.get(question) ?? begin(question, ask, about)
  if (asked.isLate) throw noAnswer(question)
  return within(asked.answer as Promise<T>, deadline, question, () => {
    asked.isLate = true
  })
}

/** Whether threads wait for a disk. Node waits for them before it ends. */
export function hasUnanswered(): boolean {
  return unanswered.size > 0
}

function begin(question: string, ask: () => Promise<unknown>, about: string | null): Asked {
  const isSilent =
    about !== null &&
    [...unanswered.values()].some((asked) => asked.isLate && asked.about === about)
  if (isSilent) throw noAnswer(question)
  const answer = ask().finally(() => {
    unanswered.delete(question)
    for (const wake of waiting) wake()
  })
  // The caller may no longer wait for the answer.
  answer.catch(() => undefined)
  const asked: Asked = { answer, about, isLate: false }
  unanswered.set(question, asked)
  return asked
}

async function nextAnswer(deadline: number, question: string): Promise<void> {
  let wake: (() => void) | null = null
  const came = new Promise<void>((resolve) => waiting.add((wake = resolve)))
  try {
    await within(came, deadline, question)
  } finally {
    if (wake) waiting.delete(wake)
  }
}

async function within<T>(
  answer: Promise<T>,
  deadline: number,
  question: string,
  onLate = (): void => undefined,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => {
        onLate()
        reject(noAnswer(question))
      },
      Math.max(0, deadline - performance.now()),
    )
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

function noAnswer(question: string): Unreadable {
  return new Unreadable('ETIMEDOUT', `no answer: ${question}`)
}
