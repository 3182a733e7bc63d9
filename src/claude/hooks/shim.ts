// The program that Claude runs for each hook, and the settings that name it. It is plain /bin/sh and names
// neither lab's package nor a port or a secret: agents outlive lab, and any process could take a port.
import type { Contribution } from '../../core/plan.ts'

/** The shim's name in `<state-dir>/bin`. */
export const shimName = 'lab-hook'

/** The events that lab hears, each with Claude's limit for its hook in seconds. */
const timeouts = {
  SessionStart: 10,
  UserPromptSubmit: 10,
  PostToolUse: 10,
  Stop: 10,
  StopFailure: 10,
  // The hook waits for the operator's answer, for a day if need be. The dialog in the terminal always works.
  PermissionRequest: 86_400,
} as const

export type HookName = keyof typeof timeouts

export const hookNames = Object.keys(timeouts) as readonly HookName[]

/**
 * The settings that make Claude run the shim at each event. Without the shim, such as after the state
 * directory was removed, a hook does nothing: any exit code but 0 would show an error in the terminal, and
 * 2 would refuse a prompt.
 */
export function launchHooks(): Contribution {
  const hooks = hookNames.map((name) => {
    const shim = `"$LAB_STATE_DIR/bin/${shimName}"`
    const command = `[ -r ${shim} ] && exec /bin/sh ${shim} ${name}; exit 0`
    return [name, [{ hooks: [{ type: 'command', command, timeout: timeouts[name] }] }]] as const
  })
  return { settings: { hooks: Object.fromEntries(hooks) } }
}

// A prompt or the content of a new file may be long; what is cut off here lab cannot read.
const bodyBytesMax = 4 * 1024 * 1024
// An agent that works for days while lab is away must not fill the disk.
const filesMax = 200

/**
 * The shim. It writes the event's JSON from stdin to a file of the instance's spool, first under a hidden
 * name and then by rename. PostToolUse keeps only its time, in one file. PermissionRequest makes a FIFO,
 * waits there for lab, and prints what lab writes. Every failure ends it with exit code 0 and no output.
 */
export const shim = `#!/bin/sh
# lab writes this file at each start. It hands one event of Claude Code to lab and never fails.
event=$1
spool=$LAB_STATE_DIR/spool/$LAB_INSTANCE
umask 077
if [ -z "$LAB_INSTANCE" ] || [ ! -d "$spool" ]; then
  cat >/dev/null
  exit 0
fi
exec 2>/dev/null
if [ "$event" = PostToolUse ]; then
  cat >/dev/null
  : >"$spool/.$event.$$" && mv -f "$spool/.$event.$$" "$spool/$event.0.last"
  exit 0
fi
part=$(mktemp "$spool/.$event.XXXXXXXX") || exit 0
name=$event.$$.\${part##*.}
head -c ${bodyBytesMax} >"$part"
cat >/dev/null
set -- "$spool"/*
if [ $# -gt ${filesMax} ]; then
  ls -1tr "$spool" | grep -v PermissionRequest | head -n 50 | while read -r old; do rm -f "$spool/$old"; done
fi
if [ "$event" != PermissionRequest ]; then
  mv -f "$part" "$spool/$name"
  exit 0
fi
fifo=$spool/.$name.fifo
mkfifo "$fifo" || { rm -f "$part"; exit 0; }
cat <"$fifo" &
reader=$!
trap 'kill "$reader"; rm -f "$spool/$name" "$fifo"; exit 0' HUP INT TERM
mv -f "$part" "$spool/$name"
wait "$reader"
rm -f "$spool/$name" "$fifo"
exit 0
`
