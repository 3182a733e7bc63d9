# Every option of services.lab set to something: what there is no flag for shows here.
{
  services.lab = {
    enable = true;
    host = "0.0.0.0";
    port = 9000;
    allowedHosts = [
      "lab.example.net"
      "lab"
    ];
    openFirewall = true;
    user = "you";
    operators = [ "bob" ];
    projectsRoot = "/home/you/code";
    stateDir = "/var/lib/lab-of-you";
    claudeConfigDir = "/home/you/.config/claude";
    maxInstances = 12;
    sessionNofile = 65536;
    historyLimit = 5000;
    notifyUrl = "https://ntfy.sh/topic";
    logLevel = "debug";
    settings = {
      models = [ "opus" ];
      projects.web-shop.quickWords = [ "run the tests" ];
    };
    extraPackages = [ ];
    passEnv = [ "GH_TOKEN" ];
    environment.DOCKER_HOST = "unix:///run/50% of it";
    passwordFile = "/run/secrets/password";
    tokenFile = "/run/secrets/tokens";
    trustedProxies = [
      "127.0.0.1/32"
      "10.0.0.0/8"
    ];
    proxyUserHeader = "X-Remote-User";
    extraFlags = [ "--later" ];
  };
  users.users.you.isNormalUser = true;
  users.users.bob.isNormalUser = true;
}
