# Fetches the tarballs that a package-lock.json names, as { LOCK-PATH = DERIVATION; }.
#
# The lock file keeps no addresses, only `integrity`; that is all a fixed-output derivation needs, so
# nothing here has to change when the lock file does. npm itself knows where the registry is.
{
  lib,
  runCommand,
  nodejs,
  cacert,
  stdenv,
  lock,
}:
let
  inherit (stdenv.hostPlatform) node isMusl;

  # `os`, `cpu` and `libc` list what a package runs on, or, with a !, what it does not run on.
  suits =
    value: listed:
    let
      refused = lib.filter (lib.hasPrefix "!") listed;
    in
    !(lib.elem "!${value}" refused)
    && (lib.length refused == lib.length listed || lib.elem value listed || lib.elem "any" listed);
  isWanted =
    entry:
    suits node.platform (entry.os or [ ])
    && suits node.arch (entry.cpu or [ ])
    && suits (if isMusl then "musl" else "glibc") (entry.libc or [ ]);

  tarball =
    path: entry:
    let
      name = entry.name or (lib.last (lib.splitString "node_modules/" path));
    in
    # npm tells a tarball from a folder by the ending.
    runCommand "${lib.strings.sanitizeDerivationName (lib.removePrefix "@" name)}-${entry.version}.tgz"
      {
        outputHashMode = "flat";
        outputHash = entry.integrity;
        nativeBuildInputs = [ nodejs ];
        # Whoever builds may have a mirror and a certificate of their own; the hash is what counts.
        impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [
          "NODE_EXTRA_CA_CERTS"
          "npm_config_registry"
        ];
        package = "${name}@${entry.version}";
      }
      ''
        export HOME=$TMPDIR
        export NODE_EXTRA_CA_CERTS=''${NODE_EXTRA_CA_CERTS:-${cacert}/etc/ssl/certs/ca-bundle.crt}
        cd "$TMPDIR"
        npm pack --silent "$package"
        mv ./*.tgz "$out"
      '';
in
lib.mapAttrs tarball (
  lib.filterAttrs (path: entry: path != "" && isWanted entry) (lib.importJSON lock).packages
)
