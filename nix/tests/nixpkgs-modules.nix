# The module system of the stand-in for nixpkgs' `lib`: declarations and definitions by path, merged by
# priority and type, refused in the words of NixOS.
{ lib }:
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    filter
    foldl'
    functionArgs
    isAttrs
    isFunction
    isPath
    isString
    mapAttrs
    ;

  override = priority: content: { _type = "override"; inherit priority content; };
  defaultPriority = 100;
  optionDefault = 1500;

  isOption = value: value._type or null == "option";
  shown = concatStringsSep ".";

  # What stands under a mkIf, mkMerge or mkOverride of a whole set, as sets whose values carry it.
  pushDown =
    config:
    let
      type = config._type or null;
      below = wrap: map (mapAttrs (_: wrap)) (pushDown config.content);
    in
    if type == "merge" then
      concatMap pushDown config.contents
    else if type == "if" then
      below (lib.mkIf config.condition)
    else if type == "override" then
      below (override config.priority)
    else
      [ config ];

  # The definitions that hold at all, each with its priority.
  discharge =
    priority: value:
    let
      type = value._type or null;
    in
    if !isAttrs value then
      [ { inherit priority value; } ]
    else if type == "merge" then
      concatMap (discharge priority) value.contents
    else if type == "if" then
      if value.condition then discharge priority value.content else [ ]
    else if type == "override" then
      discharge value.priority value.content
    else
      [ { inherit priority value; } ];

  strongest =
    definitions:
    let
      found = concatMap (discharge defaultPriority) definitions;
      lowest = foldl' (least: { priority, ... }: if priority < least then priority else least) 9999 found;
    in
    map ({ value, ... }: value) (filter ({ priority, ... }: priority == lowest) found);

  check =
    path: type: value:
    if type.check value then
      value
    else
      throw "A definition for option `${shown path}' is not of type `${type.description}'.";

  # One module as { imports, options, config }: a function is called with what it asks for.
  load =
    { args, specialArgs, config }:
    module:
    let
      value = if isPath module || isString module then import module else module;
      asked = mapAttrs (name: _: args.${name} or config._module.args.${name}) (functionArgs value);
      set = if isFunction value then value (args // asked) else value;
      own = {
        options = set.options or { };
        config = set.config or { };
      };
    in
    concatMap (load { inherit args specialArgs config; }) (set.imports or [ ])
    ++ [
      (if set ? options || set ? config then own else { options = { }; config = removeAttrs set [ "imports" ]; })
    ];

  # The tree of options below a path, with what is defined there, and what is defined without an option.
  tree =
    path: modules:
    let
      definitions = concatMap ({ config, ... }: pushDown config) modules;
      declarations = map ({ options, ... }: options) modules;
      valuesOf = name: sets: map (set: set.${name}) (filter (set: set ? ${name}) sets);
      below =
        name: declared:
        tree (path ++ [ name ]) (
          map (options: { inherit options; config = { }; }) declared
          ++ map (config: { inherit config; options = { }; }) (valuesOf name definitions)
        );
      option =
        name: declared:
        let
          declaration = foldl' (a: b: a // b) { type = lib.types.unspecified; } declared;
          defaults = if declaration ? default then [ (override optionDefault declaration.default) ] else [ ];
          loc = path ++ [ name ];
          held = strongest (valuesOf name definitions ++ defaults);
        in
        declaration
        // {
          inherit loc;
          value =
            if held == [ ] then
              throw "The option `${shown loc}' was accessed but has no value defined. Try setting the option."
            else
              lib.mergeType loc declaration.type held;
        };
      names = foldl' (a: b: a // b) { } declarations;
      nodes = mapAttrs (
        name: _:
        let
          declared = valuesOf name declarations;
        in
        if builtins.any isOption declared then
          rec {
            options = option name declared;
            config = options.value;
            unmatched = [ ];
          }
        else
          below name declared
      ) names;
      strangers = filter (name: !names ? ${name}) (concatMap attrNames definitions);
    in
    {
      options = mapAttrs (_: node: node.options) nodes;
      config = mapAttrs (_: node: node.config) nodes;
      unmatched =
        map (name: path ++ [ name ]) strangers
        ++ concatMap (name: nodes.${name}.unmatched) (attrNames nodes);
    };
in
{
  inherit strongest;

  mkOption = settings: settings // { _type = "option"; };
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkMerge = contents: { _type = "merge"; inherit contents; };
  mkOverride = override;
  mkForce = override 50;
  mkDefault = override 1000;

  mkEnableOption =
    name:
    lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether to enable ${name}.";
    };
  mkPackageOption =
    pkgs: name:
    {
      nullable ? false,
      default ? name,
      extraDescription ? "",
    }:
    lib.mkOption (
      {
        type = if nullable then lib.types.nullOr lib.types.package else lib.types.package;
        description = "The ${name} package to use. ${extraDescription}";
      }
      // lib.optionalAttrs (default != null) { default = pkgs.${default}; }
      // lib.optionalAttrs (default == null && nullable) { default = null; }
    );

  # The value of several definitions of one priority; each has to be of the type.
  mergeType = path: type: values: type.merge path (map (check path type) values);

  evalModules =
    {
      modules,
      specialArgs ? { },
      prefix ? [ ],
    }:
    let
      own = {
        options._module = {
          args = lib.mkOption { type = lib.types.lazyAttrsOf lib.types.raw; default = { }; };
          check = lib.mkOption { type = lib.types.bool; default = true; };
        };
      };
      args = { inherit lib; inherit (root) config options; } // specialArgs;
      root = tree prefix (
        concatMap (load { inherit args specialArgs; inherit (root) config; }) ([ own ] ++ modules)
      );
      refused =
        if root.config._module.check && root.unmatched != [ ] then
          throw "The option `${shown (builtins.head root.unmatched)}' does not exist."
        else
          null;
    in
    {
      inherit (root) options;
      config = builtins.seq refused (removeAttrs root.config [ "_module" ]);
    };
}
