// The page of one instance: what it is, what it asks, how it came and went, and what can be done with it.
import type { Child, FC } from 'hono/jsx'
import { isLive, tmuxUnreadable, type Instance } from '../../../core/instance.ts'
import { waitsForOperator } from '../../../core/limit.ts'
import { shellText } from '../../../core/text.ts'
import { AnswerForms } from '../instance/answer.tsx'
import { EvidenceBox } from '../instance/evidence.tsx'
import { canRestart, OpenButton, Restart } from '../instance/open-action.tsx'
import { FormLine } from '../instance/row-form.tsx'
import { Status } from '../instance/row.tsx'
import { Age, Command, Prose, StateIcon, Title } from '../parts.tsx'
import { RefusalText, type Refusal } from '../refusal.tsx'
import type { RenderContext } from '../render-context.ts'
import { bytesText, titleOf } from '../words.ts'
import { Back, PaneLink } from './link.tsx'
import { SaidTab, ScreenTab, type Looked } from './screen.tsx'
import { StopForm } from './stop.tsx'

/** The tabs of an instance's page; the first is the page itself. */
export const tabs = [
  { path: '', word: 'Screen' },
  { path: '/details', word: 'Details' },
] as const

/** The page of what was said before. */
export const saidTab = '/said'

/** The pane; each event about the instance draws it again. */
export const InstancePane: FC<{
  instance: Instance
  tab: string
  looked?: Looked | undefined
  refusal?: Refusal | undefined
  at: RenderContext
}> = ({ instance, tab, looked = {}, refusal, at }) => {
  const { id, state, evidence } = instance
  const hasScreen = isLive(state) && (tab === '' || tab === standInTab)
  return (
    <article id={`d-${id}`} class="pane" data-state={state} data-rev={at.rev} data-update>
      <header>
        <Back />
        <h2 id="pane-title" tabindex={-1}>
          <Title of={instance} />
        </h2>
        <p class="soft in">{instance.project}</p>
        <p>
          <span class="badge">
            <StateIcon state={state} />
          </span>{' '}
          <Status instance={instance} at={at} />
        </p>
      </header>
      <Tabs id={id} current={tab} />
      {tab === standInTab ? <StandIn /> : null}
      <FormLine instance={instance} place="pane">
        {refusal === undefined ? null : <RefusalText refusal={refusal} />}
      </FormLine>
      {waitsForOperator(instance) ? (
        <section class="need" data-state={state} aria-label="Needs you">
          <AnswerForms instance={instance} place="pane" at={at} />
        </section>
      ) : null}
      <Doubt instance={instance} />
      <Moved instance={instance} />
      {evidence === null ? null : <EvidenceBox instance={instance} evidence={evidence} />}
      {canRestart(instance) ? <Restart instance={instance} place="pane" /> : null}
      {isLive(state) ? <OpenButton instance={instance} at={at} /> : null}
      {tab === saidTab ? <SaidTab instance={instance} page={looked.said} /> : null}
      {hasScreen ? <ScreenTab instance={instance} looked={looked} /> : null}
      {hasScreen || tab === saidTab ? null : <Details instance={instance} at={at} />}
      {isLive(state) ? <StopForm instance={instance} at={at} /> : null}
    </article>
  )
}

/** The page to which Open leads in a demonstration. */
export const standInTab = '/stand-in'

const StandIn: FC = () => (
  <p class="notice">
    In a real lab this button opens the agent in claude.ai. This agent is a stand-in, so lab shows
    it here. Attach a terminal to type into it.
  </p>
)

const Tabs: FC<{ id: string; current: string }> = ({ id, current }) =>
  tabs.length < 2 ? null : (
    <nav class="tabs" aria-label="Parts of this page">
      {tabs.map(({ path, word }) => (
        <PaneLink href={`/instances/${id}${path}`} current={path === current}>
          {word}
        </PaneLink>
      ))}
    </nav>
  )

// What is true of all rows stands in the notice.
const Doubt: FC<{ instance: Instance }> = ({ instance: { unknownBecause } }) =>
  unknownBecause === null || unknownBecause === tmuxUnreadable ? null : (
    <p class="doubt">
      <Prose text={unknownBecause} />
    </p>
  )

/** Says that the folder is not any more where the project has it. */
const Moved: FC<{ instance: Instance }> = ({ instance: { workspace } }) =>
  workspace.moved === null ? null : workspace.moved.to === null ? (
    <p class="moved">
      The folder was removed. The agent still runs, and what it writes there is lost.
    </p>
  ) : (
    <p class="moved">
      The folder was renamed or moved, and is now <code>{workspace.moved.to}</code>. The agent still
      runs in it. To resume it later, put the folder back at <code>{workspace.path}</code>.
    </p>
  )

const Details: FC<{ instance: Instance; at: RenderContext }> = ({ instance, at }) => {
  const { name, attached, attach, workspace, model, account, memoryBytes, linkState } = instance
  const isRunning = isLive(instance.state)
  return (
    <section class="details" aria-label="Details">
      {isRunning ? (
        <>
          <p>Attach a terminal</p>
          <Command text={shellText(attach)} />
        </>
      ) : null}
      <dl>
        <Fact word="Session">
          <code>{name}</code>
          {attached > 0 ? `, ${attached} attached` : null}
        </Fact>
        <Fact word="Folder">
          <code>{workspace.path}</code>
        </Fact>
        {workspace.branch === null ? null : <Fact word="Branch">⎇ {workspace.branch}</Fact>}
        {model === null ? null : <Fact word="Model">{model}</Fact>}
        {account === 'default' ? null : <Fact word="Account">{account}</Fact>}
        {memoryBytes === null ? null : <Fact word="Memory">{bytesText(memoryBytes)}</Fact>}
        {isRunning ? <Fact word="Link">{linkWords[linkState]}</Fact> : null}
        <Fact word="Started">
          <Age since={instance.createdAt} at={at} /> ago
        </Fact>
      </dl>
      {instance.isBlank ? (
        <p class="soft">Claude no longer had the earlier conversation of {titleOf(instance)}.</p>
      ) : null}
    </section>
  )
}

const linkWords: Readonly<Record<Instance['linkState'], string>> = {
  connecting: 'not there yet',
  linked: 'linked to claude.ai',
  lost: 'lost',
  unavailable: 'Claude gave this instance no link. Find it in the list of claude.ai.',
}

const Fact: FC<{ word: string; children?: Child }> = ({ word, children }) => (
  <>
    <dt>{word}</dt>
    <dd>{children}</dd>
  </>
)
