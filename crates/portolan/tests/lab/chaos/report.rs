//! What came of the faults, for `docs/reliability.md`.

use std::{env, fs::OpenOptions, io::Write, time::Duration};

use anyhow::{Context, Result};

use super::visitor::Seen;

/// How much is tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tries {
    /// Times that each fault is tried.
    pub(super) each: u32,
    /// How long a host is cut off at least.
    pub(super) cut: Duration,
}

impl Tries {
    /// `PORTOLAN_CHAOS` is a number of tries; without it each is tried once, and quickly.
    pub(super) fn asked() -> Self {
        let asked = env::var("PORTOLAN_CHAOS").ok().and_then(|text| text.parse().ok());
        match asked {
            Some(each) => Self { each, cut: Duration::from_mins(1) },
            None => Self { each: 1, cut: Duration::ZERO },
        }
    }
}

/// A line of the report.
#[derive(Debug)]
pub(super) struct Row {
    proxy: String,
    fault: &'static str,
    healed: Vec<Duration>,
    asked: u64,
    unanswered: u64,
}

impl Row {
    pub(super) fn new(proxy: &str, fault: &'static str) -> Self {
        Self { proxy: proxy.to_owned(), fault, healed: Vec::new(), asked: 0, unanswered: 0 }
    }

    pub(super) fn add(&mut self, healed: Duration, seen: &Seen) {
        self.healed.push(healed);
        self.asked += seen.asked;
        self.unanswered += seen.unanswered;
    }

    /// Appends it to the file `PORTOLAN_CHAOS_REPORT`, where there is to be one.
    pub(super) fn write(mut self) -> Result<()> {
        let Some(path) = env::var_os("PORTOLAN_CHAOS_REPORT") else { return Ok(()) };
        self.healed.sort_unstable();
        let line = format!(
            "| {} | {} | {} | {} | {} | {} | {} |",
            self.fault,
            self.proxy,
            self.healed.len(),
            seconds(self.percentile(50)),
            seconds(self.percentile(95)),
            self.asked,
            self.unanswered,
        );
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        writeln!(file, "{line}").with_context(|| format!("could not write {}", path.display()))
    }

    /// The nearest rank.
    fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.healed.len() * percent).div_ceil(100);
        self.healed.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
