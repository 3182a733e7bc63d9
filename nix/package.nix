# lab: npm's tarballs → build → tests with a real tmux → one bundle and its wrapper.
{
  lib,
  buildNpmPackage,
  callPackage,
  importNpmLock,
  makeBinaryWrapper,
  nodejs,
  tmux,
  git,
}:
let
  inherit (lib.importJSON ../package.json) version description;
in
buildNpmPackage {
  pname = "lab";
  inherit version nodejs;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../package.json
      ../package-lock.json
      ../tsconfig.json
      ../src
      ../public
      ../test
      # The tests compare these with the code and with each other.
      ../README.md
      ../CONTRIBUTING.md
      ../findings
      ../flake.nix
      ../flake.lock
      ../nix
    ];
  };

  npmDeps = importNpmLock {
    npmRoot = ../.;
    packageSourceOverrides = callPackage ./npm-tarballs.nix { lock = ../package-lock.json; };
  };
  inherit (importNpmLock) npmConfigHook;

  nativeBuildInputs = [ makeBinaryWrapper ];

  doCheck = true;
  nativeCheckInputs = [
    tmux
    git
  ];
  # Without its scripts: `pretest` looks after a checkout, and there is no network here.
  checkPhase = ''
    runHook preCheck
    export HOME=$TMPDIR LANG=C.UTF-8
    npm test --ignore-scripts
    runHook postCheck
  '';

  installPhase = ''
    runHook preInstall
    install -Dm644 dist/lab.js $out/lib/lab/lab.js
    makeWrapper ${lib.getExe nodejs} $out/bin/lab \
      --add-flags $out/lib/lab/lab.js \
      --suffix PATH : ${
        lib.makeBinPath [
          tmux
          git
        ]
      }
    runHook postInstall
  '';

  meta = {
    inherit description;
    license = lib.licenses.mit;
    mainProgram = "lab";
    platforms = lib.platforms.linux;
  };
}
