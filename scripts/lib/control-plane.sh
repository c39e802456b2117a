# shellcheck shell=bash
# Owns the running control plane: builds the binary, starts and replaces the process, signs the owner in, and makes the
# first server and destination. Everything it keeps is in the state directory:
#
#   data/        the database and the master key
#   setup-token  lets the first owner in, once
#   client.toml  the address and the token of the command line (0600)
#   password     of the owner, for the browser (0600)
#   bin/         `portolan`, which runs the built binary with that client.toml
#
# The user's own client configuration is neither read nor written: a checkout can be tried beside a real installation,
# two checkouts do not mix, and `make clean-data` leaves nothing behind.

readonly LISTEN=${PORTOLAN_LISTEN:-127.0.0.1:7070}
readonly PORT=${LISTEN##*:}
readonly PROFILE=${PORTOLAN_PROFILE:-release}
readonly CLIENT_CONFIG=$STATE/client.toml
readonly SETUP_TOKEN=$STATE/setup-token
readonly PASSWORD=$STATE/password
readonly OWNER=owner@localhost
readonly SERVER=this-machine
readonly DESTINATION=first

require_plain_listen() {
  [[ $LISTEN =~ ^[][0-9A-Za-z.:-]+:[0-9]{1,5}$ ]] ||
    fail "PORTOLAN_LISTEN is \`$LISTEN\`" "it is ADDRESS:PORT, for example 127.0.0.1:7070"
}

# Where this machine reaches it: an address that means "all" is for listening only.
base_url() {
  local host=${LISTEN%:*}
  case $host in
    0.0.0.0) host=127.0.0.1 ;;
    '[::]') host='[::1]' ;;
  esac
  echo "http://$host:$PORT"
}

# dev | release: dev builds faster and runs slower.
build_binary() {
  say "building portolan (profile $PROFILE)"
  # Run in the checkout: cargo looks for its configuration from there.
  (cd "$CHECKOUT" && cargo build --locked --profile "$PROFILE" -p portolan >&2) ||
    fail "the build failed" "read the compiler's message above"
}

binary_path() {
  local directory=$PROFILE
  [[ $PROFILE != dev ]] || directory=debug
  echo "$(target_directory)/$directory/portolan"
}

# client ARGS... : the built command line, with this checkout's sign-in.
client() { "$BINARY" --client-file "$CLIENT_CONFIG" "$@"; }

write_wrapper() {
  mkdir -p "$STATE/bin"
  # `doctor` looks at the installation of this checkout, unless it is told otherwise.
  # shellcheck disable=SC2016  # expanded by the wrapper
  {
    echo '#!/bin/sh'
    printf 'export PORTOLAN_CLIENT_FILE=%q\n' "$CLIENT_CONFIG"
    printf 'export PORTOLAN_DATA_DIR="${PORTOLAN_DATA_DIR:-%q}"\n' "$STATE/data"
    printf 'export PORTOLAN_LISTEN="${PORTOLAN_LISTEN:-%q}"\n' "$LISTEN"
    printf 'exec %q "$@"\n' "$BINARY"
  } >"$STATE/bin/portolan"
  chmod 0755 "$STATE/bin/portolan"
}

# Without a sign-in it is started anew: a setup token expires, is valid for one process, and is only written at its
# start.
ensure_control_plane() {
  BINARY=$(binary_path)
  local serve=("$BINARY" serve --data-dir "$STATE/data" --listen "$LISTEN" --setup-token-file "$SETUP_TOKEN")
  if is_signed_in && is_running portolan && runs_as_wanted "${serve[@]}"; then
    say "portolan runs already, and nothing about it has changed"
  else
    if is_running portolan; then stop_process portolan 30; fi
    require_free_port
    say "starting portolan, its log is $(log_file portolan)"
    (umask 077 && mkdir -p "$STATE/data")
    rm -f "$SETUP_TOKEN"
    start_process portolan "${serve[@]}"
  fi
  wait_for_process portolan 60 is_ready
}

# The kernel knows which file runs (a rebuilt one has taken its name, not its place) and with which arguments.
runs_as_wanted() {
  local pid running
  pid=$(running_pid portolan)
  mapfile -d '' -t running <"/proc/$pid/cmdline"
  [[ /proc/$pid/exe -ef $1 && ${running[*]} == "$*" ]]
}

is_ready() { curl -fs --max-time 5 -o /dev/null "$(base_url)/readyz"; }

require_free_port() {
  local inode
  inode=$(listener_inode)
  [[ -z $inode ]] ||
    fail "port $PORT is in use by $(socket_owner "$inode")" "stop it, or choose another: PORTOLAN_LISTEN=127.0.0.1:7071 make run"
}

# From /proc, because a minimal system has neither ss nor lsof. State 0A is LISTEN.
listener_inode() {
  local port
  printf -v port ':%04X' "$((10#$PORT))"
  cat /proc/net/tcp /proc/net/tcp6 | awk -v port="$port\$" '$4 == "0A" && $2 ~ port { print $10; exit }'
}

# Processes of other users cannot be read without root, and processes end while they are looked at.
socket_owner() {
  local link pid
  link=$(find /proc/[0-9]*/fd -lname "socket:\[$1\]" -print -quit 2>/dev/null) || link=
  pid=${link#/proc/}
  pid=${pid%%/*}
  if [[ -n $pid ]]; then
    echo "\`$(process_name "$pid")\` (pid $pid)"
  else
    echo "another process (run as root to see which)"
  fi
}

is_signed_in() { [[ -s $CLIENT_CONFIG ]]; }

ensure_signed_in() {
  if is_signed_in; then
    follow_address
    return
  fi
  wait_until 10 test -s "$SETUP_TOKEN" ||
    fail "there is no sign-in in $CLIENT_CONFIG and portolan made no setup token: this control plane has an owner already" \
      "put the lost file back, or begin anew: make clean-data CONFIRM=yes"
  say "first start: creating the owner and the team"
  (umask 077 && head -c 18 /dev/urandom | base64 >"$PASSWORD")
  client login --url "$(base_url)" --setup-token-file "$SETUP_TOKEN" --email "$OWNER" --team 'Default team' \
    --password-stdin <"$PASSWORD" >&2
  rm -f "$SETUP_TOKEN"
}

# The command line never sends a stored token to another address than the one it was stored with.
follow_address() {
  local url token
  url=$(base_url)
  ! grep -qF "\"$url\"" "$CLIENT_CONFIG" || return 0
  token=$(sed -n 's/^token = "\(.*\)"$/\1/p' "$CLIENT_CONFIG")
  say "the address is $url now: storing the sign-in for it"
  client login --url "$url" --token - <<<"$token" >&2
}

# Both commands wait until the thing has been validated, and say why when it cannot be.
ensure_server() {
  ! is_listed server "$SERVER" || return 0
  say "adding this machine as the server \`$SERVER\`"
  client server add "$SERVER" --local >&2
}

ensure_destination() {
  ! is_listed destination "$DESTINATION" || return 0
  say "creating the destination \`$DESTINATION\` on \`$SERVER\`"
  client destination create --server "$SERVER" --name "$DESTINATION" >&2
}

# is_listed RESOURCE NAME: names are plain text, so the JSON needs no parser.
is_listed() {
  local list
  list=$(client "$1" list --search "$2" --json) || fail "could not list each $1" "see $(log_file portolan)"
  grep -qE "\"name\": ?\"$2\"" <<<"$list"
}

print_welcome() {
  cat <<TEXT

Portolan is running.

  address        $(base_url)
  sign-in        $OWNER with $(password_in_words)
  command line   export PATH="$STATE/bin:\$PATH"
                 portolan destination list        (portolan --help shows the rest; it is signed in)
  API, to try    $(base_url)/docs/
                 portolan token create robot --abilities write     makes a token for a program
  data, logs     $STATE
  stop           make stop                        (the data stays)
TEXT
}

# An installation of an earlier version has an owner without a password.
password_in_words() {
  if [[ -s $PASSWORD ]]; then
    echo "the password $(<"$PASSWORD") (kept in $PASSWORD)"
  else
    echo "a password of yours: portolan user password"
  fi
}
