# Stands in for nixpkgs' `lib` where nixpkgs is missing: the functions that nix/ and its tests call, and
# a module system that merges and refuses as theirs does. `import <nixpkgs/lib>` finds it by
# `nix-instantiate -I nixpkgs/lib=nix/tests/nixpkgs-lib.nix`.
let
  inherit (builtins)
    attrNames
    attrValues
    concatLists
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    isList
    isString
    length
    listToAttrs
    mapAttrs
    replaceStrings
    stringLength
    substring
    ;
  types = import ./nixpkgs-types.nix { inherit lib; };
  modules = import ./nixpkgs-modules.nix { inherit lib; };

  lib = builtins // modules // {
    inherit types;

    id = value: value;
    max = a: b: if a > b then a else b;
    boolToString = value: if value then "true" else "false";
    importJSON = file: builtins.fromJSON (builtins.readFile file);

    toList = value: if isList value then value else [ value ];
    last = list: elemAt list (length list - 1);
    optional = condition: value: if condition then [ value ] else [ ];
    optionals = condition: list: if condition then list else [ ];
    optionalAttrs = condition: attrs: if condition then attrs else { };
    optionalString = condition: text: if condition then text else "";
    intersectLists = wanted: filter (value: elem value wanted);
    subtractLists = unwanted: filter (value: !elem value unwanted);

    lowerChars = map (at: substring at 1 "abcdefghijklmnopqrstuvwxyz") (builtins.genList lib.id 26);
    upperChars = map (at: substring at 1 "ABCDEFGHIJKLMNOPQRSTUVWXYZ") (builtins.genList lib.id 26);
    nameValuePair = name: value: { inherit name value; };
    genAttrs = names: f: listToAttrs (map (name: lib.nameValuePair name (f name)) names);
    mapAttrs' = f: attrs: listToAttrs (attrValues (mapAttrs f attrs));
    mapAttrsToList = f: attrs: attrValues (mapAttrs f attrs);
    filterAttrs = keep: attrs: removeAttrs attrs (filter (name: !keep name attrs.${name}) (attrNames attrs));
    concatMapAttrs = f: attrs: foldl' (a: b: a // b) { } (attrValues (mapAttrs f attrs));
    concatMapAttrsStringSep = separator: f: attrs: concatStringsSep separator (attrValues (mapAttrs f attrs));

    concatMapStrings = lib.concatMapStringsSep "";
    concatMapStringsSep = separator: f: list: concatStringsSep separator (map f list);
    hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
    hasSuffix =
      suffix: text:
      stringLength text >= stringLength suffix
      && substring (stringLength text - stringLength suffix) (-1) text == suffix;
    hasInfix = infix: text: replaceStrings [ infix ] [ "" ] text != text;
    removePrefix = prefix: text: if lib.hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
    escapeRegex =
      let
        special = [ "\\" "[" "{" "(" ")" "^" "$" "?" "*" "+" "|" "." ];
      in
      replaceStrings special (map (character: "\\${character}") special);
    splitString = separator: text: filter isString (builtins.split (lib.escapeRegex separator) text);
    strings.sanitizeDerivationName =
      name: concatStringsSep "-" (filter isString (builtins.split "[^A-Za-z0-9+._?=-]+" name));

    isDerivation = value: value.type or null == "derivation";
    makeSearchPath = folder: lib.concatMapStringsSep ":" (package: "${package}/${folder}");
    makeBinPath = lib.makeSearchPath "bin";
    getExe = package: "${package}/bin/${package.meta.mainProgram}";

    # One letter would be a short flag; lab has none.
    cli.toCommandLineGNU =
      _: flags:
      let
        one =
          name: value:
          if value == null || value == false then
            [ ]
          else if value == true then
            [ "--${name}" ]
          else
            [ "--${name}=${toString value}" ];
      in
      concatLists (lib.mapAttrsToList (name: value: concatMap (one name) (lib.toList value)) flags);

    # The tests that fail, as nixpkgs names them.
    runTests =
      tests:
      concatMap (
        name:
        let
          inherit (tests.${name}) expr expected;
        in
        lib.optional (expr != expected) {
          inherit name expected;
          result = expr;
        }
      ) (filter (lib.hasPrefix "test") (attrNames tests));

    literalExpression = text: {
      _type = "literalExpression";
      inherit text;
    };

    licenses.mit.spdxId = "MIT";
    platforms.linux = [ "x86_64-linux" "aarch64-linux" ];
    fetchers.proxyImpureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" ];
    # As much of a platform as decides which packages of npm's run on it.
    systems.elaborate = system: {
      inherit system;
      isMusl = false;
      node = {
        platform = "linux";
        arch = if lib.hasPrefix "aarch64" system then "arm64" else "x64";
      };
    };
  };
in
lib
