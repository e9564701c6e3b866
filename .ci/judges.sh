# What `.ci/interop` and `.ci/containers` share; to be sourced in the project's own folder.
# ESEAL: the command (default: the release build). SHARED: where pki/ and validate/ are (default: ../shared).
shared=$(cd "${SHARED:-../shared}" && pwd)
eseal=${ESEAL:-${CARGO_TARGET_DIR:-$PWD/target}/release/eseal}
root=$PWD
data=$root/testdata
work=$(mktemp -d)
begun_here=
trap '[ -z "$begun_here" ] || "$shared/pki/stop" >/dev/null; rm -rf "$work"' EXIT
state=${PKI_STATE:-${TMPDIR:-/tmp}/eseal-test-pki-$(id -u)-${PKI_PORT:-9471}}
[ -s "$state/pid" ] && kill -0 "$(cat "$state/pid")" 2>/dev/null || begun_here=1
settings=$("$shared/pki/start")
eval "$settings"
cd "$work"
export XDG_STATE_HOME=$work/state
printf 'test\n' >password
keys=(rsa2048 rsa3072 rsa4096 p256 p384 p521 ed25519 eseal-rsa eseal-p256 eseal-p384)
failed=0

say() { printf '%s\n' "$*"; }
fault() { say "FAULT: $*" >&2; failed=1; }
seal() { "$eseal" seal --key "$PKI_OUT/pfx/$1.p12" --password-file password --quiet "${@:2}"; }
judge() { # judge OPTIONS… -- FILES…: the strict verdict of all validators; what they complain about, if they do
  local options=() half
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  half=$((($# + 1) / 2))
  # Two calls side by side: much of their time is waiting.
  verdict "${options[@]}" "${@:1:half}" >judge.1 2>&1 &
  local other=$! status=0
  [ $# -eq 1 ] || verdict "${options[@]}" "${@:half+1}" >judge.2 2>&1 || status=1
  wait "$other" || status=1
  [ "$status" = 0 ] && return
  grep -hE '^INVALID|FAIL|WARN|rror' judge.* >&2
  fault "$validator"
}
refused() { # refused CODE COMMAND…: fails, and says why in its JSON
  local code=$1 status=0
  shift
  "$@" --json >refused.jsonl 2>refused.err || status=$?
  if [ "$status" = 0 ]; then fault "not refused ($code): $*"; return; fi
  # A document's error is a line of JSON; a run that can't begin says it on standard error.
  grep -qF -e "\"$code\"" -e "[$code]" refused.jsonl refused.err || fault "$code expected: $* said $(head -c 300 refused.jsonl refused.err)"
}
end() { # the last word
  [ "$failed" = 0 ] && say 'all good' || { say 'faults: see above' >&2; exit 1; }
}
