#!/usr/bin/env bash
# Installs Debian's ZooKeeper server, which the conformance tests run beside the embedded
# coordinator. It only installs files: the package without "zookeeperd" brings no system service.
set -euo pipefail

jar=/usr/share/java/zookeeper.jar

if [ -e "$jar" ] && command -v java >/dev/null; then
  echo "ZooKeeper is already installed."
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Installing ZooKeeper: this script must run as root. Run: sudo bash $0" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "Installing ZooKeeper: this script needs apt-get (Debian or Ubuntu). Install ZooKeeper 3.8 and Java by hand so that $jar exists." >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
# The list of packages may be empty or old on a fresh machine; a failed refresh is not fatal
# because the lists that are there may do.
apt-get update -qq || echo "Installing ZooKeeper: apt-get update failed, going on with the lists that are there." >&2
apt-get install -y -qq --no-install-recommends zookeeper >/dev/null

if [ ! -e "$jar" ]; then
  echo "Installing ZooKeeper: $jar should be there now, but is not. Look at: dpkg -L libzookeeper-java" >&2
  exit 1
fi
echo "ZooKeeper is installed."
