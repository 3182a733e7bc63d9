# The flake's outputs as far as nixpkgs' `lib` alone takes them: what would build something is shown by
# what it was asked to build.
let
  # Debian's Nix 2.8 lacks the builtin that file sets rest on: shown is that what they name exists.
  lib = import <nixpkgs/lib> // {
    fileset = {
      unions = lib.id;
      toSource = { fileset, ... }: lib.all builtins.pathExists fileset;
    };
  };
  flake = import ../../flake.nix;
  stubs = import ../../nix/tests/stubs.nix { inherit lib; };

  packagesFor =
    system:
    let
      pkgs = stubs.config._module.args.pkgs // {
        inherit lib pkgs;
        stdenv.hostPlatform = lib.systems.elaborate system;
        callPackage =
          file: extra:
          let
            function = import file;
          in
          function (lib.intersectAttrs (lib.functionArgs function) pkgs // extra);
        nodejs = stubs.config._module.args.pkgs.tmux // {
          meta.mainProgram = "node";
        };
        cacert = "/etc/ssl";
        makeBinaryWrapper = "makeBinaryWrapper";
        runCommand = name: settings: script: settings // { inherit name script; };
        buildNpmPackage = settings: settings // stubs.config._module.args.pkgs.lab;
        importNpmLock = {
          __functor = _: lib.id;
          npmConfigHook = "npmConfigHook";
        };
        mkShellNoCC = lib.id;
        nixfmt-tree = "nixfmt-tree";
        writeText = _: lib.id;
        testers.runNixOSTest = lib.id;
      };
    in
    pkgs;

  self = flake.outputs {
    inherit self;
    nixpkgs = {
      lib = lib // {
        # A host's own options (boot, file systems) are unknown here and left out.
        nixosSystem =
          { modules }:
          lib.evalModules {
            modules = modules ++ [
              stubs
              {
                options.system.build = lib.mkOption { default.toplevel.drvPath = "/nix/store/fw.drv"; };
                config._module.check = false;
              }
            ];
            specialArgs.pkgs = packagesFor "x86_64-linux";
          };
      };
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] packagesFor;
    };
  };
  perSystem = f: lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] f;
  package = system: self.packages.${system}.lab;
in
{
  inputs = lib.attrNames flake.inputs;
  outputs = lib.attrNames self;
  checks = perSystem (system: lib.attrNames self.checks.${system});
  package = perSystem (system: {
    inherit (package system) pname version;
    inherit (package system) doCheck;
    isDefault = package system == self.packages.${system}.default;
    hasSource = (package system).src;
    tarballs = lib.mapAttrs (_: tarball: tarball.outputHash) (package system).npmDeps.packageSourceOverrides;
  });
  overlay = (self.overlays.default (packagesFor "x86_64-linux") { }).lab.pname;
  vm = perSystem (system: self.checks.${system}.vm.name);
  fw = {
    check = self.checks.x86_64-linux.fw;
    refused = map ({ message, ... }: message) (
      lib.filter ({ assertion, ... }: !assertion) self.nixosConfigurations.fw.config.assertions
    );
    user = self.nixosConfigurations.fw.config.systemd.services.lab.serviceConfig.User;
  };
}
