# The machines of machines.nix as the module renders them; rendered.json is this, for the boot test
# where neither Nix nor nixpkgs' `lib` is at hand.
let
  lib = import <nixpkgs/lib>;
  machines = import ./machines.nix { inherit lib; };
in
lib.mapAttrs (
  _: change:
  (import ./evaluate.nix { inherit lib; }).machine {
    imports = [
      machines.base
      change
    ];
  }
) (machines // { base = { }; })
