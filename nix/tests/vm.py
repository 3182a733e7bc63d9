# Proves on a booted machine that services.lab runs, that its agents outlive whatever happens to lab,
# and that it says what became of them. A testScript of NixOS' driver, and of ../shared/boot/run.
import json
import shlex

# Set by boot/run on plain Debian, where lab has to be put on the machine first.
here = globals().get("here")
debian = dict(globals())

machine.start(allow_reboot=True)
if here:
    exec(compile((here / "debian.py").read_text(), str(here / "debian.py"), "exec"), debian)
    debian["install"]()


def switch(name):
    """Makes the running machine another one of machines.nix."""
    if here:
        debian["apply"](name)
    else:
        machine.succeed(f"/run/booted-system/specialisation/{name}/bin/switch-to-configuration test >&2")


SOCKET = "/run/lab-tmux/tmux.sock"
BASE = "http://127.0.0.1:8080"


def api(method, path, body=None):
    """Status and body of one call."""
    data = "" if body is None else f"-H 'content-type: application/json' --data {shlex.quote(json.dumps(body))} "
    out = machine.succeed(f"curl -sS -m 20 -X {method} {data}-w '\\n%{{http_code}}' '{BASE}/api/v1/{path}'")
    text, _, status = out.rpartition("\n")
    return int(status), json.loads(text) if text.startswith(("{", "[")) else text


def as_user(user, command):
    """A command line that runs in a login shell of somebody."""
    return f"su -l {user} -c {shlex.quote(command)}"


def answers():
    machine.wait_for_unit("lab.service")
    machine.wait_until_succeeds(f"curl -sSf -m 5 {BASE}/healthz", timeout=60)


def until(what, check, timeout=60):
    def look(last):
        found = check()
        if last and not found:
            machine.log(f"never came: {what}")
        return found

    retry(look, timeout)


def instances(ended=False):
    status, body = api("GET", f"instances?ended={int(ended)}")
    assert status == 200, body
    return {i["id"]: i for i in body["instances"]}


def find(id):
    """One instance, ended or not."""
    return instances(ended=True).get(id)


def reach(id, *states, timeout=60):
    """Waits until an instance is in one of these states."""
    try:
        until(f"{id} in {states}", lambda: (find(id) or {}).get("state") in states, timeout)
    except Exception:
        screen = machine.execute("lab tmux capture-pane -p -t =$(lab tmux list-sessions -F '#{session_name}' | grep -v _lab | head -1): | grep .")[1]
        machine.log(f"{find(id)}\n{screen}")
        raise
    return find(id)


def new(project, label=None):
    status, body = api("POST", f"projects/{project}/instances", {"label": label} if label else {})
    assert status == 201, (project, status, body)
    return body["id"]


def new_ready(project, label=None):
    return reach(new(project, label), "ready", timeout=120)


def end_all():
    status, _ = api("DELETE", "instances")
    assert status == 200
    until("no live instance", lambda: api("GET", "server")[1]["cap"]["used"] == 0)
    for id in instances():
        api("DELETE", f"instances/{id}")


def panes():
    """Pane pids by session: the same ones afterwards mean that nothing happened to any agent."""
    out = machine.succeed(f"tmux -S {SOCKET} list-sessions -F '#{{session_name}} #{{pane_pid}}'")
    return {name: pid for name, pid in (line.split() for line in out.splitlines()) if name != "_lab"}


def main_pid(unit):
    return int(machine.get_unit_property(unit, "MainPID"))


def of(pid, file):
    return machine.succeed(f"cat /proc/{pid}/{file}")


def marked(id):
    """What runs with an instance's mark, whoever's child it is by now."""
    return machine.succeed(f"grep -lzsx LAB_INSTANCE={id} /proc/[0-9]*/environ || true").split()


def make_repository(user, path):
    quoted = shlex.quote(path)
    machine.succeed(as_user(user, f"git init -q {quoted} && git -C {quoted} -c user.name=n -c user.email=e commit -q --allow-empty -m first"))


def prepare_claude(user, folder, config_json, root):
    """Claude's configuration as somebody who has logged in and seen the welcome leaves it."""
    behaviour = {
        "default": {"loggedIn": True},
        "byCwd": {
            f"{root}/crash": {"die": {"afterMs": 1500, "exit": 7, "lines": ["out of luck", "giving up"]}},
            f"{root}/litter": {"prompt": "CHILDREN setsid nohup subshell"},
        },
    }
    for path, value in ((f"{folder}/stand-in.json", behaviour), (config_json, {"hasCompletedOnboarding": True})):
        machine.succeed(as_user(user, f"mkdir -p {folder} && cat > {path} <<'END'\n{json.dumps(value)}\nEND"))


ROOT = "/var/lib/lab/projects"

with subtest("enable = true alone gives a running lab of its own account"):
    answers()
    machine.wait_for_unit("lab-tmux.service")
    for folder, mode in (("/var/lib/lab", "2750 lab lab"), (ROOT, "750 lab lab"), ("/var/lib/lab/claude", "750 lab lab")):
        t.assertEqual(machine.succeed(f"stat -c '%a %U %G' {folder}").strip(), mode)
    t.assertEqual(machine.succeed("stat -c '%a %U' /run/lab-tmux").split()[1], "lab")
    for project in ("foo", "foobar", "crash", "litter", "hog"):
        make_repository("lab", f"{ROOT}/{project}")
    prepare_claude("lab", "/var/lib/lab/claude", "/var/lib/lab/claude/.claude.json", ROOT)
    machine.succeed("systemctl restart lab")
    answers()
    until("five projects", lambda: len(api("GET", "projects")[1]["projects"]) == 5)

with subtest("systemd-analyze finds lab.service hardened to 2.0 or better"):
    machine.log(machine.succeed("systemd-analyze security --no-pager --threshold=20 lab.service | tail -1"))

with subtest("the port answers on loopback alone"):
    listening = machine.succeed("ss -Hltn 'sport = :8080' | awk '{ print $4 }'").split()
    t.assertEqual(listening, ["127.0.0.1:8080"])
    machine.succeed("ip link set lo up; ip address add 10.99.99.1/32 dev lo")
    machine.fail("curl -sS -m 5 http://10.99.99.1:8080/healthz")
    if not here:
        outside.start()
        outside.wait_for_unit("multi-user.target")
        outside.fail("curl -sS -m 5 http://machine:8080/healthz")

with subtest("two instances of foo, one of foobar, and no fourth above a cap of three"):
    started = [new("foo"), new("foo", "fix it"), new("foobar")]
    agents = [reach(id, "ready", timeout=120) for id in started]
    t.assertEqual([a["project"] for a in agents], ["foo", "foo", "foobar"])
    status, body = api("POST", "projects/foo/instances", {})
    t.assertEqual((status, body["error"]["code"]), (409, "at_capacity"))

with subtest("an agent has its project, its user, a home, a shell, its tools and no sandbox"):
    agent = agents[0]
    pid = agent["pid"]
    t.assertEqual(machine.succeed(f"readlink /proc/{pid}/cwd").strip(), f"{ROOT}/foo")
    t.assertEqual(machine.succeed(f"stat -c %U /proc/{pid}").strip(), "lab")
    env = dict(entry.split("=", 1) for entry in of(pid, "environ").split("\0") if "=" in entry)
    t.assertEqual(env["HOME"], "/var/lib/lab")
    t.assertEqual(env["LAB_INSTANCE"], agent["id"])
    assert "nologin" not in env["SHELL"], env["SHELL"]
    assert "UTF-8" in env["LANG"], env["LANG"]
    inside = f"env -i PATH={shlex.quote(env['PATH'])} HOME={env['HOME']} {env['SHELL']} -c"
    machine.succeed(as_user("lab", f"{inside} 'command -v git claude tmux && touch $HOME/.can-write && rm $HOME/.can-write'"))
    status_lines = of(pid, "status")
    assert "Seccomp:\t0" in status_lines and "NoNewPrivs:\t0" in status_lines, status_lines
    t.assertEqual(machine.succeed(f"readlink /proc/{pid}/ns/mnt"), machine.succeed("readlink /proc/1/ns/mnt"))
    assert " 16384 " in machine.succeed(f"grep 'open files' /proc/{pid}/limits")
    assert "Seccomp:\t2" in of(main_pid("lab"), "status")

with subtest("restart, stop and start, and kill -9 of lab touch no agent"):
    before, server = panes(), main_pid("lab-tmux")
    t.assertEqual(len(before), 3)

    def unharmed():
        answers()
        t.assertEqual(panes(), before)
        t.assertEqual(main_pid("lab-tmux"), server)
        until("all adopted", lambda: {i for i, a in instances().items() if a["state"] == "ready"} == set(started))

    machine.succeed("systemctl restart lab")
    unharmed()
    machine.succeed("systemctl stop lab")
    t.assertEqual(panes(), before)
    machine.succeed("systemctl start lab")
    unharmed()
    killed = main_pid("lab")
    machine.succeed("systemctl kill --signal=KILL lab")
    until("another lab", lambda: main_pid("lab") not in (0, killed))
    unharmed()
    machine.fail("journalctl -b --no-pager | grep -iE 'left-over process|remains running after'")

with subtest("a switch to another cap restarts lab and no agent"):
    was = main_pid("lab")
    switch("roomier")
    answers()
    assert main_pid("lab") != was
    t.assertEqual(panes(), before)
    t.assertEqual(main_pid("lab-tmux"), server)
    t.assertEqual(api("GET", "server")[1]["cap"], {"max": 4, "used": 3})

with subtest("the service's account, root and an operator use lab and attach; somebody else cannot"):
    for user in ("lab", "root", "bob"):
        assert "foobar" in machine.succeed(as_user(user, "lab ls")), user
        # A terminal of somebody's own: another tmux, which `lab attach` fills.
        machine.succeed(as_user(user, "env -u TMUX_TMPDIR TERM=screen tmux -L terminal -f /dev/null new-session -d 'env -u TMUX lab attach foobar'"))
        until(f"{user} attached", lambda: find(started[2])["attached"] == 1)
        machine.succeed(as_user(user, "env -u TMUX_TMPDIR tmux -L terminal kill-server"))
        until(f"{user} gone again", lambda: find(started[2])["attached"] == 0)
    t.assertEqual(panes(), before)
    machine.fail(as_user("carol", f"tmux -S {SOCKET} ls"))
    machine.fail(as_user("carol", "cat /var/lib/lab/server.json"))

with subtest("plain tmux ls works for the account lab"):
    listed = machine.succeed(as_user("lab", "tmux ls"))
    for name in before:
        assert name in listed, listed

with subtest("ending all of foo leaves foobar"):
    status, body = api("DELETE", "projects/foo/instances")
    t.assertEqual((status, len(body["results"])), (200, 2))
    until("foo empty", lambda: {a["project"] for a in instances().values()} == {"foobar"})
    t.assertEqual(panes(), {"foobar": before["foobar"]})

with subtest("text sent through lab reaches a live agent"):
    status, body = api("POST", "instances/foobar/input", {"text": "SAY heard you;", "submit": True})
    if status == 404:
        machine.log("NOT SHOWN: this lab has no /input yet")
    else:
        t.assertEqual((status, body["receipt"]), (200, "submitted"))
        machine.wait_until_succeeds(f"curl -sS '{BASE}/api/v1/instances/foobar/output' | grep 'heard you;'", timeout=30)

with subtest("an agent that dies is reported with how it ended and what it said last"):
    machine.succeed(f"kill -KILL {find(started[2])['pid']}")
    gone = reach(started[2], "error")["evidence"]
    t.assertEqual((gone["reason"], gone["signal"], gone["exitCode"]), ("signal", "SIGKILL", None))
    assert any(line.strip() for line in gone["lastLines"]), gone
    crashed = reach(new("crash"), "error")["evidence"]
    t.assertEqual((crashed["exitCode"], crashed["signal"]), (7, None))
    assert "giving up" in "\n".join(crashed["lastLines"]), crashed

with subtest("ending an instance leaves nothing, not even what called setsid"):
    litter = new_ready("litter")["id"]
    until("its children", lambda: len(marked(litter)) >= 5, timeout=60)
    status, _ = api("DELETE", f"instances/{litter}")
    t.assertEqual(status, 202)
    reach(litter, "stopped")
    t.assertEqual(marked(litter), [])

with subtest("an agent that runs out of memory ends alone"):
    cgroup = "/sys/fs/cgroup" + machine.get_unit_property("lab-tmux", "ControlGroup")
    if machine.execute(f"test -e {cgroup}/memory.max")[0] != 0:
        machine.log("NOT SHOWN: no memory limits on this machine (the container shares its host's)")
    else:
        # The stand-in of this test eats memory where it finds this file.
        machine.succeed(as_user("lab", f"touch {ROOT}/hog/.hog"))
        bystander = new_ready("foo")
        machine.succeed("systemctl set-property --runtime lab-tmux MemoryMax=400M MemorySwapMax=0")
        eaten = reach(new("hog"), "error", timeout=120)["evidence"]
        t.assertEqual(eaten["signal"], "SIGKILL")
        machine.succeed("journalctl -b -k --no-pager | grep -iE 'out of memory|oom-kill'")
        after = find(bystander["id"])
        t.assertEqual((after["state"], after["pid"]), ("ready", bystander["pid"]))
        machine.require_unit_state("lab-tmux.service")
        machine.succeed("systemctl set-property --runtime lab-tmux MemoryMax=infinity")
    end_all()

with subtest("a killed tmux server comes back empty, and lab says what became of the agents"):
    lost = new_ready("foo")["id"]
    dead = main_pid("lab-tmux")
    machine.succeed(f"kill -KILL {dead}")
    until("another tmux", lambda: main_pid("lab-tmux") not in (0, dead))
    machine.wait_for_unit("lab-tmux.service")
    t.assertEqual(reach(lost, "error")["evidence"]["reason"], "tmux_gone")
    t.assertEqual(marked(lost), [])
    t.assertEqual(panes(), {})
    lost = new_ready("foo")["id"]
    machine.succeed("systemctl restart lab-tmux")
    t.assertEqual(reach(lost, "error")["evidence"]["reason"], "tmux_gone")
    t.assertEqual(marked(lost), [])
    survivor = new_ready("foo")
    t.assertEqual(list(panes()), ["foo"])

with subtest("a reboot starts clean and offers to resume"):
    boot = machine.succeed("cat /proc/sys/kernel/random/boot_id")
    machine.reboot()
    machine.wait_for_unit("multi-user.target")
    answers()
    t.assertEqual(panes(), {})
    # A container's reboot is none to the kernel, so lab sees what it would see of a crash of tmux.
    rebooted = machine.succeed("cat /proc/sys/kernel/random/boot_id") != boot
    after = reach(survivor["id"], "error")
    t.assertEqual(after["evidence"]["reason"], "rebooted" if rebooted else "tmux_gone")
    t.assertEqual(after["conversation"], survivor["conversation"])
    status, body = api("POST", f"instances/{survivor['id']}/resume")
    if status == 404:
        machine.log("NOT SHOWN: this lab has no /resume yet")
    else:
        t.assertEqual(status, 201)
        t.assertEqual(reach(survivor["id"], "ready")["conversation"], survivor["conversation"])
    if not here:
        switch("roomier")
    end_all()

with subtest("a switch that disables lab ends its agents and leaves its state"):
    new_ready("foo")
    switch("off")
    machine.fail("systemctl is-active lab lab-tmux")
    machine.fail("pgrep -f '[s]tand-in'")
    machine.succeed("test -s /var/lib/lab/server.json")

with subtest("as somebody themselves: argv byte for byte, their own tmux stays theirs"):
    odd_root = "/srv/a b/100%$HOME"
    machine.succeed(f"mkdir -p '{odd_root}'; chown -R alice '/srv/a b'")
    make_repository("alice", f"{odd_root}/mine")
    prepare_claude("alice", "/home/alice/.claude", "/home/alice/.claude.json", odd_root)
    switch("alice")
    answers()
    machine.wait_for_unit("lab-tmux.service")
    argv = of(main_pid("lab"), "cmdline").split("\0")
    assert f"--projects-root={odd_root}" in argv, argv
    t.assertEqual(machine.succeed("stat -c '%U %G' '/var/lib/lab of alice/server.json'").split(), ["alice", "lab"])
    mine = new_ready("mine")
    t.assertEqual(machine.succeed(f"readlink /proc/{mine['pid']}/cwd").rstrip("\n"), f"{odd_root}/mine")
    t.assertEqual(machine.succeed(f"stat -c %U /proc/{mine['pid']}").strip(), "alice")
    assert "/home/alice/.claude.json" in machine.succeed("grep -l '100%' /home/alice/.claude.json")
    machine.succeed(as_user("alice", "tmux new-session -d -s own"))
    t.assertEqual(machine.succeed(as_user("alice", "tmux ls -F '#{session_name}'")).split(), ["own"])
    assert "mine" in machine.succeed(as_user("alice", "lab tmux ls"))
    assert "mine" in machine.succeed(as_user("bob", "lab ls"))
    machine.succeed("systemctl restart lab")
    answers()
    t.assertEqual(reach(mine["id"], "ready")["pid"], mine["pid"])
    end_all()
    machine.fail("journalctl -b --no-pager | grep -iE 'left-over process|remains running after'")

with subtest("openFirewall, an outside address and a password let the network in, and nobody without it"):
    machine.succeed("umask 077; echo correct-horse > /etc/lab-password")
    # What a service gets of a secret of root's, where this machine's systemd and kernel have it at all.
    probe = "systemd-run --wait --quiet --unit=probe -p User=bob -p LoadCredential=it:/etc/lab-password cat /run/credentials/probe.service/it"
    if machine.execute(probe)[0] != 0:
        machine.log("NOT SHOWN: a service's credentials cannot be read on this machine (no ACLs on its tmpfs)")
    else:
        switch("open")
        answers()
        code = "curl -sS -m 5 -o /dev/null -w '%{http_code}'"
        at_login = f"{code} -H 'Origin: {BASE}' {BASE}/login --data-urlencode"
        t.assertEqual(machine.succeed(f"{code} {BASE}/api/v1/instances"), "401")
        t.assertEqual(machine.succeed(f"{at_login} password=wrong"), "401")
        t.assertEqual(machine.succeed(f"{at_login} password=correct-horse"), "303")
        machine.succeed("ip address replace 10.99.99.1/32 dev lo; curl -sSf -m 5 http://10.99.99.1:8080/healthz")
        if not here:
            outside.succeed("curl -sSf -m 5 http://machine:8080/healthz")

machine.shutdown()
