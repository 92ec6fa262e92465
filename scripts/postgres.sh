#!/usr/bin/env bash
# Makes sure that PostgreSQL's server binaries are on this machine, which tests start in folders of their own. On Debian and
# Ubuntu it installs them, without a cluster of the system's.
set -euo pipefail

if command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  exit 0
fi
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  echo "postgres: install PostgreSQL 15 or later (Debian: apt-get install postgresql), so that initdb and postgres are found" >&2
  exit 1
fi
echo "installing PostgreSQL with apt-get (once)"
# Only for this installation: what the machine's owner installs later gets its cluster as usual.
no_cluster=/etc/postgresql-common/createcluster.d/pai-notify.conf
"${as_root[@]}" mkdir -p "${no_cluster%/*}"
echo 'create_main_cluster = false' | "${as_root[@]}" tee "$no_cluster" >/dev/null
trap '"${as_root[@]}" rm -f "$no_cluster"' EXIT
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null
echo "installed $(ls -d /usr/lib/postgresql/*/bin)"
