//! What a container uses, as the engine tells it: an object a second, for as long as it is read.
//!
//! bollard's decoder of JSON lines keeps a line without end in memory, as for events.

use std::{collections::BTreeMap, io};

use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use http_body_util::BodyDataStream;
use portolan_types::Timestamp;
use serde::Deserialize;
use tokio_util::{
    codec::{FramedRead, LinesCodec, LinesCodecError},
    io::StreamReader,
};

use super::{
    super::{
        Counted, HostError,
        engine::{Engine, not_understood},
        limits,
    },
    id::DockerId,
    pace::Pace,
};

/// An object of `GET /containers/{id}/stats`, as far as it is read. What an engine does not count is
/// absent, or null.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sample {
    read: String,
    cpu_stats: Option<Cpu>,
    memory_stats: Option<Memory>,
    networks: Option<BTreeMap<String, Network>>,
    blkio_stats: Option<Blocks>,
    pids_stats: Option<Processes>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cpu {
    cpu_usage: CpuUsage,
    online_cpus: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CpuUsage {
    total_usage: u64,
    percpu_usage: Option<Vec<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Memory {
    usage: u64,
    limit: Option<u64>,
    stats: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Network {
    rx_bytes: u64,
    tx_bytes: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Blocks {
    io_service_bytes_recursive: Option<Vec<Moved>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Moved {
    op: String,
    value: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Processes {
    current: Option<u64>,
}

pub(super) async fn open(
    engine: &Engine,
    docker_id: &str,
) -> Result<BoxStream<'static, Result<Counted, HostError>>, HostError> {
    let path = format!("/containers/{}/stats?stream=1", DockerId::parse(docker_id)?);
    let body = engine.stream("watch what the container uses", &path).await?;
    let bytes = StreamReader::new(BodyDataStream::new(body).map_err(io::Error::other));
    let lines = FramedRead::new(bytes, LinesCodec::new_with_max_length(limits::EVENT));
    let watching = (lines, Pace::new(limits::STATS_A_SECOND), engine.clone());
    Ok(stream::unfold(Some(watching), |watching| async {
        let (mut lines, mut pace, engine) = watching?;
        let line = lines.next().await?;
        let counted = line
            .map_err(|error| failure(&engine, &error))
            .and_then(|line| serde_json::from_str(&line).map_err(|error| not_understood(&error)))
            .map(|stats| read(&stats));
        pace.keep(1).await;
        match counted {
            // Of a container that has ended it counts on, and counts nothing.
            Ok(None) => None,
            Ok(Some(counted)) => Some((Ok(counted), Some((lines, pace, engine)))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed())
}

fn failure(engine: &Engine, error: &LinesCodecError) -> HostError {
    match error {
        LinesCodecError::MaxLineLengthExceeded => {
            HostError::Protocol { why: "what the container uses is too much to be told".into() }
        }
        LinesCodecError::Io(error) => match error.get_ref() {
            Some(cause) => engine.failure(cause),
            None => engine.failure(error),
        },
    }
}

/// Nothing where nothing was counted: the time is that of the year 1.
fn read(stats: &Sample) -> Option<Counted> {
    let at: Timestamp = stats.read.parse().ok()?;
    let cpu = stats.cpu_stats.as_ref().filter(|_| at.as_millis() > 0)?;
    let networks = stats.networks.iter().flat_map(BTreeMap::values);
    let (received_bytes, sent_bytes) = networks.fold((0_u64, 0_u64), |(received, sent), one| {
        (received.saturating_add(one.rx_bytes), sent.saturating_add(one.tx_bytes))
    });
    let (read_bytes, written_bytes) = moved(stats.blkio_stats.as_ref());
    let memory = stats.memory_stats.as_ref();
    let each = cpu.cpu_usage.percpu_usage.as_ref().and_then(|each| u32::try_from(each.len()).ok());
    Some(Counted {
        at_nanos: i128::from(at.as_millis()) * 1_000_000,
        cpu_nanos: cpu.cpu_usage.total_usage,
        // Engines before 17.12 do not count them, and list each.
        cpus: cpu.online_cpus.filter(|cpus| *cpus > 0).or(each).unwrap_or(1).max(1),
        memory_bytes: memory.map_or(0, |memory| memory.usage),
        inactive_file_bytes: memory.map_or(0, inactive_file),
        memory_limit_bytes: memory.and_then(|memory| memory.limit).filter(|limit| *limit > 0),
        received_bytes,
        sent_bytes,
        read_bytes,
        written_bytes,
        processes: stats.pids_stats.as_ref().and_then(|pids| pids.current).unwrap_or(0),
    })
}

/// The kernel's word of cgroups of version 1 counts those below too; that of version 2 does so by
/// itself.
fn inactive_file(memory: &Memory) -> u64 {
    let word = |word: &str| memory.stats.get(word).and_then(serde_json::Value::as_u64);
    word("total_inactive_file").or_else(|| word("inactive_file")).unwrap_or(0)
}

fn moved(blocks: Option<&Blocks>) -> (u64, u64) {
    let all = blocks.and_then(|blocks| blocks.io_service_bytes_recursive.as_deref());
    let all = all.unwrap_or_default();
    let of = |word: &str| {
        let moved = all.iter().filter(|moved| moved.op.eq_ignore_ascii_case(word));
        moved.fold(0_u64, |sum, moved| sum.saturating_add(moved.value))
    };
    (of("read"), of("write"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn counted(stats: Value) -> Option<Counted> {
        read(&serde_json::from_value(stats).expect("stats"))
    }

    #[test]
    fn cgroups_of_version_2() {
        let found = counted(json!({
            "read": "2026-01-31T12:00:00.5Z", "preread": "0001-01-01T00:00:00Z",
            "pids_stats": { "current": 7, "limit": 18_446_744_073_709_551_615_u64 },
            "blkio_stats": { "io_service_bytes_recursive": [
                { "major": 8, "minor": 0, "op": "read", "value": 4096 },
                { "major": 8, "minor": 0, "op": "write", "value": 10 },
                { "major": 9, "minor": 0, "op": "read", "value": 1 },
            ], "io_serviced_recursive": null },
            "cpu_stats": { "cpu_usage": { "total_usage": 123, "usage_in_kernelmode": 3 },
                "system_cpu_usage": 99, "online_cpus": 8 },
            "memory_stats": { "usage": 1000, "limit": 5000, "stats": { "inactive_file": 300 } },
            "networks": { "eth0": { "rx_bytes": 5, "tx_bytes": 6, "rx_packets": 1 },
                "eth1": { "rx_bytes": 10, "tx_bytes": 20 } },
        }))
        .expect("counted");
        assert_eq!((found.cpus, found.cpu_nanos, found.processes), (8, 123, 7));
        assert_eq!((found.memory_bytes, found.inactive_file_bytes), (1000, 300));
        assert_eq!(found.memory_limit_bytes, Some(5000));
        assert_eq!((found.received_bytes, found.sent_bytes), (15, 26));
        assert_eq!((found.read_bytes, found.written_bytes), (4097, 10));
        assert_eq!(found.at_nanos % 1_000_000_000, 500_000_000);
    }

    #[test]
    fn cgroups_of_version_1() {
        let found = counted(json!({
            "read": "2026-01-31T12:00:00Z",
            "blkio_stats": { "io_service_bytes_recursive": [
                { "op": "Read", "value": 1 }, { "op": "Write", "value": 2 },
                { "op": "Total", "value": 3 },
            ] },
            "cpu_stats": { "cpu_usage": { "total_usage": 1, "percpu_usage": [1, 0, 0] } },
            "memory_stats": { "usage": 10,
                "stats": { "inactive_file": 1, "total_inactive_file": 4 } },
        }))
        .expect("counted");
        assert_eq!((found.cpus, found.inactive_file_bytes), (3, 4));
        assert_eq!((found.read_bytes, found.written_bytes), (1, 2));
        assert_eq!((found.memory_limit_bytes, found.processes), (None, 0));
    }

    #[test]
    fn of_what_has_ended_nothing_is_counted() {
        let ended = json!({ "read": "0001-01-01T00:00:00Z", "cpu_stats": { "cpu_usage": {} } });
        assert_eq!(counted(ended), None);
        assert_eq!(counted(json!({})), None);
        assert_eq!(counted(json!({ "read": "2026-01-31T12:00:00Z", "cpu_stats": null })), None);
    }
}
