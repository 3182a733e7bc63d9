# Evaluates configurations of services.lab against nixpkgs' `lib` and the stubs: what NixOS would make
# of them, as plain data. Used where nixpkgs itself is out of reach.
#
#   nix-instantiate -I nixpkgs/lib=nix/tests/nixpkgs-lib.nix --eval --strict --json -E '(import nix/tests/evaluate.nix { }).machine { … }'
{
  lib ? import <nixpkgs/lib>,
}:
let
  evaluate =
    configuration:
    lib.evalModules {
      modules = [
        (import ./stubs.nix { inherit lib; })
        ../module.nix
        # As the flake's module does.
        ({ pkgs, ... }: { services.lab.package = lib.mkDefault pkgs.lab; })
        configuration
      ];
    };

  line = name: value: "${name}=${if lib.isBool value then lib.boolToString value else toString value}\n";
  lines = lib.concatMapAttrsStringSep "" (name: value: lib.concatMapStrings (line name) (lib.toList value));

  # The unit file as NixOS writes it, but for the order of its lines.
  unit = service: ''
    [Unit]
    Description=${service.description}
    StartLimitIntervalSec=${toString service.startLimitIntervalSec}
    ${lines (
      {
        After = service.after;
        Wants = service.wants;
      }
      // service.unitConfig
    )}
    [Service]
    ${lines {
      Environment = lib.mapAttrsToList (name: value: builtins.toJSON "${name}=${value}") (
        {
          PATH = "${lib.makeBinPath service.path}:${lib.makeSearchPath "sbin" service.path}";
        }
        // service.environment
      );
      X-RestartIfChanged = service.restartIfChanged;
      X-StopIfChanged = service.stopIfChanged;
    }}${lines service.serviceConfig}
    [Install]
    ${lines { WantedBy = service.wantedBy; }}'';
in
{
  inherit evaluate;

  # What a machine is to look like; refuses, as NixOS does, when an assertion fails.
  machine =
    configuration:
    let
      inherit (evaluate configuration) config;
      failed = map ({ message, ... }: message) (
        lib.filter ({ assertion, ... }: !assertion) config.assertions
      );
      data = {
        units = lib.mapAttrs' (
          name: service: lib.nameValuePair "${name}.service" (unit service)
        ) config.systemd.services;
        folders = lib.concatMapAttrsStringSep "" (
          path: types:
          lib.concatMapAttrsStringSep "" (
            type: { mode, user, group }: "${type} \"${path}\" ${mode} ${user} ${group}\n"
          ) types
        ) (lib.concatMapAttrs (_: lib.id) config.systemd.tmpfiles.settings);
        users = lib.mapAttrs (_: user: removeAttrs user [ "shell" ]) config.users.users;
        groups = lib.mapAttrs (_: group: group.members) config.users.groups;
        ports = config.networking.firewall.allowedTCPPorts;
        packages = map toString config.environment.systemPackages;
        inherit (config.environment) extraInit variables;
        inherit (config) warnings;
      };
    in
    if failed == [ ] then data else throw "Failed assertions:\n- ${lib.concatStringsSep "\n- " failed}";

  # Every option with its description and its default.
  options = lib.mapAttrs (_: option: {
    description = option.description or "";
    # Null for none, and for one that is computed.
    default = if option ? defaultText then null else option.default or null;
  }) (evaluate { }).options.services.lab;
}
