#!/bin/sh
# Makes a fresh clone ready: Debian packages, then node_modules. Runs before node_modules is there: plain POSIX sh.
#   setup.sh          what `npm run check` needs: nothing is required but Node and npm
#   setup.sh lab      and what the lab needs: Debian and root
set -eu
cd "$(dirname "$0")/.."
say() { printf 'signet: %s\n' "$*" >&2; }

root() { [ "$(id -u)" = 0 ]; }
wanted() { sed -e 's/#.*//' .config/debian-packages | while read -r name _; do [ -z "$name" ] || echo "$name"; done; }
missing() {
  for name in $(wanted); do
    case $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) in installed) ;; *) printf '%s ' "$name" ;; esac
  done
}

if command -v dpkg-query >/dev/null 2>&1; then
  packages=$(missing)
  if [ -n "$packages" ]; then
    # shellcheck disable=SC2086
    if root; then
      say "installing Debian packages: $packages"
      log=$(mktemp)
      if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages; } \
        </dev/null >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        say "apt-get failed (all of its output: $log)"
        exit 1
      fi
      rm -f "$log"
    else
      say "Debian packages are missing. Run this, then try again:"
      say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $packages"
      exit 1
    fi
  fi
elif [ "${1:-}" = lab ]; then
  say "the lab of real hosts needs Debian 12 (this is $(uname -s)). Everything else: npm run check"
  exit 1
else
  say "no Debian here: tests that need one of the programs in .config/debian-packages may fail"
fi

if [ "${1:-}" = lab ] && ! root; then
  say "the lab of real hosts needs root (namespaces, mounts). Run: sudo npm run ${npm_lifecycle_event:-test}"
  exit 1
fi

# node_modules is as the lock file says when it was made from the very same file.
stamp=node_modules/.signet-lock
lock=$(cksum <package-lock.json)
if [ ! -e node_modules/.package-lock.json ] || {
  if [ -e "$stamp" ]; then [ "$(cat "$stamp")" != "$lock" ]; else [ package-lock.json -nt node_modules/.package-lock.json ]; fi
}; then
  say "installing node_modules (npm ci)"
  # keytar is compiled: with the headers that came with Node, so that nothing is fetched for it
  prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)" 2>/dev/null || command -v node)")")
  if [ -z "${npm_config_nodedir:-}" ] && [ -e "$prefix/include/node/node_api.h" ]; then
    npm_config_nodedir=$prefix
    export npm_config_nodedir
  fi
  npm ci --no-fund --no-audit --loglevel=error >&2
fi
[ -e "$stamp" ] && [ "$(cat "$stamp")" = "$lock" ] || printf '%s\n' "$lock" >"$stamp"
