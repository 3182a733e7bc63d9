# Evaluates services.lab by default, in full and wrongly, and gives what is not as it should be: a list
# against nixpkgs' `lib` and the stubs, a check to build when there are `pkgs` and so all of NixOS.
{
  lib,
  pkgs ? null,
}:
let
  inherit (lib) hasInfix;

  evaluate =
    configuration:
    if pkgs == null then
      ((import ./evaluate.nix { inherit lib; }).evaluate configuration).config
    else
      (lib.nixosSystem {
        modules = [
          ../module.nix
          configuration
          {
            nixpkgs.hostPlatform = pkgs.stdenv.hostPlatform.system;
            system.stateVersion = "26.05";
            # Any program will do, as long as it is free and small.
            services.lab.package = pkgs.hello;
            services.lab.claudePackage = lib.mkDefault pkgs.hello;
          }
        ];
      }).config;

  lab = settings: evaluate { services.lab = settings // { enable = true; }; };
  byDefault = lab { };
  full = evaluate (import ./full.nix);
  services = config: config.systemd.services;
  words = config: lib.splitString " " (services config).lab.serviceConfig.ExecStart;
  refusals =
    configuration:
    map ({ message, ... }: message) (
      lib.filter ({ assertion, message, ... }: !assertion && hasInfix "services.lab" message) (evaluate configuration).assertions
    );
  # NixOS' own assertions want a file system and a boot loader, which are not the subject here.
  names = option: configuration: lib.any (hasInfix "services.lab.${option}") (refusals configuration);
  evaluates =
    settings: (builtins.tryEval (builtins.deepSeq (words (lab settings)) true)).success;

  failures = lib.runTests {
    "test: enable = true alone is accepted" = {
      expr = refusals { services.lab.enable = true; };
      expected = [ ];
    };
    "test: by default lab listens on loopback and the firewall stays shut" = {
      expr = [
        (lib.elem ''"--host=127.0.0.1"'' (words byDefault))
        (lib.elem 8080 byDefault.networking.firewall.allowedTCPPorts)
      ];
      expected = [
        true
        false
      ];
    };
    "test: by default everything lies in the account's own folder" = {
      expr = {
        inherit (byDefault.users.users.lab) home group isSystemUser;
        folders = lib.attrNames byDefault.systemd.tmpfiles.settings.lab;
        root = lib.elem ''"--projects-root=/var/lib/lab/projects"'' (words byDefault);
      };
      expected = {
        home = "/var/lib/lab";
        group = "lab";
        isSystemUser = true;
        folders = [
          "/var/lib/lab"
          "/var/lib/lab/claude"
          "/var/lib/lab/projects"
        ];
        root = true;
      };
    };
    "test: a switch never restarts the agents' tmux" = {
      expr = {
        inherit ((services byDefault).lab-tmux) restartIfChanged stopIfChanged;
      };
      expected = {
        restartIfChanged = false;
        stopIfChanged = false;
      };
    };
    "test: lab wants its tmux and does not require it" = {
      expr = {
        inherit ((services byDefault).lab) wants;
        requires = (services byDefault).lab.requires or [ ];
      };
      expected = {
        wants = [ "lab-tmux.service" ];
        requires = [ ];
      };
    };
    "test: nothing that breaks Node or hides the agents is among the hardening" = {
      expr = lib.intersectLists [
        "MemoryDenyWriteExecute"
        "PrivateUsers"
        "ProcSubset"
      ] (lib.attrNames (services byDefault).lab.serviceConfig);
      expected = [ ];
    };
    "test: both units run as the same user and group, with the same programs" = {
      expr =
        let
          same = unit: {
            inherit (unit) path;
            inherit (unit.environment) SHELL LANG;
            inherit (unit.serviceConfig) User;
            Group = unit.serviceConfig.Group or null;
          };
          agents = same (services full).lab-tmux;
        in
        same (services full).lab == agents && agents.Group == null && !hasInfix "nologin" agents.SHELL;
      expected = true;
    };
    "test: an account of one's own is not made, and lab's projects are in its home" = {
      expr = {
        made = full.users.users ? lab;
        home = (services full).lab.serviceConfig.User;
        operators = full.users.groups.lab.members;
      };
      expected = {
        made = false;
        home = "you";
        operators = [ "bob" ];
      };
    };
    "test: the settings are a file, and there is none without settings" = {
      expr =
        let
          flags = config: lib.filter (hasInfix "--config=") (words config);
          given = lib.head (flags full);
          content = builtins.toJSON {
            models = [ "opus" ];
            projects.web-shop.quickWords = [ "run the tests" ];
          };
        in
        {
          byDefault = flags byDefault;
          isFile = lib.hasSuffix ''-lab.json"'' given;
          # Of NixOS, the path tells nothing of the content.
          isWhole = pkgs != null || hasInfix (builtins.hashString "sha256" content) given;
        };
      expected = {
        byDefault = [ ];
        isFile = true;
        isWhole = true;
      };
    };
    "test: secrets go through systemd's credentials" = {
      expr = [
        (services full).lab.serviceConfig.LoadCredential
        (lib.filter (hasInfix "-file=") (words full))
      ];
      expected = [
        [
          "password:/run/secrets/password"
          "tokens:/run/secrets/tokens"
        ]
        [
          ''"--password-file=/run/credentials/lab.service/password"''
          ''"--token-file=/run/credentials/lab.service/tokens"''
        ]
      ];
    };
    "test: variables reach lab as they were written, and it passes them on" = {
      expr = {
        flags = lib.filter (hasInfix "--pass-env=") (words full);
        inherit ((services full).lab.environment) DOCKER_HOST;
        tmux = (services full).lab-tmux.environment ? DOCKER_HOST;
      };
      expected = {
        flags = [
          ''"--pass-env=GH_TOKEN"''
          ''"--pass-env=DOCKER_HOST"''
        ];
        DOCKER_HOST = "unix:///run/50%% of it";
        tmux = false;
      };
    };
    "test: a variable's name that is none, and a PATH of one's own, are refused" = {
      expr = map (settings: names "environment" { services.lab = settings // { enable = true; }; }) [
        { environment.DOCKER_HOST = "x"; }
        { passEnv = [ "A=b" ]; }
        { environment."a b" = "x"; }
        { environment.PATH = "/bin"; }
      ];
      expected = [
        false
        true
        true
        true
      ];
    };
    "test: openFirewall opens the port" = {
      expr = lib.elem 9000 full.networking.firewall.allowedTCPPorts;
      expected = true;
    };
    "test: a path reaches lab as it was written" = {
      expr = hasInfix ''"--projects-root=/srv/a b/100%%$$HOME"'' (services (lab {
        projectsRoot = "/srv/a b/100%$HOME";
      })).lab.serviceConfig.ExecStart;
      expected = true;
    };
    "test: extra flags come last" = {
      expr = lib.last (words full);
      expected = ''"--later"'';
    };
    "test: somebody else's tmux server needs no unit of ours" = {
      expr = (services (lab { tmuxSocket = "/run/user/1000/agents"; })) ? lab-tmux;
      expected = false;
    };
    "test: root is refused" = {
      expr = names "user" {
        services.lab = {
          enable = true;
          user = "root";
        };
      };
      expected = true;
    };
    "test: an account that is not declared is refused" = {
      expr = names "user" {
        services.lab = {
          enable = true;
          user = "nobody-knows";
        };
      };
      expected = true;
    };
    "test: an outside address without a guard is refused, with one it is not" = {
      expr =
        map
          (
            settings:
            names "host" {
              services.lab = settings // {
                enable = true;
                host = "0.0.0.0";
              };
            }
          )
          [
            { }
            { passwordFile = "/run/secrets/password"; }
            { tokenFile = "/run/secrets/tokens"; }
            { trustedProxies = [ "10.0.0.1/32" ]; }
          ];
      expected = [
        true
        false
        false
        false
      ];
    };
    "test: values outside a type are refused" = {
      expr = map evaluates [
        { }
        { maxInstances = 0; }
        { port = 70000; }
        { projectsRoot = "projects"; }
        { passwordFile = "${builtins.storeDir}/0c0bqwdl1sfs7yy7r0xqy2hw0q7s5cp6-password"; }
        { tmuxSocket = "default"; }
        { maxInstance = 3; }
      ];
      expected = [
        true
        false
        false
        false
        false
        false
        false
      ];
    };
  };
in
if pkgs == null then
  failures
else
  pkgs.runCommand "lab-module" { } (
    if failures == [ ] then "touch $out" else throw (builtins.toJSON failures)
  )
