//! How a server lies in its row.

use portolan_types::{Connection, HostKey, Server, TeamId, Timestamp};
use sqlx::{FromRow, Row, any::AnyRow};

use crate::db::{json_option, moment, moment_option, parsed, parsed_option, port};

/// The columns that [`Assigned`] is read from.
macro_rules! columns {
    () => {
        "id, team_id, name, description, connection, socket, host, port, account, key_id, \
         revision, build_server, state, reason, kind, swarm, reachability, last_contact_at, \
         host_key_algorithm, host_key_fingerprint, host_key, host_key_pinned_at, access, engine, pools, \
         terminal, operation_id, created_at, updated_at"
    };
}

pub(super) use columns;

/// A server with what the API does not show.
#[derive(Debug, Clone)]
pub struct Assigned {
    pub team_id: TeamId,
    pub revision: i64,
    pub server: Server,
}

impl FromRow<'_, AnyRow> for Assigned {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let last_contact_at = moment_option(row, "last_contact_at")?;
        Ok(Self {
            team_id: parsed(row, "team_id")?,
            revision: row.try_get("revision")?,
            server: Server {
                id: parsed(row, "id")?,
                name: parsed(row, "name")?,
                description: parsed(row, "description")?,
                connection: connection(row)?,
                kind: parsed_option(row, "kind")?,
                swarm: json_option(row, "swarm")?,
                build_server: row.try_get::<i64, _>("build_server")? == 1,
                state: parsed(row, "state")?,
                reason: row.try_get("reason")?,
                reachability: parsed(row, "reachability")?,
                last_contact_at,
                last_contact_age_seconds: last_contact_at
                    .map(|at| at.seconds_until(Timestamp::now())),
                host_key: host_key(row)?,
                access: parsed_option(row, "access")?,
                engine: json_option(row, "engine")?,
                pools: json_option(row, "pools")?.unwrap_or_default(),
                terminal: parsed(row, "terminal")?,
                operation_id: parsed_option(row, "operation_id")?,
                created_at: moment(row, "created_at")?,
                updated_at: moment(row, "updated_at")?,
            },
        })
    }
}

fn connection(row: &AnyRow) -> Result<Connection, sqlx::Error> {
    let of: String = row.try_get("connection")?;
    if of == "local" {
        return Ok(Connection::Local { socket: row.try_get("socket")? });
    }
    Ok(Connection::Ssh {
        host: parsed(row, "host")?,
        port: port(row, "port")?,
        user: parsed(row, "account")?,
        key_id: parsed(row, "key_id")?,
    })
}

fn host_key(row: &AnyRow) -> Result<Option<HostKey>, sqlx::Error> {
    let Some(fingerprint) = parsed_option(row, "host_key_fingerprint")? else { return Ok(None) };
    Ok(Some(HostKey {
        algorithm: row.try_get("host_key_algorithm")?,
        fingerprint,
        public_key: row.try_get("host_key")?,
        pinned_at: moment(row, "host_key_pinned_at")?,
    }))
}

/// The columns of a connection: socket, host, port, account, key.
pub(super) type ConnectionColumns<'a> =
    (&'static str, Option<&'a str>, Option<&'a str>, Option<i64>, Option<&'a str>, Option<&'a str>);

pub(super) fn connection_columns(connection: &Connection) -> ConnectionColumns<'_> {
    match connection {
        Connection::Local { socket } => ("local", Some(socket), None, None, None, None),
        Connection::Ssh { host, port, user, key_id } => (
            "ssh",
            None,
            Some(host.as_str()),
            Some(i64::from(port.get())),
            Some(user.as_str()),
            Some(key_id.as_str()),
        ),
    }
}
