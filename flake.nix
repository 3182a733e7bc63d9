# Outputs only: what they are made of lies in nix/.
{
  description = "Runs several Claude Code instances per git project on one machine and puts them on your phone.";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      forEachSystem =
        f: lib.genAttrs [
          "x86_64-linux"
          "aarch64-linux"
        ] (system: f nixpkgs.legacyPackages.${system});
    in
    {
      packages = forEachSystem (pkgs: rec {
        lab = pkgs.callPackage ./nix/package.nix { };
        default = lab;
      });

      overlays.default = final: _: { lab = final.callPackage ./nix/package.nix { }; };

      nixosModules = rec {
        lab =
          { pkgs, ... }:
          {
            imports = [ ./nix/module.nix ];
            services.lab.package = lib.mkDefault self.packages.${pkgs.stdenv.hostPlatform.system}.lab;
          };
        default = lab;
      };

      nixosConfigurations.fw = lib.nixosSystem {
        modules = [
          self.nixosModules.lab
          ./nix/hosts/fw.nix
        ];
      };

      checks = forEachSystem (pkgs: {
        package = pkgs.callPackage ./nix/package.nix { };
        module = import ./nix/tests/module.nix { inherit lib pkgs; };
        vm = import ./nix/tests/vm.nix {
          inherit pkgs;
          module = self.nixosModules.lab;
        };
        # The whole host is evaluated; without its context the path asks for nothing to be built.
        fw = pkgs.writeText "fw-evaluates" (
          builtins.unsafeDiscardStringContext self.nixosConfigurations.fw.config.system.build.toplevel.drvPath
        );
      });

      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShellNoCC {
          packages = [
            pkgs.nodejs
            pkgs.tmux
            pkgs.git
          ];
        };
      });

      formatter = forEachSystem (pkgs: pkgs.nixfmt-tree);
    };
}
