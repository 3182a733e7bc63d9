// The address of one running instance in claude.ai. Pure.

/** The page that lists every session, for an instance without a link. */
export const sessionListUrl = 'https://claude.ai/code'

/** The deep link for a registry's `bridgeSessionId` (`cse_X` → `session_X`); null for any other shape. */
export function deepLinkOf(bridgeSessionId: string | null): string | null {
  const match = /^(?:cse|session)_([A-Za-z0-9_-]{1,200})$/.exec(bridgeSessionId ?? '')
  return match ? `${sessionListUrl}/session_${match[1]}` : null
}
