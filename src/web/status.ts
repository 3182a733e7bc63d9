// The one place where lab's named failures meet HTTP. Imports errors only.
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { ErrorCode } from '../errors.ts'

/** The status of every named failure; a new code does not compile until it has one. */
export const statusOf: Readonly<Record<ErrorCode, ContentfulStatusCode>> = {
  invalid_request: 400,
  unauthorized: 401,
  cross_site: 403,
  unguarded_proxy: 403,
  not_found: 404,
  project_not_found: 404,
  instance_not_found: 404,
  at_capacity: 409,
  already_running: 409,
  conversation_parked: 409,
  conversation_gone: 409,
  question_gone: 409,
  not_running: 409,
  dialog_open: 409,
  not_sent: 409,
  unknown: 409,
  wrong_state: 409,
  claude_config_invalid: 409,
  project_gone: 410,
  body_too_large: 413,
  url_too_long: 414,
  unknown_host: 421,
  invalid_label: 422,
  too_many_streams: 429,
  too_many_tries: 429,
  tmux_failed: 502,
  claude_missing: 503,
  not_logged_in: 503,
  tmux_unavailable: 503,
  store_unwritable: 503,
  tmux_timeout: 504,
  // A wrong flag ends lab before it serves anything.
  usage: 500,
}
