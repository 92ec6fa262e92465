#!/usr/bin/env bash
# Makes sure that a Chromium is on this machine, in which the console's tests run, and letters for Chinese. On Debian and
# Ubuntu it installs them.
set -euo pipefail

for found in "${CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
  [ -z "$found" ] || [ ! -x "$found" ] || exit 0
done
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  echo "chromium: install Chromium or Chrome (Debian: apt-get install chromium fonts-noto-cjk), or set CHROMIUM to one" >&2
  exit 1
fi
echo "installing Chromium with apt-get (once)"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null
