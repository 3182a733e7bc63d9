# The types of the stand-in for nixpkgs' `lib`: what they take, how they say it, how they merge.
{ lib }:
let
  inherit (builtins)
    all
    concatMap
    concatStringsSep
    elem
    foldl'
    head
    isAttrs
    isBool
    isFunction
    isInt
    isList
    isPath
    isString
    length
    map
    mapAttrs
    tail
    toJSON
    ;

  # Several definitions of one thing have to agree.
  equal =
    path: values:
    if all (value: value == head values) (tail values) then
      head values
    else
      throw "The option `${concatStringsSep "." path}' has conflicting definition values.";
  one =
    path: values:
    if length values == 1 then
      head values
    else
      throw "The option `${concatStringsSep "." path}' is defined multiple times while it's expected to be unique.";
  type = description: check: merge: { inherit description check merge; };
  integer = description: isWithin: type description (value: isInt value && isWithin value) equal;
  range = low: high: value: value >= low && value <= high;

  # Sets of one type: a name whose definitions are all conditional and false is not there at all.
  sets =
    isLazy: element:
    type "attribute set of ${element.description}" isAttrs (
      path: values:
      let
        names = foldl' (a: b: a // b) { } values;
        defined = mapAttrs (
          name: _: lib.strongest (concatMap (set: if set ? ${name} then [ set.${name} ] else [ ]) values)
        ) names;
        kept = if isLazy then defined else lib.filterAttrs (_: held: held != [ ]) defined;
      in
      mapAttrs (name: lib.mergeType (path ++ [ name ]) element) kept
    );
in
rec {
  raw = type "raw value" (_: true) one;
  unspecified = type "unspecified value" (_: true) (
    path: values:
    if length values > 1 && all isList values then
      concatMap lib.id values
    else if length values > 1 && all isAttrs values then
      foldl' (a: b: a // b) { } values
    else
      equal path values
  );
  bool = type "boolean" isBool equal;
  int = type "signed integer" isInt equal;
  str = type "string" isString equal;
  lines = type "strings concatenated with \"\\n\"" isString (_: concatStringsSep "\n");
  port = integer "16 bit unsigned integer; between 0 and 65535 (both inclusive)" (range 0 65535);
  ints = {
    positive = integer "positive integer, meaning >0" (value: value > 0);
    unsigned = integer "unsigned integer, meaning >=0" (value: value >= 0);
    between =
      low: high:
      integer "integer between ${toString low} and ${toString high} (both inclusive)" (range low high);
  };
  enum = values: type "one of ${lib.concatMapStringsSep ", " toJSON values}" (value: elem value values) equal;
  strMatching =
    pattern: type "string matching the pattern ${pattern}" (value: isString value && builtins.match pattern value != null) equal;
  externalPath = type "absolute path not in the Nix store" (
    value: isString value && lib.hasPrefix "/" value && !lib.hasPrefix "${builtins.storeDir}/" value
  ) equal;
  package = type "package" lib.isDerivation one;
  shellPackage = package // {
    check = value: lib.isDerivation value && value ? shellPath;
  };

  nullOr =
    element:
    type "null or ${element.description}" (value: value == null || element.check value) (
      path: values: if all (value: value == null) values then null else lib.mergeType path element values
    );
  either =
    a: b:
    type "${a.description} or ${b.description}" (value: a.check value || b.check value) (
      path: values: if all a.check values then a.merge path values else lib.mergeType path b values
    );
  oneOf = alternatives: foldl' either (head alternatives) (tail alternatives);
  listOf =
    element:
    type "list of ${element.description}" isList (
      path: values:
      concatMap (
        value: map (held: lib.mergeType path element [ held ]) (lib.strongest [ value ])
      ) (concatMap lib.id values)
    );
  attrsOf = sets false;
  lazyAttrsOf = sets true;
  submodule =
    module:
    type "submodule" (value: isAttrs value || isFunction value || isPath value) (
      path: values:
      (lib.evalModules {
        prefix = path;
        modules = [
          module
          { config._module.args.name = lib.last path; }
        ]
        ++ map (value: if isAttrs value then { config = value; } else value) values;
      }).config
    );
}
