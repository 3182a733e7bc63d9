# What services.lab sets and asks of NixOS, where only nixpkgs' `lib` is at hand: the options declared
# as strictly as NixOS does, packages by the path that they have on the machine of the boot test.
{ lib }:
let
  inherit (lib) mkOption types;
  option = type: default: mkOption { inherit type default; };

  package = name: outPath: {
    type = "derivation";
    inherit name outPath;
    meta.mainProgram = name;
  };
  bash = package "bash" "/usr" // {
    shellPath = "/bin/bash";
  };

  value = types.oneOf [
    types.bool
    types.int
    types.str
  ];
  settings = types.attrsOf (types.either value (types.listOf value));
  service = types.submodule {
    options = {
      description = option types.str "";
      wantedBy = option (types.listOf types.str) [ ];
      wants = option (types.listOf types.str) [ ];
      after = option (types.listOf types.str) [ ];
      path = option (types.listOf (types.either types.package types.str)) [ ];
      environment = option (types.attrsOf types.str) { };
      unitConfig = option settings { };
      serviceConfig = option settings { };
      restartIfChanged = option types.bool true;
      stopIfChanged = option types.bool true;
      startLimitIntervalSec = mkOption { type = types.int; };
    };
  };
  user = types.submodule (
    { name, config, ... }:
    {
      options = {
        isNormalUser = option types.bool false;
        isSystemUser = option types.bool false;
        uid = option (types.nullOr types.int) null;
        group = option types.str "";
        home = option types.str "/var/empty";
        useDefaultShell = option types.bool false;
        shell = option (types.nullOr (types.either types.shellPackage types.str)) "/usr/sbin/nologin";
      };
      config = {
        home = lib.mkIf config.isNormalUser (lib.mkDefault "/home/${name}");
        group = lib.mkIf config.isNormalUser (lib.mkDefault "users");
        shell = lib.mkIf (config.useDefaultShell || config.isNormalUser) (lib.mkDefault bash);
      };
    }
  );
  folder = types.submodule {
    options = lib.genAttrs [ "user" "group" "mode" ] (_: mkOption { type = types.str; });
  };
  group = types.submodule {
    options.members = option (types.listOf types.str) [ ];
  };
in
{
  options = {
    assertions = option (types.listOf types.unspecified) [ ];
    warnings = option (types.listOf types.str) [ ];
    environment = {
      systemPackages = option (types.listOf types.package) [ ];
      variables = option (types.attrsOf types.str) { };
      extraInit = option types.lines "";
    };
    networking.firewall.allowedTCPPorts = option (types.listOf types.port) [ ];
    nix.package = option types.package (package "nix" "/usr");
    systemd = {
      services = option (types.attrsOf service) { };
      tmpfiles.settings = option (types.attrsOf (types.attrsOf (types.attrsOf folder))) { };
    };
    users = {
      users = option (types.attrsOf user) { };
      groups = option (types.attrsOf group) { };
    };
  };

  config._module.args = {
    pkgs = {
      lab = package "lab" "/opt/lab";
      claude-code = package "claude" "/opt/claude";
      tmux = package "tmux" "/usr";
      git = package "git" "/usr";
      openssh = package "openssh" "/usr";
      bashInteractive = bash;
      formats.json = _: {
        type = types.attrsOf types.unspecified;
        # The path tells the content, as in the store.
        generate =
          name: content: "/nix/store/${builtins.hashString "sha256" (builtins.toJSON content)}-${name}";
      };
    };
    utils = {
      # A quoted string of systemd's is nearly one of JSON's; `%` and `$` would be expanded.
      escapeSystemdExecArgs = lib.concatMapStringsSep " " (
        argument: lib.replaceStrings [ "%" "$" ] [ "%%" "$$" ] (builtins.toJSON "${argument}")
      );
      toShellPath = shell: if shell ? shellPath then "${shell}${shell.shellPath}" else shell;
    };
  };
}
