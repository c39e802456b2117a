//! What is known of a server, in the measures of people.

use portolan_types::{Connection, server::Engine};

const GIB: u64 = 1 << 30;

/// Where a server is, as people write it.
#[derive(Debug, Clone)]
pub(in crate::web) struct Place {
    /// `root@db-1:22`, or the path of the socket.
    pub text: String,
    pub is_local: bool,
}

impl Place {
    pub(in crate::web) fn of(connection: &Connection) -> Self {
        match connection {
            Connection::Local { socket } => Self { text: socket.clone(), is_local: true },
            Connection::Ssh { host, port, user, .. } => {
                let host = host.as_str();
                let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
                let text = format!("{user}@{host}:{port}");
                Self { text, is_local: false }
            }
        }
    }
}

/// The file system that holds an engine's data.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    pub free: String,
    pub total: String,
    pub used_percent: u64,
}

impl Disk {
    /// `None` where it could not be read.
    pub(super) fn of(engine: &Engine) -> Option<Self> {
        let (total, free) = (engine.disk_total_bytes?, engine.disk_free_bytes?);
        let used = total.saturating_sub(free);
        let used_percent = used.saturating_mul(100).checked_div(total)?;
        Some(Self { free: gib(free), total: gib(total), used_percent })
    }
}

/// With one digit behind the point.
pub(super) fn gib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / GIB;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_people_write_them() {
        let place = |json: serde_json::Value| {
            Place::of(&serde_json::from_value(json).expect("a connection")).text
        };
        let key = "tz4a98xxat96iws9zmbrgj3a";
        let ssh = |host: &str| serde_json::json!({ "type": "ssh", "host": host, "key_id": key });
        assert_eq!(place(ssh("db-1")), "root@db-1:22");
        assert_eq!(place(ssh("2001:db8::1")), "root@[2001:db8::1]:22");
        assert_eq!(place(serde_json::json!({ "type": "local" })), "/var/run/docker.sock");
    }

    #[test]
    fn measures() {
        assert_eq!(gib(0), "0.0 GiB");
        assert_eq!(gib(3 * GIB / 2), "1.5 GiB");
        assert_eq!(gib(u64::MAX), "1717986918.3 GiB");
    }
}
