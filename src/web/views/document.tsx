// The page: the list of what needs the operator and of all agents, and beside it the pane.
import type { Child, FC } from 'hono/jsx'
import type { Instance } from '../../core/instance.ts'
import type { AssetPaths } from '../assets/static.ts'
import { Offer } from './instance/resume-offer.tsx'
import { endedOf } from './instance/ended.tsx'
import type { RenderContext } from './render-context.ts'
import { Attention, needsCount } from './instance/attention.tsx'
import { CapCount, Foreign, Notices } from './overview.tsx'
import { PaneLink } from './pane/link.tsx'
import { noPane, PaneSection, paneTitle, type Pane } from './pane/pane.tsx'
import { StartForm } from './pane/start.tsx'
import { StopAllOfAll } from './pane/stop.tsx'
import { Command, Dots } from './parts.tsx'
import { Connection, DemoLine, Foot, Keys, Unscripted } from './frame.tsx'
import { documentOf, titleOfPage } from './shell.tsx'
import type { Snapshot } from './snapshot.ts'
import { isMatch, ProjectCard } from './project.tsx'
import { RefusalText, type Refusal } from './refusal.tsx'
import { shellText } from '../../core/text.ts'

/** What a page differs in, from one request to the next. */
export interface PageOptions {
  /** Hides the projects that do not match. */
  readonly query?: string
  /** Answers a form without htmx. */
  readonly refusal?: Refusal | undefined
  /** What failed of a form about several instances, sent without htmx. */
  readonly failures?: Child
  /** Whether a proxy in front may have a sign-on of its own. */
  readonly isProxied?: boolean
  /** What stands in the place of the projects. */
  readonly cards?: Child
  /** What the address shows beside the list. */
  readonly pane?: Pane
  readonly path?: string
}

/** Renders the page. */
export function renderPage(
  snapshot: Snapshot,
  at: RenderContext,
  assets: AssetPaths,
  options: PageOptions = {},
): string {
  const { query = '', pane = noPane, path = '/' } = options
  const instances = snapshot.projects.flatMap((project) => project.instances)
  return documentOf(
    assets,
    at,
    <>
      <a class="skip" href="#list">
        Skip to the agents
      </a>
      <Top snapshot={snapshot} instances={instances} at={at} />
      <main class="desk">
        <List snapshot={snapshot} instances={instances} options={options} at={at} />
        <PaneSection pane={pane} path={path} at={at} />
      </main>
      <Foot query={query} />
      <div popover="auto" id="sheet" class="sheet" role="dialog" aria-label="Start an agent" />
      <Keys />
      <Connection known={snapshot.known} path={path} />
    </>,
    titleOfPage(needsCount(instances, snapshot.offer), paneTitle(pane), at.machine),
    pane.kind !== 'none',
  )
}

/** What needs the operator, then the projects with their rows. */
const List: FC<{
  snapshot: Snapshot
  instances: readonly Instance[]
  options: PageOptions
  at: RenderContext
}> = ({ snapshot, instances, options, at }) => {
  const { refusal, failures, isProxied = false, pane = noPane } = options
  const { projects, cap, notices, foreign, offer } = snapshot
  const isHomeless =
    refusal && pane.kind === 'none' && !projects.some(({ key }) => key === refusal.project)
  return (
    <div id="list" tabindex={-1}>
      <Unscripted isProxied={isProxied} />
      {at.isDemo ? <DemoLine /> : null}
      <div id="msg" class="message" role="alert">
        {isHomeless ? <RefusalText refusal={refusal} /> : null}
        {failures}
      </div>
      <Notices notices={notices} at={at} />
      <Attention instances={instances} offer={offer} at={at} />
      <Offer offer={offer} cap={cap} at={at} />
      <Projects snapshot={snapshot} options={options} at={at} />
      <p id="nothing">No project or instance matches.</p>
      <FirstSteps root={at.root} />
      {instances.length === 0 && projects.length > 0 && pane.kind !== 'new' ? (
        <section class="begin" aria-label="Start an agent">
          <StartForm projects={snapshot.byLastUse} settings={snapshot.settings} />
        </section>
      ) : null}
      <Foreign foreign={foreign} at={at} />
    </div>
  )
}

const Projects: FC<{ snapshot: Snapshot; options: PageOptions; at: RenderContext }> = (props) => {
  const { projects, ended } = props.snapshot
  const { query = '', refusal, cards } = props.options
  const active = projects.filter(({ instances }) => instances.length > 0).length
  return (
    <div id="projects" data-crowded={active > roomyMax || undefined}>
      {cards ??
        projects.map((project) => (
          <ProjectCard
            project={project}
            ended={endedOf(ended, project.key)}
            at={props.at}
            refusal={refusal}
            hidden={!isMatch(project, props.at, query)}
          />
        ))}
      <Quiet projects={projects} isOpen={query !== ''} />
    </div>
  )
}

// With more projects than this their names stand in the rows (see lab.css and lab.js).
const roomyMax = 12

const Top: FC<{
  snapshot: Snapshot
  instances: readonly Instance[]
  at: RenderContext
}> = ({ snapshot, instances, at }) => (
  <header class="top">
    <div class="bar">
      <h1>
        <a href="/">lab</a>
      </h1>
      <span class="machine">{at.machine}</span>
      <CapCount cap={snapshot.cap} instances={instances} at={at} />
      <button type="button" class="button quiet more" popovertarget="menu" aria-label="More">
        <Dots />
      </button>
      <div popover="auto" id="menu" class="sheet" role="dialog" aria-label="More">
        <StopAllOfAll instances={instances} at={at} />
        <PaneLink class="button" href="/more/phone">
          Notifications
        </PaneLink>
        <PaneLink class="button" href="/more">
          About this lab
        </PaneLink>
      </div>
    </div>
  </header>
)

/** Stands between the projects with agents and those without, and unfolds the latter. */
const Quiet: FC<{ projects: Snapshot['projects']; isOpen: boolean }> = ({ projects, isOpen }) => {
  const n = projects.filter(({ instances }) => instances.length === 0).length
  return (
    <details id="quiet" open={isOpen}>
      <summary>
        <span class="count">{n === 1 ? '1 quiet project' : `${n} quiet projects`}</span>
      </summary>
    </details>
  )
}

const repository = 'https://github.com/OWNER/NAME.git'

// Shown by the style sheet as long as there is no project.
const FirstSteps: FC<{ root: string }> = ({ root }) => (
  <section id="first" class="first">
    <h2>No projects yet</h2>
    <p>
      Every git repository under <code>{root}</code> becomes a project. Clone one there, then reload
      the page:
    </p>
    <Command text={shellText(['git', 'clone', repository, `${root}/NAME`])} />
    <p>Or create an empty one:</p>
    <Command text={shellText(['git', 'init', `${root}/NAME`])} />
  </section>
)
