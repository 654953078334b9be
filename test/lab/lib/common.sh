# shellcheck shell=bash disable=SC2034
# Shared by lab, fault, scale and selftest. Sourced, never run.

LAB_HOME=${LAB_HOME:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
LAB_DIR=${LAB_DIR:-/var/tmp/signet-lab}
# the Debian mirror that this machine's apt uses (see README.md to name another)
LAB_MIRROR=${LAB_MIRROR:-$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null | awk '$2 == "bookworm" {print $1; exit}')}
LAB_BRIDGE=mlbr0
LAB_CIDR=16
LAB_GW=10.99.0.1
CGROOT=/sys/fs/cgroup/unified
[ -d "$CGROOT" ] || CGROOT=/sys/fs/cgroup          # pure cgroup-v2 machines

# host -> first address; further addresses in EXTRA_ADDR
declare -A ADDR=(
  [sink]=10.99.0.2 [mx1]=10.99.0.11 [mx2]=10.99.0.12 [ns1]=10.99.0.21 [bare]=10.99.0.13
)
declare -A EXTRA_ADDR=([sink]="10.99.0.53 10.99.0.54")
# The addresses of the Internet's root servers. Inside the lab they all are sink, so a
# program with its own resolver and built-in root hints (OpenDKIM's libunbound) works too.
ROOT_SERVERS="198.41.0.4 199.9.14.201 170.247.170.2 192.33.4.12 199.7.91.13 192.203.230.10
  192.5.5.241 192.112.36.4 198.97.190.53 192.36.148.17 192.58.128.30 193.0.14.129 199.7.83.42 202.12.27.33"
declare -A SSH_USER=([sink]=root [mx1]=root [mx2]=spravce [ns1]=dnsadmin [bare]=root)
declare -A SSH_PORT=()          # where it is not 22
declare -A SSH_AUTH=()          # "password" where there is no log-in by key
# ports a host must listen on before it counts as up
declare -A READY=([sink]="22 25 53" [mx1]="22 25 53 8891" [mx2]="22 25 53" [ns1]="22 53" [bare]="22 25 53")
ALL_HOSTS=(sink ns1 mx1 mx2 bare)

say() { printf 'lab: %s\n' "$*" >&2; }
die() { printf 'lab: %s\n' "$*" >&2; exit 1; }

is_scale() { [[ $1 =~ ^s[0-9]+$ ]]; }

# scale host sN -> 10.99.1.N
addr_of() {
  if is_scale "$1"; then
    local n=${1#s}; echo "10.99.$((1 + n / 250)).$((n % 250 + 1))"
  else
    echo "${ADDR[$1]:-}"
  fi
}
ssh_user_of() { if is_scale "$1"; then echo root; else echo "${SSH_USER[$1]}"; fi; }
ssh_port_of() { echo "${SSH_PORT[$1]:-22}"; }
ssh_auth_of() { echo "${SSH_AUTH[$1]:-key}"; }

known_host() { [ -n "$(addr_of "$1")" ]; }
up_hosts() {
  local f
  for f in "$LAB_DIR"/run/*.pid; do
    [ -e "$f" ] || continue
    f=${f##*/}; f=${f%.pid}
    if host_pid "$f" >/dev/null; then echo "$f"; fi
  done
}

# PID (in the root namespace) of the host's init; fails when it is down.
# The start time is compared so that a reused PID is never taken for a host.
host_pid() {
  local pid start
  read -r pid start < <(cat "$LAB_DIR/run/$1.pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && [ -r "/proc/$pid/stat" ] || return 1
  [ "$(proc_start "$pid")" = "$start" ] || return 1
  echo "$pid"
}
# shellcheck disable=SC2086
proc_start() { local s; s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1; s=${s##*) }; set -- $s; echo "${20}"; }

# does the host listen on all of these TCP ports?
listens() { # HOST PORT...
  local h=$1 p tab pid; shift
  pid=$(host_pid "$h") || return 1
  tab=$(awk '$4 == "0A" {sub(".*:", "", $2); print $2}' "/proc/$pid/net/tcp" "/proc/$pid/net/tcp6" 2>/dev/null) || return 1
  for p; do grep -qx "$(printf '%04X' "$p")" <<< "$tab" || return 1; done
}

# run a command inside a host, in all of its namespaces
hexec() {
  local h=$1 pid; shift
  pid=$(host_pid "$h") || die "$h is not up"
  nsenter -t "$pid" -m -u -i -n -p -C -- \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" "$@"
}

# file tree digest, used as a cache key: of contents and of names below the lab, so that another
# checkout of the same files uses the same layers
digest() { # paths...
  find "$@" -type f -print0 2>/dev/null | sort -z | xargs -0r sha256sum |
    sed -e "s|  $LAB_HOME/|  |" -e "s|  $LAB_DIR/|  |" | sha256sum | cut -c1-12
}
