# Puts lab on the plain Debian machine of boot/run, as services.lab has it: the units of the evaluated
# module, this tree's bundle, the stand-in for claude. Executed by vm.py, never under NixOS; `machine`,
# `log` and `here` (this folder) are boot/run's.
import json
import os
import shlex
import shutil
import subprocess

root = here.resolve().parent.parent
PROFILE = "/etc/profile.d/lab.sh"
current: dict = {}
machines: dict = {}


def evaluate():
    """What services.lab makes of each machine in machines.nix, as data: now, or as last rendered."""
    found = shutil.which("nix-instantiate") and subprocess.run(
        ["nix-instantiate", "--find-file", "nixpkgs/lib"], capture_output=True
    ).returncode == 0
    if found:
        command = ["nix-instantiate", "--eval", "--strict", "--json", str(here / "rendered.nix")]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    else:
        log("nixpkgs' lib is not at hand: taking the units from nix/tests/rendered.json")
        out = (here / "rendered.json").read_text()
    return json.loads(out)


def put(path, text, mode="0644"):
    machine.succeed(f"mkdir -p $(dirname {path}); cat > {path} <<'END-OF-FILE'\n{text}\nEND-OF-FILE\nchmod {mode} {path}")


def apply(name):
    """Does what switch-to-configuration does with lab's units, going by the marks that NixOS gives them."""
    wanted = machines[name]
    before = current.get("units", {})
    for user, account in wanted["users"].items():
        machine.succeed(
            f"id {user} 2>/dev/null || useradd {'--system --user-group' if account['isSystemUser'] else '--create-home'}"
            f" --home-dir {account['home']} --shell /bin/bash {user}"
        )
    for group, members in wanted["groups"].items():
        machine.succeed(f"getent group {group} || groupadd --system {group}; gpasswd -M '{','.join(members)}' {group}")
    put(PROFILE, wanted["extraInit"] + "".join(f"export {n}={shlex.quote(v)}\n" for n, v in wanted["variables"].items()))
    put("/etc/tmpfiles.d/lab.conf", wanted["folders"])
    machine.succeed("systemd-tmpfiles --create /etc/tmpfiles.d/lab.conf")
    for unit in before.keys() - wanted["units"].keys():
        machine.succeed(f"systemctl disable --now {unit}; rm /etc/systemd/system/{unit}")
    for unit, text in wanted["units"].items():
        put(f"/etc/systemd/system/{unit}", text)
    machine.succeed("systemctl daemon-reload")
    for unit, text in wanted["units"].items():
        if unit not in before:
            machine.succeed(f"systemctl enable {unit}; systemctl start {unit}")
        elif text != before[unit] and "X-RestartIfChanged=true" in text:
            machine.succeed(f"systemctl restart {unit}")
    current.update(wanted)


def install():
    machines.update(evaluate())
    bundle = root / "dist" / "lab.js"
    if not bundle.exists() or "LAB_VM_BUILD" in os.environ:
        subprocess.run(["npm", "run", "--silent", "build"], cwd=root, check=True)
    machine.copy_from_host(bundle, "/opt/lab/lab.js")
    put("/opt/lab/bin/lab", '#!/bin/sh\nexec /usr/bin/node /opt/lab/lab.js "$@"', "0755")
    put("/opt/claude/bin/claude", '#!/bin/sh\n[ ! -e .hog ] || exec tail /dev/zero\nexec /opt/lab/bin/lab stand-in "$@"', "0755")
    machine.succeed("ln -sf /opt/lab/bin/lab /usr/local/bin/lab")
    apply("base")
