#!/usr/bin/env bash
# Installs the Debian packages named on the command line, unless they are there. The tasks `setup:…` in
# deno.json say which and what for: servers and clients that others wrote, for the tests and the benchmarks.
# A package that brings a system service does not get it started or enabled. Needs network and root.
set -euo pipefail

if [ "$#" -eq 0 ]; then
  echo "install packages: expected their names, there were none. Usage: bash $0 PACKAGE…" >&2
  exit 2
fi
is_installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}\n' "$@" 2>/dev/null | grep -cx installed)" -eq "$#" ]
}

if is_installed "$@"; then
  echo "Already installed: $*."
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "install packages: expected Debian's apt-get, it is not there. Install what these hold by hand: $*" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "install packages: expected to run as root. Run: sudo bash $0 $*" >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
# Asked by every package before it starts a service (invoke-rc.d(8)); 101 forbids it.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
# The list of packages may be empty or old on a fresh machine; a failed refresh is not fatal
# because the lists that are there may do.
apt-get update -qq || echo "install packages: apt-get update failed, going on with the lists that are there." >&2
# Two tasks may want to install at the same time: the second waits for the first, for 5 minutes at most.
apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >/dev/null
is_installed "$@" || {
  echo "install packages: expected all of them to be there now. Look at: dpkg -l $*" >&2
  exit 1
}
# Nor at the next boot.
if command -v systemctl >/dev/null; then
  for unit in $(dpkg-query --listfiles "$@" | sed -n 's|.*/systemd/system/\([^/]*\.service\)$|\1|p'); do
    systemctl disable --quiet "$unit" || true
  done
fi
echo "Installed: $*."
