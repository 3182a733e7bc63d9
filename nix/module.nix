# services.lab: lab in one hardened unit, its agents with their tmux server in another, so that a restart
# or a crash of lab ends no agent.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:
let
  inherit (lib)
    getExe
    hasPrefix
    mkIf
    optional
    ;
  cfg = config.services.lab;
  isOwnAccount = cfg.user == "lab";
  account = config.users.users.${cfg.user} or { home = "/var/empty"; };
  hasTmuxUnit = cfg.tmuxSocket == "/run/lab-tmux/tmux.sock";
  isLoopback =
    cfg.host == "localhost" || cfg.host == "::1" || cfg.host == "[::1]" || hasPrefix "127." cfg.host;

  # `%d` and $CREDENTIALS_DIRECTORY would be escaped like everything else on the command line.
  credential = name: file: if file == null then null else "/run/credentials/lab.service/${name}";

  # An option gives the flag of its name (maxInstances gives --max-instances), but for these.
  withoutFlag = [
    "enable"
    "package"
    "openFirewall"
    "user"
    "group"
    "operators"
    "extraPackages"
    "extraFlags"
  ];
  withOtherFlag = [
    "claudePackage"
    "settings"
    "environment"
    "allowedHosts"
    "trustedProxies"
  ];
  flagOf = lib.replaceStrings lib.upperChars (map (letter: "-${letter}") lib.lowerChars);
  byName = lib.mapAttrs' (option: lib.nameValuePair (flagOf option)) (
    removeAttrs cfg (withoutFlag ++ withOtherFlag)
  );
  flags = byName // {
    config =
      if cfg.settings == { } then null else (pkgs.formats.json { }).generate "lab.json" cfg.settings;
    claude = if cfg.claudePackage == null then null else getExe cfg.claudePackage;
    pass-env = cfg.passEnv ++ lib.attrNames cfg.environment;
    allowed-host = cfg.allowedHosts;
    password-file = credential "password" cfg.passwordFile;
    token-file = credential "tokens" cfg.tokenFile;
    trusted-proxy = cfg.trustedProxies;
    proxy-user-header = if cfg.trustedProxies == [ ] then null else cfg.proxyUserHeader;
  };

  # Not systemd's StateDirectory: it would give everything in it to the service's primary group.
  inState = path: path != null && hasPrefix "${cfg.stateDir}/" path;
  made = mode: {
    d = {
      inherit mode;
      inherit (cfg) user group;
    };
  };

  # A system account's shell refuses to run anything, and agents run their commands in $SHELL.
  shell =
    let
      theirs = if account.shell or null == null then "/nologin" else utils.toShellPath account.shell;
    in
    if lib.hasSuffix "/nologin" theirs then "${pkgs.bashInteractive}/bin/bash" else theirs;

  # Both units alike: lab passes these on to every agent that it starts.
  path = [
    pkgs.tmux
    pkgs.git
    pkgs.openssh
    pkgs.bashInteractive
    config.nix.package
  ]
  ++ optional (cfg.claudePackage != null) cfg.claudePackage
  ++ cfg.extraPackages
  ++ [
    # Agents find the user's programs after the packages above.
    "/run/wrappers"
    "${account.home}/.nix-profile"
    "/etc/profiles/per-user/${cfg.user}"
    "/run/current-system/sw"
  ];
  environment = {
    SHELL = shell;
    LANG = "C.UTF-8";
  };
  # A path in a list of systemd's, which splits at blanks and expands `%`.
  listed = path: ''"${lib.replaceStrings [ "%" ] [ "%%" ] path}"'';
  # Mounts first: systemd would otherwise start lab on the empty folders below them.
  unitConfig.RequiresMountsFor = map listed (
    [
      cfg.stateDir
      cfg.projectsRoot
      account.home
    ]
    ++ optional (cfg.claudeConfigDir != null) cfg.claudeConfigDir
  );

  # Waits until tmux answers, lets the operators in, and puts the socket where plain `tmux` looks.
  openTmux = ''
    socket=$1 group=$2 link=$3; shift 3
    tries=0
    until tmux -N -S "$socket" show-options -s exit-empty >/dev/null 2>&1; do
      [ $((tries += 1)) -lt 200 ]
      sleep 0.05
    done
    if [ "$link" ]; then
      mkdir -pm 0700 "''${socket%/*}/tmux-$UID"
      ln -sfn ../tmux.sock "''${socket%/*}/tmux-$UID/default"
    fi
    [ $# = 0 ] || chgrp "$group" "''${socket%/*}" "$socket"
    [ $# = 0 ] || chmod g+rw "$socket"
    for name; do tmux -N -S "$socket" server-access -a "$name" || true; done
  '';
in
{
  imports = [ ./options.nix ];

  config = mkIf cfg.enable {
    assertions = [
      {
        assertion = lib.all (name: builtins.match "[A-Za-z_][A-Za-z0-9_]*" name != null) flags.pass-env;
        message = "services.lab.passEnv and services.lab.environment name variables: letters, digits and _ only, such as GH_TOKEN.";
      }
      {
        assertion = !(cfg.environment ? PATH);
        message = "services.lab.environment.PATH would hide the programs of lab's agents: add packages to services.lab.extraPackages.";
      }
      {
        assertion = cfg.user != "root" && account.uid or null != 0;
        message = ''services.lab.user is root, and agents would run as root: name an ordinary account, such as services.lab.user = "you".'';
      }
      {
        assertion = config.users.users ? ${cfg.user} && account.home != "/var/empty";
        message = ''services.lab.user: the account "${cfg.user}" has no home directory, and Claude Code needs one: declare users.users.${cfg.user} with a home, or leave services.lab.user at "lab".'';
      }
      {
        assertion =
          isLoopback || cfg.passwordFile != null || cfg.tokenFile != null || cfg.trustedProxies != [ ];
        message = ''services.lab.host is "${cfg.host}", and anyone who reaches lab's port can run programs: set services.lab.passwordFile, services.lab.tokenFile or services.lab.trustedProxies, or leave services.lab.host at "127.0.0.1".'';
      }
    ];
    warnings = optional (
      cfg.openFirewall && isLoopback
    ) "services.lab.openFirewall opens a port on which lab does not listen: services.lab.host is ${cfg.host}.";

    environment.systemPackages = [ cfg.package ];
    # The commands look in /var/lib/lab without this variable.
    environment.variables = mkIf (cfg.stateDir != "/var/lib/lab") { LAB_STATE_DIR = cfg.stateDir; };
    # Only for lab's own account; with an account of your own, plain tmux stays yours.
    environment.extraInit = mkIf (isOwnAccount && hasTmuxUnit) ''
      if [ "''${USER-}" = lab ]; then export TMUX_TMPDIR=/run/lab-tmux; fi
    '';
    networking.firewall.allowedTCPPorts = mkIf cfg.openFirewall [ cfg.port ];

    users.users = mkIf isOwnAccount {
      lab = {
        isSystemUser = true;
        group = cfg.group;
        home = cfg.stateDir;
        # `sudo -iu lab` is how one logs Claude in, or clones a project.
        useDefaultShell = true;
      };
    };
    users.groups = {
      ${cfg.group} = mkIf (cfg.group == "lab" || cfg.operators != [ ]) { members = cfg.operators; };
    };

    # Set-gid, so that what lab puts there for the operators is their group's.
    systemd.tmpfiles.settings.lab = {
      ${cfg.stateDir} = made "2750";
    }
    // lib.genAttrs (lib.filter inState [
      cfg.projectsRoot
      cfg.claudeConfigDir
    ]) (_: made "0750");

    # Both units keep the user's own primary group: reading another process's /proc takes the same
    # group as well as the same user.
    systemd.services.lab-tmux = mkIf hasTmuxUnit {
      description = "tmux server of lab's agents";
      wantedBy = [ "multi-user.target" ];
      inherit path environment unitConfig;
      # A restart ends every agent, so only the operator chooses it, never a switch.
      restartIfChanged = false;
      stopIfChanged = false;
      startLimitIntervalSec = 0;
      serviceConfig = {
        ExecStart = utils.escapeSystemdExecArgs [
          (getExe pkgs.tmux)
          "-D"
          "-f"
          "/dev/null"
          "-S"
          cfg.tmuxSocket
        ];
        ExecStartPost = utils.escapeSystemdExecArgs (
          [
            (getExe pkgs.bashInteractive)
            "-euc"
            openTmux
            "lab-tmux"
            cfg.tmuxSocket
            cfg.group
            (lib.optionalString isOwnAccount "link")
          ]
          ++ lib.subtractLists [ cfg.user "root" ] cfg.operators
        );
        User = cfg.user;
        # To hand the socket to the operators.
        SupplementaryGroups = [ cfg.group ];
        RuntimeDirectory = "lab-tmux";
        RuntimeDirectoryMode = "0750";
        Restart = "always";
        RestartSec = 1;
        # One agent that runs out of memory or files ends alone.
        OOMPolicy = "continue";
        TasksMax = "infinity";
        LimitNOFILE = "${toString (lib.max 16384 cfg.sessionNofile)}:${toString (lib.max 524288 cfg.sessionNofile)}";
        TimeoutStopSec = 15;
      };
    };

    systemd.services.lab = {
      description = "lab, Claude Code instances by project";
      wantedBy = [ "multi-user.target" ];
      # Not `requires`: lab outlives its tmux server and tells what became of the agents.
      wants = optional hasTmuxUnit "lab-tmux.service";
      after = [ "network.target" ] ++ optional hasTmuxUnit "lab-tmux.service";
      inherit path unitConfig;
      # systemd expands `%` in a value.
      environment =
        environment // lib.mapAttrs (_: lib.replaceStrings [ "%" ] [ "%%" ]) cfg.environment;
      # What is wrong at boot (an address, a mount) may be right a minute later.
      startLimitIntervalSec = 0;
      serviceConfig = {
        Type = "exec";
        ExecStart = utils.escapeSystemdExecArgs (
          [
            (getExe cfg.package)
            "serve"
          ]
          ++ lib.cli.toCommandLineGNU { } flags
          ++ cfg.extraFlags
        );
        User = cfg.user;
        Restart = "always";
        RestartSec = 1;
        RestartSteps = 6;
        RestartMaxDelaySec = 30;
        LoadCredential =
          optional (cfg.passwordFile != null) "password:${cfg.passwordFile}"
          ++ optional (cfg.tokenFile != null) "tokens:${cfg.tokenFile}";

        # Hardening. Left out: MemoryDenyWriteExecute breaks Node; PrivateUsers and ProcSubset hide
        # the agents' /proc, which lab reads.
        AmbientCapabilities = "";
        CapabilityBoundingSet = "";
        KeyringMode = "private";
        LockPersonality = true;
        NoNewPrivileges = true;
        PrivateDevices = true;
        PrivateTmp = true;
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHome = "read-only";
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        ProtectProc = "invisible";
        ProtectSystem = "strict";
        # Folders, since lab writes by renaming. A missing one is lab's to report, in its own words.
        ReadWritePaths = map (path: listed "-${path}") [
          cfg.stateDir
          (if cfg.claudeConfigDir == null then account.home else cfg.claudeConfigDir)
        ];
        RemoveIPC = true;
        RestrictAddressFamilies = [
          "AF_UNIX"
          "AF_INET"
          "AF_INET6"
          "AF_NETLINK"
        ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        SystemCallArchitectures = "native";
        SystemCallFilter = [
          "@system-service"
          "@pkey"
        ];
        UMask = "0077";
      };
    };
  };
}
