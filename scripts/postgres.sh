#!/usr/bin/env bash
# Makes sure that PostgreSQL's server binaries are on this machine, which tests start in folders of their own. On Debian and
# Ubuntu it installs them, without a cluster of the system's.
set -euo pipefail

if command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  exit 0
fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "postgres: install PostgreSQL's server (Debian: apt-get install postgresql), so that initdb and postgres are found" >&2
  exit 1
fi
echo "installing PostgreSQL (once)"
mkdir -p /etc/postgresql-common
grep -qs '^create_main_cluster' /etc/postgresql-common/createcluster.conf ||
  echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends postgresql >/dev/null
