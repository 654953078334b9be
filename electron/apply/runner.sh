#!/bin/sh
# One transaction on one server: wholly or not at all, whoever dies in the middle. It knows files, commands and hashes,
# and nothing of mail or DNS. The laptop writes the run directory, starts `run` detached, and reads what `follow` prints.
#
#   sh runner.sh run DIR       carry it out              sh runner.sh follow DIR    print its progress and its outcome
#   sh runner.sh recover DIR   take back (or finish) what a dead process left
#
# POSIX sh: dash, bash and BusyBox ash, with the tools of either coreutils or BusyBox. Shared by all of them: no process
# per file (files of one directory go together), no option that BusyBox lacks, no pipe whose failure would be unseen.
#
# DIR (0700, root's):
#   manifest  what is to be done, written by the laptop       new/K/NAME       new contents, by group K (one directory)
#   before    hashes that must hold (sha256sum -c)            rollback/K/NAME  what goes live when it is taken back
#   absent    paths that must not exist                       command/N.sh,.in a command and its standard input
#   journal   what has been begun                             backup/K/NAME    the files as they were
#   progress  lines for the laptop                            confirm, revert  the laptop's decision
#   outcome   the end of it (atomic)                          replaced, created, removed   rows of files, links resolved
#   aside     files that came with a package and make room for the change's own; beside them as NAME.dpkg-dist
set -u
umask 077
LC_ALL=C
export LC_ALL
cd / || exit 1

action=$1
dir=$2
base=${dir%/*}
tab=$(printf '\t')
tag='' lock='' who=- confirm=0
incomplete='' activated='' prepared='' finished='' failing=''

say() { printf '%s\t%s\n' "$1" "$2" >>"$dir/progress"; }
note() { printf '%s\n' "$1" >>"$dir/notes"; }
nap() { sleep 0.1 2>/dev/null || sleep 1; }

# ------------------------------------------------------------------ what has been begun

journal() { printf '%s\n' "$1" >>"$dir/journal"; }

begun() {
  [ -f "$dir/journal" ] || return 1
  while IFS= read -r line; do
    [ "$line" = "$1" ] && return 0
  done <"$dir/journal"
  return 1
}

# Makes what was written durable. One call per stage, never per file: a server has other things to write.
settle() { sync -f "$@" 2>/dev/null || sync; }

# ------------------------------------------------------------------ processes and the lock

# Sets `boot` and `identity`: a process id is used again, a process id with its start and its boot is not.
identify() {
  boot=-
  read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id || boot=-
  identity=''
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  set -- "$1" ${stat##*) }
  [ "$2" = Z ] && return 1
  identity="$1 ${21} $boot"
}

# Whether the process that a file names still runs.
alive() {
  read -r pid start on 2>/dev/null <"$1" || return 1
  identify "$pid" && [ "$identity" = "$pid $start $on" ]
}

# flock lives and dies with this process: nothing can be left behind. Without it, a directory whose owner is looked at.
take_lock() {
  tries=$1
  if command -v flock >/dev/null 2>&1; then
    true 2>/dev/null >>"$lock" || return 2
    exec 9>>"$lock"
    until flock -n 9; do
      [ "$tries" -gt 0 ] || return 1
      tries=$((tries - 1))
      nap
    done
  else
    until mkdir "$lock.d" 2>/dev/null; do
      if ! alive "$lock.d/owner" && { [ -s "$lock.d/owner" ] || [ "$tries" -le 10 ]; }; then
        # Renaming is atomic: of several that find a dead owner one wins.
        mv "$lock.d" "$lock.d.dead.$$" 2>/dev/null && rm -rf "$lock.d.dead.$$"
      fi
      [ "$tries" -gt 0 ] || return 1
      tries=$((tries - 1))
      nap
    done
    locked=1
    identify $$
    printf '%s\n' "$identity" >"$lock.d/owner"
  fi
  printf '%s, %s, %s\n' "$who" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "${dir##*/}" 2>/dev/null >"$lock"
}

release_lock() {
  [ -z "${locked:-}" ] || rm -rf "$lock.d"
}

# ------------------------------------------------------------------ manifest and rows

read_manifest() {
  whole=''
  while IFS=$tab read -r kind one two rest; do
    case $kind in
      tag) tag=$one ;;
      lock) lock=$one ;;
      who) who=$one ;;
      confirm) confirm=$one ;;
      end) whole=1 ;;
    esac
  done <"$dir/manifest"
  [ -n "$whole" ] && [ -n "$tag" ] && [ -n "$lock" ] || return 1
  # Every runner on a host finds the same: not all have /run/lock
  [ -d "${lock%/*}" ] || lock=$base/lock
}

# Calls $1 for the rows of the file $2 that belong together (one directory, mode, owner), 100 at a time, with their names as
# arguments and the row's columns as variables.
groups() {
  act=$1
  [ -s "$dir/$2" ] || return 0
  exec 8<"$dir/$2"
  key=''
  set --
  while IFS=$tab read -r r_i r_k r_mode r_owner r_back r_before r_after r_d r_name r_path <&8; do
    if [ "$key" != "$r_k $r_mode $r_owner $r_back" ] || [ $# -ge 100 ]; then
      if [ $# -gt 0 ]; then "$act" "$@" || return 1; fi
      set --
      key="$r_k $r_mode $r_owner $r_back"
      k=$r_k mode=$r_mode owner=$r_owner back=$r_back
      # "-" stands for the root directory's empty name: a column is never empty.
      d=${r_d#-}
      stage=$d/.signet-$tag
    fi
    set -- "$@" "$r_name"
  done
  exec 8<&-
  [ $# -eq 0 ] || "$act" "$@"
}

# Follows symbolic links: the file behind is replaced, the link stays. Sets new_I, the staged path of file I.
resolve() {
  true >"$dir/replaced" && true >"$dir/created" && true >"$dir/removed" || return 1
  while IFS=$tab read -r kind i k op f_before f_after f_mode f_owner f_back path; do
    [ "$kind" = file ] || continue
    real=$path
    if [ -L "$path" ]; then
      real=$(readlink -f "$path") && [ -n "$real" ] || return 1
      [ "$op" = remove ] || regroup new || return 1
      [ "$f_back" = - ] || regroup rollback || return 1
      k=link$i
    fi
    rd=${real%/*}
    eval "new_$i=\$rd/.signet-\$tag/new/\${real##*/}"
    rows=replaced
    [ "$f_before" != - ] || rows=created
    [ "$op" != remove ] || rows=removed
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$i" "$k" "$f_mode" "$f_owner" "$f_back" "$f_before" "$f_after" \
      "${rd:--}" "${real##*/}" "$path" >>"$dir/$rows" || return 1
  done <"$dir/manifest"
}

regroup() {
  mkdir -p "$dir/$1/link$i" && mv "$dir/$1/$k/${path##*/}" "$dir/$1/link$i/${real##*/}"
}

twice() { cut -f 8,9 "$dir/replaced" "$dir/created" "$dir/removed" | sort | uniq -d | grep -q .; }

# ------------------------------------------------------------------ is everything as the plan found it?

fresh() {
  differs=''
  if [ -s "$dir/before" ] && ! sha256sum -c "$dir/before" >"$dir/checked" 2>/dev/null; then
    differs=1
    sed -n "s/^\(.*\): FAILED.*\$/file${tab}stale${tab}\1/p" "$dir/checked" >>"$dir/notes"
  fi
  while IFS= read -r path; do
    if [ -e "$path" ] || [ -L "$path" ]; then
      differs=1
      note "file${tab}stale${tab}$path"
    fi
  done <"$dir/absent"
  [ -z "$differs" ]
}

# ------------------------------------------------------------------ packages

# They stay, however the transaction ends: what a package's scripts did, nobody can take back. It is said.
install_packages() {
  exec 7<"$dir/manifest"
  while IFS=$tab read -r kind limit title rest <&7; do
    [ "$kind" = packages ] || continue
    say step "installing $title (stays installed)"
    journal "packages $title"
    run_command packages "$limit" 7<&-
    status=$?
    case $status in
      0) note "note${tab}installed, and left installed: $title"; continue ;;
      10) failure=package-manager-locked ;;
      11) failure=package-missing ;;
      12) failure=package-offline ;;
      13) failure=package-manager-absent ;;
      124 | 137) failure=command-timeout ;;
      *) failure=package-failed ;;
    esac
    trouble="$title: $(last_words)"
    return 1
  done
}

# A file that was not there before the packages were: the change's own takes its place, as if an admin had kept theirs.
put_aside() {
  [ -f "$dir/command/packages.sh" ] || return 0
  while IFS=$tab read -r kind i k op f_before f_after f_mode f_owner f_back path; do
    [ "$kind" = file ] && [ "$f_before" = - ] && [ -e "$path" ] || continue
    printf '%s\n' "$path" >>"$dir/aside" && settle "$dir" && mv -- "$path" "$path.dpkg-dist" || return 1
  done <"$dir/manifest" 2>"$dir/errors"
}

put_back() {
  [ -f "$dir/aside" ] || return 0
  while IFS= read -r path; do
    [ -e "$path.dpkg-dist" ] || continue
    if [ -e "$path" ]; then
      incomplete=1
      note "file${tab}left${tab}$path"
    else
      mv -- "$path.dpkg-dist" "$path" || { incomplete=1; note "note${tab}$path.dpkg-dist could not be given its name back"; }
    fi
  done <"$dir/aside"
}

# ------------------------------------------------------------------ staging: nothing is live yet

# What is new gets the SELinux context that the policy gives its path; what is replaced keeps its own (cp -a).
label() {
  [ ! -e /sys/fs/selinux/enforce ] || ! command -v restorecon >/dev/null 2>&1 || restorecon "$@" 2>/dev/null || true
}

make_directories() {
  while IFS=$tab read -r kind what f_mode f_owner path; do
    [ "$kind" = dir ] && [ "$what" = present ] || continue
    [ ! -d "$path" ] || continue
    printf '%s\n' "$path" >>"$dir/made" || return 1
    mkdir "$path" && chown "$f_owner" "$path" && chmod "$f_mode" "$path" || return 1
    label "$path"
  done <"$dir/manifest" 2>"$dir/errors"
}

open_stage() {
  [ -d "$d/" ] || { printf '%s: No such directory\n' "$d" >&2; return 1; }
  [ -d "$stage" ] && return 0
  printf '%s\n' "$stage" >>"$dir/stages" && mkdir -m 711 "$stage" && mkdir -m 711 "$stage/new" "$stage/old"
}

# A second name for the old file costs no space and is the old file itself when it is needed again. Where there can be
# none (no hard links, a mount point), a copy.
keep_old() {
  ln -- "$@" "$stage/old/" 2>/dev/null && return 0
  for name in "$@"; do
    [ -e "$stage/old/$name" ] || cp -a -- "$name" "$stage/old/" || return 1
  done
}

# A copy of the old file with the new content keeps what only the old one knows: owner, mode, SELinux context, ACL.
stage_replaced() {
  open_stage && mkdir -p "$dir/backup/$k" &&
    ( cd "$d/" && cp -a -- "$@" "$dir/backup/$k/" && cp -a -- "$@" "$stage/new/" && keep_old "$@" ) &&
    ( cd "$dir/new/$k" && cp -- "$@" "$stage/new/" ) &&
    same_owner "$@"
}

same_owner() {
  was=$(cd "$d/" && stat -c '%a %u %g' -- "$@") && is=$(cd "$stage/new" && stat -c '%a %u %g' -- "$@") || return 1
  [ "$was" = "$is" ] || { printf 'owner or mode could not be kept\n' >&2; return 1; }
}

stage_created() {
  open_stage && ( cd "$dir/new/$k" && cp -- "$@" "$stage/new/" ) &&
    ( cd "$stage/new" && chown "$owner" -- "$@" && chmod "$mode" -- "$@" )
}

stage_removed() {
  open_stage && mkdir -p "$dir/backup/$k" &&
    ( cd "$d/" && cp -a -- "$@" "$dir/backup/$k/" && keep_old "$@" )
}

staged_right() {
  true >"$dir/staged"
  for rows in replaced created; do
    while IFS=$tab read -r i k f_mode f_owner f_back f_before f_after d name path; do
      printf '%s  %s/.signet-%s/new/%s\n' "$f_after" "${d#-}" "$tag" "$name"
    done <"$dir/$rows" >>"$dir/staged"
  done
  [ ! -s "$dir/staged" ] || sha256sum -c "$dir/staged" >/dev/null
}

stages() {
  [ ! -f "$dir/stages" ] || while IFS= read -r path; do "$@" "$path"; done <"$dir/stages"
}

# ------------------------------------------------------------------ commands

# The lock's descriptor is closed for them: a daemon that a command starts would keep it for ever.
limited() {
  seconds=$1 input=$2
  shift 2
  if command -v timeout >/dev/null 2>&1; then
    timeout -s KILL "$seconds" "$@" <"$input" >"$dir/errors" 2>&1 9>&-
  else
    "$@" <"$input" >"$dir/errors" 2>&1 9>&- &
    child=$!
    ( sleep "$seconds" && kill -KILL "$child" ) >/dev/null 2>&1 9>&- &
    watch=$!
    wait "$child"
    set -- $?
    kill "$watch" 2>/dev/null
    return "$1"
  fi
}

run_command() {
  number=$1 seconds=$2
  shift 2
  input=/dev/null
  [ ! -f "$dir/command/$number.in" ] || input=$dir/command/$number.in
  limited "$seconds" "$input" sh "$dir/command/$number.sh" "$@"
}

# The end of what the last command or file operation said, on one line.
last_words() { tail -n 4 "$dir/errors" 2>/dev/null | tr '\n\r\t' '   ' | cut -c 1-500; }

# Runs the commands of one phase, in their order.
commands() {
  phase=$1
  exec 7<"$dir/manifest"
  while IFS=$tab read -r kind number what limit refs title <&7; do
    [ "$kind" = command ] && [ "$what" = "$phase" ] || continue
    set --
    while [ "$refs" != - ]; do
      eval "set -- \"\$@\" \"\$new_${refs%%,*}\""
      case $refs in *,*) refs=${refs#*,} ;; *) refs=- ;; esac
    done
    say step "$phase: $title"
    failed_at=$number
    run_command "$number" "$limit" "$@" 7<&-
    status=$?
    case $status in
      0) ;;
      124 | 137) failure=command-timeout trouble="$title did not end within $limit s"; return 1 ;;
      *) failure=$phase-failed trouble="$title: status $status. $(last_words)"; return 1 ;;
    esac
  done
  failed_at=''
}

# Every daemon is to read what was restored, whichever of them refuses. One that refused the new files too was perhaps
# not running before either: that is said, and is no reason to call the rollback incomplete.
activate_again() {
  refused=${failed_at:-}
  exec 7<"$dir/manifest"
  while IFS=$tab read -r kind number what limit refs title <&7; do
    [ "$kind" = command ] && [ "$what" = activate ] || continue
    run_command "$number" "$limit" 7<&- && continue
    note "note${tab}$title failed for what was restored: $(last_words)"
    [ "$number" = "$refused" ] || incomplete=1
  done
}

apply_records() {
  exec 7<"$dir/manifest"
  while IFS=$tab read -r kind number limit title <&7; do
    [ "$kind" = records ] || continue
    say step "records: $title"
    journal "records $number"
    if run_command "$number" "$limit" 7<&-; then
      journal "records $number done"
    else
      trouble="$title: $(last_words)"
      return 1
    fi
  done
}

# Every revert changes nothing unless it finds exactly what `apply` left: one that was only begun may be tried.
revert_records() {
  [ -f "$dir/journal" ] || return 0
  sed -n 's/^records \([0-9]*\)$/\1/p' "$dir/journal" | sort -rn >"$dir/reverts"
  while read -r reverting; do
    say step "records: taking $reverting back"
    run_command "$reverting.revert" 120 && continue
    begun "records $reverting done" || continue
    incomplete=1
    note "note${tab}a change of records could not be taken back: $(last_words)"
  done <"$dir/reverts"
}

# ------------------------------------------------------------------ acting and taking back

install_group() { ( cd "$stage/new" && mv -f -- "$@" "$d/" ) 2>>"$dir/errors"; }
create_group() { install_group "$@" && ( cd "$d/" && label "$@" ); }
remove_group() { ( cd "$d/" && rm -f -- "$@" ) 2>>"$dir/errors"; }

hash_group() {
  for name in "$@"; do
    [ ! -e "$d/$name" ] || set -- "$@" "$d/$name"
    shift
  done
  [ $# -eq 0 ] || sha256sum "$@" 2>/dev/null || true
}

# What is on the disk decides, not what the journal says: only what the runner wrote is taken back.
sort_out() {
  true >"$dir/restore" && true >"$dir/discard"
  for rows in replaced created removed; do
    groups hash_group "$rows" >"$dir/now"
    exec 6<"$dir/now"
    seen=''
    while IFS=$tab read -r i k f_mode f_owner f_back f_before f_after d name path; do
      file=${d#-}/$name
      now=-
      if [ -e "$file" ] || [ -L "$file" ]; then
        now=other
        [ -n "$seen" ] || IFS= read -r seen <&6 || seen=''
        if [ "${seen#*  }" = "$file" ]; then now=${seen%% *} seen=''; fi
      fi
      into=''
      case $rows in
        replaced) [ "$now" = "$f_before" ] || { into=left; [ "$now" != "$f_after" ] || into=restore; } ;;
        created) [ "$now" = - ] || { into=left; [ "$now" != "$f_after" ] || into=discard; } ;;
        removed) [ "$now" = "$f_before" ] || { into=left; [ "$now" != - ] || into=restore; } ;;
      esac
      case $into in
        left) incomplete=1; note "file${tab}left${tab}$path" ;;
        ?*) printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$i" "$k" "$f_mode" "$f_owner" "$f_back" "$f_before" \
          "$f_after" "$d" "$name" "$path" >>"$dir/$into" ;;
      esac
    done <"$dir/$rows"
  done
}

# The old file still has a name in the stage: giving it back needs no space on a full disk. A fresh time makes daemons
# that look at it read it again.
restore_group() {
  mkdir -p "$stage/new"
  if [ -n "$activated" ] && [ "$back" != - ]; then
    ( cd "$dir/backup/$k" && cp -a -- "$@" "$stage/new/" && cd "$dir/rollback/$k" && cp -- "$@" "$stage/new/" &&
      cd "$stage/new" && touch -- "$@" && mv -f -- "$@" "$d/" ) 2>>"$dir/errors" && return 0
  fi
  ( cd "$stage/old" && touch -- "$@" && mv -f -- "$@" "$d/" ) 2>>"$dir/errors" && return 0
  ( cd "$dir/backup/$k" && cp -a -- "$@" "$stage/new/" && cd "$stage/new" && touch -- "$@" &&
    mv -f -- "$@" "$d/" ) 2>>"$dir/errors" && return 0
  incomplete=1
  note "note${tab}not restored in ${d:-/}: $(last_words)"
}

discard_group() { remove_group "$@" || { incomplete=1; note "note${tab}not removed in ${d:-/}: $(last_words)"; }; }

clean_stages() { stages remove_stage; }
remove_stage() { rm -rf "$1" || rm -rf "$1" || note "note${tab}$1 could not be removed"; }

take_back() {
  rm -f "$dir/reserve"
  if [ -n "$prepared" ]; then
    say step 'taking it back'
    revert_records
    sort_out
    groups restore_group restore
    groups discard_group discard
  fi
  put_back
  clean_stages
  if [ -f "$dir/made" ]; then
    sort -r "$dir/made" >"$dir/unmake"
    while IFS= read -r path; do rmdir "$path" 2>/dev/null; done <"$dir/unmake"
  fi
  [ -z "$activated" ] || activate_again
}

# ------------------------------------------------------------------ ends

finish() {
  state=$1 code=$2 text=$3
  rm -rf "$dir/new" "$dir/rollback" "$dir/reserve"
  settle "$dir"
  {
    printf 'outcome\t%s\t%s\t%s\n' "$state" "$code" "$text"
    [ ! -f "$dir/notes" ] || cat "$dir/notes"
    printf 'end\n'
  } >"$dir/outcome.part" && settle "$dir" && mv "$dir/outcome.part" "$dir/outcome"
  settle "$dir"
  finished=1
  release_lock
}

# Ends it: what was done is taken back, whatever any check says. The third argument: how it ends instead of "rolled-back",
# where nothing was live yet.
fail() {
  trap '' HUP INT TERM
  failing=1
  take_back
  settle_all
  if [ -n "$incomplete" ]; then
    finish failed rollback-incomplete "$1: $2"
  else
    finish "${3:-rolled-back}" "$1" "$2"
  fi
  exit 0
}

# A file operation failed: what it said tells which problem it is.
broke() {
  words=$(last_words)
  case $words in
    *'No space left'* | *'quota exceeded'* | *'I/O error'*) fail disk-full "$1: $words" ;;
    *'Read-only file system'*) fail read-only "$1: $words" ;;
    *[Bb]usy* | *ross-device*) fail file-busy "$1: $words" ;;
    *) fail write-failed "$1: $words" ;;
  esac
}

settle_all() {
  set -- "$dir"
  for rows in replaced created removed; do
    [ -f "$dir/$rows" ] || continue
    last=''
    while IFS=$tab read -r i k f_mode f_owner f_back f_before f_after d rest; do
      [ "$d" = "$last" ] || [ ! -d "${d#-}/" ] || set -- "$@" "${d#-}/"
      last=$d
    done <"$dir/$rows"
  done
  settle "$@"
}

complete() {
  clean_stages
  while IFS=$tab read -r kind what f_mode f_owner path; do
    [ "$kind" = dir ] && [ "$what" = absent ] && rmdir "$path" 2>/dev/null
  done <"$dir/manifest"
  finish applied - -
}

# Of the directories of finished runs the last 20 stay, for whoever wants to see what was done.
prune() {
  kept=0
  ls -1t "$base" >"$dir/all" 2>/dev/null
  while IFS= read -r name; do
    [ -f "$base/$name/outcome" ] || continue
    kept=$((kept + 1))
    [ "$kept" -le 20 ] || rm -rf "${base:?}/$name"
  done <"$dir/all"
  rm -f "$dir/all"
  find "$base" -name '*.part' -prune -mmin +60 -exec rm -rf {} + 2>/dev/null
}

# ------------------------------------------------------------------ actions

# Whoever comes next settles what a dead process left, with the runner that came with it. That it cannot be settled must
# not stop anybody else: the hashes of `before` protect them.
recover_others() {
  for other in "$base"/*/manifest; do
    other=${other%/manifest}
    [ -f "$other/manifest" ] && [ ! -f "$other/outcome" ] && [ "$other" != "$dir" ] || continue
    ! alive "$other/process" || continue
    # One that arrived and never began: its runner may be about to start.
    [ -f "$other/journal" ] || [ -n "$(find "$other" -prune -mmin +10)" ] || continue
    sh "$other/runner.sh" recover-locked "$other" </dev/null >/dev/null 2>&1
    [ -f "$other/outcome" ] ||
      printf 'outcome\tfailed\trollback-incomplete\tcould not be recovered\nend\n' 2>/dev/null >"$other/outcome"
  done
}

recover() {
  [ ! -f "$dir/outcome" ] || return 0
  ! alive "$dir/process" || return 0
  read_manifest || return 1
  trap '' HUP INT TERM
  if begun committed; then
    complete
    return
  fi
  ! begun prepared || prepared=1
  read -r pid start on 2>/dev/null <"$dir/process" || on=''
  identify $$
  if begun activating || [ "$on" != "$boot" ]; then activated=1; fi
  [ -n "$prepared" ] || activated=''
  fail crashed 'the process that carried it out ended before it was done'
}

hold() {
  journal held
  printf 'held\n' >>"$dir/progress"
  left=$((confirm * 10))
  while [ "$left" -gt 0 ]; do
    [ ! -e "$dir/revert" ] || fail taken-back 'the laptop decided so'
    [ ! -e "$dir/confirm" ] || return 0
    left=$((left - 1))
    nap
  done
  fail unconfirmed "nobody confirmed it within $confirm s"
}

run() {
  identify $$
  printf '%s\n' "$identity" >"$dir/process" || exit 1
  read_manifest || exit 1
  trap 'fail interrupted "it was told to end (signal)"' HUP INT TERM
  trap '[ -n "$finished" ] || { [ -n "$failing" ] && finish failed rollback-incomplete crashed; } || fail crashed "the runner ended before it was done"' EXIT
  take_lock 150
  case $? in
    0) ;;
    1) fail locked "$(head -n 1 "$lock" 2>/dev/null | tr '\t' ' ')" failed ;;
    *) fail lock-failed "$lock cannot be written" failed ;;
  esac
  recover_others
  if [ -f "$dir/outcome" ]; then finished=1; release_lock; exit 0; fi
  journal started || fail disk-full 'the journal cannot be written'
  settle "$dir"

  say step 'comparing with the plan'
  fresh || fail stale 'the server is not as the plan found it' stale
  install_packages || fail "$failure" "$trouble"
  put_aside || broke 'making room beside the files of a package'
  resolve 2>"$dir/errors" || broke 'following links'
  ! twice || fail same-file-twice 'two paths of the change are one file' failed

  say step 'staging'
  make_directories || broke 'making directories'
  groups stage_replaced replaced 2>"$dir/errors" || broke 'staging'
  groups stage_created created 2>"$dir/errors" || broke 'staging'
  groups stage_removed removed 2>"$dir/errors" || broke 'staging'
  staged_right 2>"$dir/errors" || fail disk-full 'a staged file is not what was sent'
  commands check || fail "$failure" "$trouble"
  fresh || fail stale 'a file was changed while it was being checked' stale
  journal prepared || fail disk-full 'the journal cannot be written'
  settle_all
  prepared=1

  say step 'replacing files'
  true 2>/dev/null >"$dir/errors"
  groups create_group created || broke 'replacing files'
  groups install_group replaced || broke 'replacing files'
  groups remove_group removed || broke 'removing files'
  apply_records || fail records-failed "$trouble"
  journal activating
  activated=1
  commands activate || fail "$failure" "$trouble"
  commands verify || fail "$failure" "$trouble"
  [ "$confirm" = 0 ] || hold

  trap '' HUP INT TERM
  journal committed || fail disk-full 'the journal cannot be written'
  settle_all
  complete
  prune
}

follow() {
  waited=0
  exec 3<"$dir/progress"
  while :; do
    over=''
    [ ! -f "$dir/outcome" ] || over=1
    while IFS= read -r line <&3; do
      printf '%s\n' "$line"
      if [ "$line" = held ] && [ -z "$over" ] && [ ! -e "$dir/confirm" ] && [ ! -e "$dir/revert" ] && alive "$dir/process"; then
        return 0
      fi
    done
    if [ -n "$over" ]; then cat "$dir/outcome"; return 0; fi
    if ! alive "$dir/process" && [ ! -f "$dir/outcome" ]; then
      # It may not have written who it is yet.
      if [ -s "$dir/process" ] || [ "$waited" -ge 50 ]; then
        sh "$dir/runner.sh" recover "$dir" </dev/null >/dev/null 2>&1
        if [ ! -f "$dir/outcome" ]; then
          printf 'outcome\tfailed\trollback-incomplete\tit could not be recovered\nend\n'
          return 0
        fi
      fi
      waited=$((waited + 1))
    fi
    nap
  done
}

case $action in
  run) run ;;
  follow) follow ;;
  recover)
    read_manifest || exit 1
    take_lock 150 || exit 1
    recover
    release_lock
    ;;
  recover-locked) recover ;;
  *) exit 64 ;;
esac
