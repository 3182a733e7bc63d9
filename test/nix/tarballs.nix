# The tarballs of nix/npm-tarballs.nix as derivations that build where nixpkgs is out of reach: with
# this machine's npm in place of its own. Only `runCommand` and what it runs are stand-ins.
{
  # Where this machine's npm and its tools are.
  path,
  lock ? ../../package-lock.json,
}:
let
  lib = import <nixpkgs/lib>;
in
import ../../nix/npm-tarballs.nix {
  inherit lib lock;
  nodejs = null;
  cacert = "/etc/ssl";
  stdenv.hostPlatform = lib.systems.elaborate builtins.currentSystem;
  runCommand =
    name: settings: script:
    derivation (
      removeAttrs settings [ "nativeBuildInputs" ]
      // {
        inherit name;
        system = builtins.currentSystem;
        builder = "/bin/sh";
        args = [
          "-euc"
          script
        ];
        PATH = path;
      }
    );
}
