#!/bin/bash
# Makes the database cluster on the first start, as the official image does, then becomes the server. Honours
# POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB (each also as NAME_FILE), POSTGRES_INITDB_ARGS,
# POSTGRES_HOST_AUTH_METHOD, PGDATA and /docker-entrypoint-initdb.d (*.sh, *.sql, *.sql.gz).
set -euo pipefail

main() {
  [[ ${1:-} != -* ]] || set -- postgres "$@"
  if [[ $1 == postgres ]]; then
    [[ $(id -u) != 0 ]] || become_postgres "$@"
    [[ -s $PGDATA/PG_VERSION ]] || make_cluster
  fi
  exec "$@"
}

become_postgres() {
  install -d -m 700 -o postgres -g postgres "$PGDATA"
  install -d -m 2775 -o postgres -g postgres /var/run/postgresql
  chown -R postgres: "$PGDATA"
  exec setpriv --reuid postgres --regid postgres --init-groups -- "$0" "$@"
}

make_cluster() {
  read_secret POSTGRES_PASSWORD ''
  read_secret POSTGRES_USER postgres
  read_secret POSTGRES_DB "$POSTGRES_USER"
  require_password
  # shellcheck disable=SC2086  # several arguments in one variable, as users of the official image expect
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") ${POSTGRES_INITDB_ARGS:-}
  printf 'host all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  pg_ctl -w start -o "-c listen_addresses=''"
  make_database
  run_scripts
  pg_ctl -w -m fast stop
}

read_secret() {
  local name=$1 file=$1_FILE value=${!1:-$2}
  [[ -z ${!file:-} ]] || value=$(<"${!file}")
  printf -v "$name" '%s' "$value"
}

require_password() {
  [[ -z $POSTGRES_PASSWORD && ${POSTGRES_HOST_AUTH_METHOD:-} != trust ]] || return 0
  echo 'Error: Database is uninitialized and superuser password is not specified. Set POSTGRES_PASSWORD.' >&2
  exit 1
}

sql() { psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"; }

make_database() {
  [[ $POSTGRES_DB != postgres ]] || return 0
  sql --dbname postgres -v name="$POSTGRES_DB" <<<'create database :"name";'
}

run_scripts() {
  local script
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sh) bash "$script" ;;
      *.sql) sql -f "$script" ;;
      *.sql.gz) gunzip -c "$script" | sql ;;
    esac
  done
}

main "$@"
