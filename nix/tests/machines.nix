# The machine of vm.py: `base`, and what it is switched to while it runs.
{ lib }:
let
  inherit (lib) mkForce;
in
{
  base = {
    services.lab = {
      enable = true;
      maxInstances = 3;
      operators = [ "bob" ];
    };
    users.users = {
      alice.isNormalUser = true;
      bob.isNormalUser = true;
      carol.isNormalUser = true;
    };
  };

  roomier = {
    services.lab.maxInstances = mkForce 4;
  };

  # As somebody themselves, on a path that every layer would like to expand.
  alice = {
    services.lab = {
      user = "alice";
      stateDir = "/var/lib/lab of alice";
      projectsRoot = "/srv/a b/100%$HOME";
    };
  };

  open = {
    services.lab = {
      host = "0.0.0.0";
      openFirewall = true;
      passwordFile = "/etc/lab-password";
    };
  };

  off = {
    services.lab.enable = mkForce false;
  };
}
