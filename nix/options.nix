# The options of services.lab; module.nix turns them into units. Paths are strings outside the store.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    literalExpression
    mkEnableOption
    mkOption
    mkPackageOption
    types
    ;
  cfg = config.services.lab;
  account = config.users.users.${cfg.user} or { home = "/var/empty"; };

  # The module system prints this description when the type does not fit, and nothing else.
  secretFile = types.nullOr (
    types.externalPath
    // {
      description = ''absolute path outside the Nix store, which every account can read (write it as a string, such as "/run/secrets/lab")'';
    }
  );
in
{
  options.services.lab = {
    enable = mkEnableOption "lab, which runs several Claude Code instances per git project";

    # No default from pkgs: nixpkgs has had another program of this name.
    package = mkPackageOption pkgs "lab" {
      default = null;
      extraDescription = "The flake's module sets it.";
    };

    host = mkOption {
      type = types.str;
      default = "127.0.0.1";
      description = ''
        Address to listen on. A client that reaches lab's port can run programs as {option}`services.lab.user`,
        so any address but loopback needs {option}`services.lab.passwordFile`,
        {option}`services.lab.tokenFile` or {option}`services.lab.trustedProxies`.
      '';
    };

    port = mkOption {
      type = types.port;
      default = 8080;
      description = "Port to listen on.";
    };

    allowedHosts = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "lab.example.net" ];
      description = "Further host names of the page, such as a reverse proxy's.";
    };

    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to open {option}`services.lab.port` in the firewall.";
    };

    user = mkOption {
      type = types.str;
      default = "lab";
      example = "you";
      description = ''
        Account that lab and its agents run as. Your own gives agents your ssh keys, your git and your
        Claude login; left at `lab`, an account of that name is created. A change takes effect when
        `lab-tmux` is restarted, which ends the agents.
      '';
    };

    group = mkOption {
      type = types.str;
      default = "lab";
      description = ''
        Group that may read lab's state directory and, with {option}`services.lab.operators`, reach
        its tmux server. Created when left at `lab`.
      '';
    };

    operators = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "alice" ];
      description = ''
        Accounts that may use `lab` and attach to its agents, and with that run programs as
        {option}`services.lab.user`. They join {option}`services.lab.group`. An operator that you
        add while agents run gets into tmux by `lab tmux server-access -a NAME`, or when `lab-tmux` starts next.
      '';
    };

    projectsRoot = mkOption {
      type = types.externalPath;
      default = if cfg.user == "lab" then "${cfg.stateDir}/projects" else "${account.home}/projects";
      defaultText = literalExpression ''"''${stateDir}/projects" for the account lab, else "~/projects" of the user'';
      description = "Folder whose git repositories become projects. Created where it lies in the state directory.";
    };

    stateDir = mkOption {
      type = types.externalPath;
      default = "/var/lib/lab";
      description = ''
        Where lab keeps what must survive a restart. The module creates it. When you change
        {option}`services.lab.user` later, give it to the new account (`chown -R`), or name another.
      '';
    };

    claudeConfigDir = mkOption {
      type = types.nullOr types.externalPath;
      default = if cfg.user == "lab" then "${cfg.stateDir}/claude" else null;
      defaultText = literalExpression ''"''${stateDir}/claude" for the account lab, else null'';
      description = ''
        Claude Code's `CLAUDE_CONFIG_DIR`; null leaves it at `~/.claude` and `~/.claude.json`.
        lab marks folders as trusted there, by renaming a new file into place.
      '';
    };

    tmuxSocket = mkOption {
      type = types.externalPath;
      default = "/run/lab-tmux/tmux.sock";
      description = ''
        Socket of the tmux server that holds the agents. Left at its default, that is
        `lab-tmux.service`; any other path is a server of your own, and that unit is not made.
      '';
    };

    maxInstances = mkOption {
      type = types.ints.positive;
      default = 6;
      description = "The most instances at once, all projects together.";
    };

    sessionNofile = mkOption {
      type = types.ints.unsigned;
      default = 16384;
      description = "Open files that each agent may have; 0 leaves the limit alone.";
    };

    historyLimit = mkOption {
      type = types.ints.unsigned;
      default = 2000;
      description = "Lines of terminal history kept per instance; 2000 cost about 2 MB.";
    };

    notifyUrl = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "https://ntfy.sh/TOPIC";
      description = ''
        Address that lab POSTs to when an agent needs you or has died: an ntfy topic, or `json+` and a
        webhook that takes JSON. The Nix store holds it, and every account can read it.
      '';
    };

    logLevel = mkOption {
      type = types.enum [
        "debug"
        "info"
        "warn"
        "error"
      ];
      default = "info";
      description = "How much is logged.";
    };

    settings = mkOption {
      # Any JSON: lab knows the keys, and refuses others when it starts.
      type = (pkgs.formats.json { }).type;
      default = { };
      example = {
        models = [
          "opus"
          "sonnet"
        ];
        projects.web-shop.quickWords = [ "run the tests" ];
      };
      description = ''
        Content of lab's configuration file, which src/config/README.md describes. The Nix store holds
        it, and every account can read it. A change restarts lab, and no agent.
      '';
    };

    claudePackage = mkPackageOption pkgs "claude-code" {
      nullable = true;
      extraDescription = "It is unfree. With null, lab looks for `claude` on the agents' PATH.";
    };

    extraPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = literalExpression "[ pkgs.gnumake pkgs.nodejs ]";
      description = "Packages on the PATH of lab and its agents.";
    };

    passEnv = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "GH_TOKEN" ];
      description = ''
        Variables of `lab.service` that agents get besides those that they always get. For a secret,
        name a file in `systemd.services.lab.serviceConfig.EnvironmentFile` and the variable here.
      '';
    };

    environment = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = {
        DOCKER_HOST = "unix:///run/user/1000/docker.sock";
      };
      description = ''
        Variables for lab and its agents. The Nix store holds them, and every account can read it: for
        secrets use {option}`services.lab.passEnv`. Each agent has them from its next start on.
      '';
    };

    passwordFile = mkOption {
      type = secretFile;
      default = null;
      example = "/run/secrets/lab-password";
      description = "File with the password of lab's own login page. Root reads it, so no other account needs access.";
    };

    tokenFile = mkOption {
      type = secretFile;
      default = null;
      example = "/run/secrets/lab-tokens";
      description = "File with the API's tokens, one `NAME: TOKEN` or `TOKEN` a line. Root reads it.";
    };

    trustedProxies = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "127.0.0.1/32" ];
      description = ''
        Networks of reverse proxies that authenticate users and name them in
        {option}`services.lab.proxyUserHeader`. They must remove that header from incoming requests.
      '';
    };

    proxyUserHeader = mkOption {
      type = types.str;
      default = "Remote-User";
      description = "Header in which a trusted proxy names the user, or none.";
    };

    extraFlags = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Further flags of `lab serve`, after all others.";
    };
  };
}
