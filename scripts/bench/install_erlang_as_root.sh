#!/usr/bin/env bash
# Installs Debian's Erlang, the outside mark of the actors benchmark. It installs files only: no
# service comes with the package, and nothing else of the project needs it.
set -euo pipefail

if command -v erl >/dev/null && command -v erlc >/dev/null; then
  echo "Erlang is already installed."
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Installing Erlang: this script must run as root. Run: sudo bash $0" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "Installing Erlang: this script needs apt-get (Debian or Ubuntu). Install Erlang/OTP 25 or newer by hand so that erl and erlc are on PATH." >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
# The list of packages may be empty or old on a fresh machine; a failed refresh is not fatal
# because the lists that are there may do.
apt-get update -qq || echo "Installing Erlang: apt-get update failed, going on with the lists that are there." >&2
apt-get install -y -qq --no-install-recommends erlang-base >/dev/null

if ! command -v erl >/dev/null; then
  echo "Installing Erlang: erl should be on PATH now, but is not. Look at: dpkg -L erlang-base" >&2
  exit 1
fi
echo "Erlang is installed."
