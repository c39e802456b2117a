//! What pages of a container show, whether it is one of a destination or the one that serves an
//! application: what it says, and what it uses.

use portolan_types::{ContainerStats, LineCount, LogLine, ReadLogs, Timestamp, page::SearchText};
use serde::Deserialize;

use crate::{
    Actor, Error, amount::bytes, api::AppState, container::Named, error::Refusal, readings,
};

/// How far back, as the form offers it: the word, what it means, and the seconds.
pub(super) const AGES: [(&str, &str, i64); 4] = [
    ("10m", "10 minutes", 600),
    ("1h", "an hour", 3_600),
    ("1d", "a day", 86_400),
    ("7d", "a week", 604_800),
];
/// How many lines the form offers.
pub(super) const COUNTS: [u32; 4] = [200, 1_000, 5_000, 10_000];

/// What the form asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub lines: LineCount,
    pub since: String,
    search: Option<SearchText>,
}

impl Wanted {
    fn since(&self) -> Option<Timestamp> {
        let age = AGES.iter().find(|(word, _, _)| *word == self.since);
        age.map(|(_, _, seconds)| Timestamp::now().plus_seconds(-seconds))
    }

    pub(super) fn searched(&self) -> &str {
        self.search.as_ref().map_or("", SearchText::as_str)
    }
}

/// What a container said.
#[derive(Debug)]
pub(super) struct Logs {
    pub wanted: Wanted,
    /// What the API is asked for the same lines.
    pub query: String,
    pub lines: Vec<LogLine>,
    pub left_out: u64,
    pub refused: Option<Refusal>,
}

impl Logs {
    pub(super) async fn read(
        app: &AppState,
        actor: &Actor,
        named: Named<'_>,
        wanted: Wanted,
    ) -> Result<Self, Error> {
        let (lines, since) = (wanted.lines, wanted.since());
        let read = ReadLogs { lines, since, search: wanted.search.clone(), until: None };
        let query = query(&read);
        let (read, refused) = match readings::read_logs(app, actor, named, read).await {
            Ok(read) => (read, None),
            Err(Error::Refused(refusal)) => (readings::Lines::default(), Some(refusal)),
            Err(error) => return Err(error),
        };
        let readings::Lines { lines, left_out } = read;
        Ok(Self { wanted, query, lines, left_out, refused })
    }
}

fn query(read: &ReadLogs) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("lines", &read.lines.get().to_string());
    if let Some(since) = read.since {
        query.append_pair("since", &since.to_string());
    }
    if let Some(search) = &read.search {
        query.append_pair("search", search.as_str());
    }
    query.finish()
}

/// What a container uses, in words.
#[derive(Debug)]
pub(super) struct Numbers {
    pub at: Timestamp,
    pub cpu: String,
    pub cpus: u32,
    pub memory: String,
    pub limit: Option<String>,
    pub network: String,
    pub disk: String,
    pub processes: u64,
}

impl Numbers {
    /// One sample, or why there is none.
    pub(super) async fn read(
        app: &AppState,
        actor: &Actor,
        named: Named<'_>,
    ) -> Result<Result<Self, Refusal>, Error> {
        match readings::read_stats(app, actor, named).await {
            Ok(stats) => Ok(Ok(Self::of(&stats))),
            Err(Error::Refused(refusal)) => Ok(Err(refusal)),
            Err(error) => Err(error),
        }
    }

    fn of(stats: &ContainerStats) -> Self {
        let used = stats.cpu_thousandths.unwrap_or(0);
        let (received, sent) = (bytes(stats.received_bytes), bytes(stats.sent_bytes));
        let (read, written) = (bytes(stats.read_bytes), bytes(stats.written_bytes));
        Self {
            at: stats.at,
            cpu: format!("{}.{} %", used / 10, used % 10),
            cpus: stats.cpus,
            memory: bytes(stats.memory_bytes),
            limit: stats.memory_limit_bytes.map(bytes),
            network: format!("{received} in, {sent} out"),
            disk: format!("{read} read, {written} written"),
            processes: stats.processes,
        }
    }
}
