// The login of Claude Code: /api/v1/login, and a page with forms that needs no script.
import { Hono, type Context } from 'hono'
import { LabError } from '../../../errors.ts'
import type { Service } from '../../../instances/service.ts'
import { actorOf, apiActorOf } from '../../access/auth.ts'
import type { AssetPaths } from '../../assets/static.ts'
import { readCode, readForm } from '../../body.ts'
import type { WebEnv } from '../../env.ts'
import type { PageModel } from '../../live/page-model.tsx'
import type { ServerInfo } from '../../server-info.ts'
import { statusOf } from '../../status.ts'
import { renderClaudeLogin } from '../../views/pages/claude-login.tsx'

export interface ClaudeLoginDeps {
  readonly instances: Pick<Service, 'logins' | 'notices' | 'refresh'>
  readonly server: () => ServerInfo
  readonly pageModel: PageModel
  readonly assets: AssetPaths
}

const accountOf = (c: Context<WebEnv>): string | undefined => c.req.query('account')

/** Makes /api/v1/login and /claude-login. The query's `account` names the account. */
export function createClaudeLoginRoutes(deps: ClaudeLoginDeps): Hono<WebEnv> {
  const { instances, pageModel, assets, server } = deps
  const { logins } = instances
  const routes = new Hono<WebEnv>()

  routes.get('/api/v1/login', async (c) => c.json(await logins.state(accountOf(c))))
  routes.post('/api/v1/login', async (c) => c.json(await logins.start(accountOf(c), apiActorOf(c))))
  routes.delete('/api/v1/login', async (c) =>
    c.json(await logins.cancel(accountOf(c), apiActorOf(c))),
  )
  routes.post('/api/v1/login/code', async (c) =>
    c.json(await logins.giveCode(accountOf(c), await readCode(c), apiActorOf(c))),
  )

  /** Answers with the page, and with the sentence of a refusal. */
  async function page(c: Context<WebEnv>, refusal: LabError | null = null): Promise<Response> {
    instances.refresh()
    const flow = await logins.state(accountOf(c))
    // The notice holds at any age, and the answer of `server` for seconds.
    const isLoggedOut = instances.notices().some(({ code }) => code === 'not_logged_in')
    const login = isLoggedOut ? 'logged_out' : server().claude.login
    const refused = refusal?.message ?? null
    const html = renderClaudeLogin({ flow, login, refused }, pageModel.nextContext(), assets)
    // A page without a script shows what comes next only when it is loaded again.
    if (flow.state === 'starting' || flow.state === 'checking') c.header('refresh', '2')
    return c.html(html, refusal ? statusOf[refusal.code] : 200)
  }

  /** A reload of the answer must not send the form again, so the browser is led to the page. */
  async function acted(c: Context<WebEnv>, act: () => Promise<unknown>): Promise<Response> {
    try {
      await act()
    } catch (error) {
      if (error instanceof LabError) return page(c, error)
      throw error
    }
    return c.redirect(`/claude-login${new URL(c.req.url).search}`, 303)
  }

  routes.get('/claude-login', (c) => page(c))
  routes.post('/claude-login', (c) =>
    acted(c, () => logins.start(accountOf(c), actorOf(c, 'page'))),
  )
  routes.post('/claude-login/code', (c) =>
    acted(c, async () => {
      const { code = '' } = await readForm(c)
      await logins.giveCode(accountOf(c), code, actorOf(c, 'page'))
    }),
  )
  routes.post('/claude-login/cancel', (c) =>
    acted(c, () => logins.cancel(accountOf(c), actorOf(c, 'page'))),
  )
  // A reload of a page that answered a refused form is a GET of the form's address.
  for (const form of ['code', 'cancel'])
    routes.get(`/claude-login/${form}`, (c) => c.redirect('/claude-login', 303))

  return routes
}
