# shellcheck shell=bash disable=SC2154 # units is systemd.sh's
# What a board with the agent has when it boots: the executable, the unit, the groups and rules, the configuration, and
# its hardware. Sourced before systemd begins; /mnt/out/tacc says which executable.

repository=$LAB/../..
tacc=$(cat /mnt/out/tacc)
install -m 755 "$tacc" /usr/local/bin/tacc || return 1
# The toolchain's libraries, which a board has or has not (--static-swift-stdlib), where the loader looks by itself.
ldd "$tacc" | awk '$3 ~ "^/" && $3 !~ "^/(usr/)?lib" { print $3 }' | xargs -r cp -Lt /usr/lib/x86_64-linux-gnu || return 1

install -D -m 644 "$repository/tools/systemd/tacc-sysusers.conf" /etc/sysusers.d/tacc.conf
install -D -m 644 "$repository/udev/70-tacc.rules" /etc/udev/rules.d/70-tacc.rules
install -D -m 644 "$repository/tools/systemd/tacc-agent.service" /etc/systemd/system/tacc-agent.service
install -D -m 644 /dev/stdin /etc/tacc/agent.toml <<'TOML'
[light]
source = "gpio"
TOML
systemd-sysusers /etc/sysusers.d/tacc.conf || return 1
# As the package udev does when it is installed, which on this machine it may not be.
groupadd --system --force input
SYSTEMD_OFFLINE=1 systemctl enable tacc-agent.service || return 1
# Not multi-user.target: it would start whatever this machine has besides.
mkdir -p "$units/board-lab.target.wants"
ln -s /etc/systemd/system/tacc-agent.service "$units/board-lab.target.wants/"

# The board itself; its drivers are udev's to load, as the device tree's are.
echo boardsim | install -D -m 644 /dev/stdin /etc/modules-load.d/board-lab.conf
