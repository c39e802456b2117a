#!/bin/sh
# Options alone, or a configuration file, are arguments of valkey-server. Protected mode is off, as in the official
# image, because a container's port is reachable only where somebody connected or published it.
set -eu

case ${1:-} in
  -* | *.conf) set -- valkey-server "$@" ;;
esac
if [ "$1" = valkey-server ]; then
  set -- "$@" --protected-mode no
  if [ "$(id -u)" = 0 ]; then
    chown -R valkey: .
    exec setpriv --reuid valkey --regid valkey --init-groups -- "$@"
  fi
fi
exec "$@"
