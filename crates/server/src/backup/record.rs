//! The lines of a backup, and the sums by which one is compared with what it was made of.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Write},
};

use portolan_types::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::db::dump::Cell;

/// One line, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Record {
    Head(Head),
    /// What the rows that follow are of.
    Table {
        name: String,
        columns: Vec<String>,
    },
    Row(Vec<Cell>),
    End(Sums),
}

/// What a backup is of. Not to be shown: the master key is in it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Head {
    pub portolan: String,
    /// The version of the schema.
    pub schema: i64,
    pub made_at: Timestamp,
    /// The master key as its file has it, unless it is kept elsewhere.
    pub master_key: Option<String>,
}

/// What there is of each table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sums(pub BTreeMap<String, Sum>);

/// Rows, and a digest that does not depend on their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sum {
    pub rows: u64,
    digest: [u8; 32],
}

impl Sums {
    /// Takes a row into account. Of equal rows, which no table of ours has, two would cancel out in
    /// the digest; their number would still tell.
    pub(super) fn add(
        &mut self,
        table: &str,
        columns: &[String],
        cells: &[Cell],
    ) -> io::Result<()> {
        let sum = match self.0.get_mut(table) {
            Some(sum) => sum,
            None => self.0.entry(table.to_owned()).or_default(),
        };
        // By name: another database may have the columns in another order.
        let row: BTreeMap<&String, &Cell> = columns.iter().zip(cells).collect();
        let digest = Sha256::digest(serde_json::to_vec(&row)?);
        sum.rows += 1;
        sum.digest.iter_mut().zip(digest).for_each(|(byte, other)| *byte ^= other);
        Ok(())
    }

    /// The tables of which two accounts differ.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let all = self.0.keys().chain(other.0.keys());
        let mut names: Vec<String> =
            all.filter(|name| self.0.get(*name) != other.0.get(*name)).cloned().collect();
        names.sort();
        names.dedup();
        names
    }
}

pub(super) fn write(to: &mut impl Write, record: &Record) -> io::Result<()> {
    serde_json::to_writer(&mut *to, record)?;
    to.write_all(b"\n")
}

/// The next record; `None` where the lines end.
pub(super) fn read(from: &mut impl BufRead, line: &mut String) -> io::Result<Option<Record>> {
    line.clear();
    if from.read_line(line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(line)?))
}
