# An example host, evaluated on every change: lab for one person, on their own machine.
{
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "26.05";

  # Stands in for the machine's own hardware configuration.
  boot.loader.systemd-boot.enable = true;
  boot.loader.efi.canTouchEfiVariables = true;
  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
  fileSystems."/boot" = {
    device = "/dev/disk/by-label/boot";
    fsType = "vfat";
  };

  users.users.you.isNormalUser = true;

  services.lab = {
    enable = true;
    user = "you";
    # Claude Code is unfree; with it allowed, leave this line out.
    claudePackage = null;
  };
}
