#!/bin/sh
# Options alone, or a configuration file, are arguments of redis-server. Protected mode is off, as in the official
# image, because a container's port is reachable only where somebody connected or published it.
set -eu

case ${1:-} in
  -* | *.conf) set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ]; then
  set -- "$@" --protected-mode no
  if [ "$(id -u)" = 0 ]; then
    chown -R redis: .
    exec setpriv --reuid redis --regid redis --init-groups -- "$@"
  fi
fi
exec "$@"
