# Boots services.lab, with a stand-in for Claude Code, and has vm.py look at it.
{ pkgs, module }:
let
  inherit (pkgs) lib;
  machines = import ./machines.nix { inherit lib; };
in
pkgs.testers.runNixOSTest {
  name = "lab";

  nodes.machine =
    { config, ... }:
    {
      imports = [
        module
        machines.base
      ];
      services.lab.claudePackage = pkgs.writeShellScriptBin "claude" ''
        [ ! -e .hog ] || exec tail /dev/zero
        exec ${lib.getExe config.services.lab.package} stand-in "$@"
      '';
      # Test machines are built without.
      system.switch.enable = true;
      specialisation = lib.mapAttrs (_: configuration: { inherit configuration; }) (
        removeAttrs machines [ "base" ]
      );
      environment.systemPackages = [
        pkgs.git
        pkgs.tmux
      ];
      virtualisation.memorySize = 2048;
    };

  # Sees the machine as the network does.
  nodes.outside = { };

  testScript = builtins.readFile ./vm.py;
  # `machine` and its like are the driver's; `here` is boot/run's.
  skipTypeCheck = true;
}
