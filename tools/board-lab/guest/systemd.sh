# shellcheck shell=bash disable=SC2154 # lab is init's
# The rest of init where systemd is to be process 1: the script of `run -b` installs, then systemd boots this machine's
# root as far as board-lab.target, whose service is the command. Sourced by init.

units=/run/systemd/system
mkdir -p "$units"
[ -s /etc/machine-id ] || echo 7acc7acc7acc7acc7acc7acc7acc7acc >/etc/machine-id
# What is of no use to a board that lives for two minutes, and takes long where the processor is emulated.
for unit in systemd-firstboot.service systemd-hwdb-update.service systemd-journal-catalog-update.service ldconfig.service \
  systemd-timesyncd.service systemd-remount-fs.service systemd-fsck-root.service systemd-update-done.service; do
  ln -s /dev/null "$units/$unit"
done
cat >"$units/board-lab.target" <<UNIT
[Unit]
Wants=board-lab.service
Requires=basic.target
AllowIsolate=yes
UNIT
cat >"$units/board-lab.service" <<UNIT
[Unit]
After=board-lab.target
[Service]
Type=exec
ExecStart=/bin/bash $LAB/guest/systemd-command.sh
UNIT
(
  # shellcheck source=/dev/null
  . "$lab/before"
) </dev/null >/dev/hvc0 2>&1 || {
  echo "board-lab: what is to be there at boot could not be installed" >/dev/ttyS0
  echo o >/proc/sysrq-trigger
  sleep 10
}
for systemd in /usr/lib/systemd/systemd /lib/systemd/systemd; do
  [ ! -x "$systemd" ] || exec env -i PATH="$PATH" "$systemd" --unit=board-lab.target
done
