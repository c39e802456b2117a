#!/bin/bash
# Makes the data on the first start, as the official image does, then becomes the server. Honours
# MARIADB_ROOT_PASSWORD, MARIADB_USER, MARIADB_PASSWORD, MARIADB_DATABASE and /docker-entrypoint-initdb.d (*.sql).
set -euo pipefail

readonly DATA=/var/lib/mysql
readonly SOCKET=/run/mysqld/mysqld.sock

main() {
  [[ ${1:-} != -* ]] || set -- mariadbd "$@"
  if [[ $1 == mariadbd ]]; then
    [[ $(id -u) != 0 ]] || become_mysql "$@"
    [[ -d $DATA/mysql ]] || make_data "$@"
  fi
  exec "$@"
}

become_mysql() {
  chown -R mysql: "$DATA"
  exec setpriv --reuid mysql --regid mysql --init-groups -- "$0" "$@"
}

# Its server listens on a socket alone as long as it is not whole.
make_data() {
  [[ -n ${MARIADB_ROOT_PASSWORD:-} ]] || fail 'Set MARIADB_ROOT_PASSWORD.'
  mariadb-install-db --skip-test-db --auth-root-authentication-method=normal --datadir="$DATA" >/dev/null
  "$@" --skip-networking --socket="$SOCKET" &
  local server=$!
  until mariadb-admin --socket="$SOCKET" --user=root ping >/dev/null 2>&1; do
    kill -0 "$server" || fail 'The server ended while its data were made.'
    sleep 0.2
  done
  make_users | mariadb --socket="$SOCKET" --user=root
  run_scripts
  kill "$server"
  wait "$server"
}

fail() {
  echo "Error: $1" >&2
  exit 1
}

# The health check's own user may do nothing but come in.
make_users() {
  local known
  known=$(head -c 24 /dev/urandom | base64)
  printf '[mariadb-client]\nport=3306\nuser=healthcheck\npassword=%s\n' "$known" >"$DATA/.my-healthcheck.cnf"
  cat <<SQL
create user healthcheck@'127.0.0.1' identified by '$known';
create user healthcheck@localhost identified by '$known';
create user root@'%' identified by $(quoted "$MARIADB_ROOT_PASSWORD");
grant all on *.* to root@'%' with grant option;
SQL
  if [[ -n ${MARIADB_DATABASE:-} ]]; then
    echo "create database \`$MARIADB_DATABASE\`;"
  fi
  if [[ -n ${MARIADB_USER:-} ]]; then
    echo "create user $(quoted "$MARIADB_USER")@'%' identified by $(quoted "$MARIADB_PASSWORD");"
    echo "grant all on \`${MARIADB_DATABASE//_/\\_}\`.* to $(quoted "$MARIADB_USER")@'%';"
  fi
  echo "alter user root@localhost identified by $(quoted "$MARIADB_ROOT_PASSWORD");"
}

quoted() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\'\'}"
}

run_scripts() {
  local script
  for script in /docker-entrypoint-initdb.d/*.sql; do
    [[ -e $script ]] || continue
    MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb --socket="$SOCKET" --user=root "${MARIADB_DATABASE:-mysql}" <"$script"
  done
}

main "$@"
