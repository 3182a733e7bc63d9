// The page about lab itself: the directories and programs that it uses, and the way to sign out.
import type { Child, FC } from 'hono/jsx'
import { shellText } from '../../../core/text.ts'
import type { ServerInfo } from '../../server-info.ts'
import { SignOut } from '../pages/sign-out.tsx'
import { bytesText } from '../words.ts'
import { Back, PaneLink } from './link.tsx'

const dirReasons = {
  '--claude-config-dir': 'named by --claude-config-dir',
  CLAUDE_CONFIG_DIR: "named by CLAUDE_CONFIG_DIR in lab's environment",
}

/** The pane about lab. */
export const More: FC<{ lab: ServerInfo; canSignOut: boolean }> = ({ lab, canSignOut }) => (
  <article id="d-more" class="pane">
    <header>
      <Back />
      <h2 id="pane-title" tabindex={-1}>
        About this lab
      </h2>
      <p class="status">
        lab {lab.version} on {lab.machine} · {bytesText(lab.memoryBytes)}
      </p>
    </header>
    <p>
      <PaneLink class="button" href="/more/phone">
        Notifications and phone
      </PaneLink>
    </p>
    <About lab={lab} />
    {canSignOut ? <SignOut /> : null}
  </article>
)

const About: FC<{ lab: ServerInfo }> = ({ lab }) => {
  const { claude, projectsRoot, stateDir, tmux, variables } = lab
  return (
    <dl>
      <dt>Projects</dt>
      <dd>
        <code>{projectsRoot}</code>
      </dd>
      <dt>State</dt>
      <dd>
        <code>{stateDir}</code>
      </dd>
      <dt>Claude Code</dt>
      <dd>
        {claude.version} <code>{claude.path ?? 'not found'}</code>
      </dd>
      <dt>Its configuration and login</dt>
      <dd>
        <code>{claude.dir}</code>
        {claude.dirFrom === null ? null : `, ${dirReasons[claude.dirFrom]}`}
      </dd>
      <dt>tmux</dt>
      <dd>
        {tmux.version} <code>{shellText(tmux.argv)}</code>
      </dd>
      <Names title="Agents also get" names={variables.passed} />
      <Names title="Agents do not get" names={variables.withheld}>
        ; <code>--pass-env NAME</code> passes one to them
      </Names>
      <Names title="Named by --pass-env, but not set" names={variables.missing} />
    </dl>
  )
}

const Names: FC<{ title: string; names: readonly string[]; children?: Child }> = (props) =>
  props.names.length === 0 ? null : (
    <>
      <dt>{props.title}</dt>
      <dd>
        {props.names.map((name, i) => (
          <>
            {i === 0 ? null : ', '}
            <code>{name}</code>
          </>
        ))}
        {props.children}
      </dd>
    </>
  )
