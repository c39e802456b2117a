//! Whether the chain holds: entry by entry from the beginning, in bounded memory, and the same over
//! the API and beside a stopped control plane.

use portolan_types::{AuditBreak, AuditFault, AuditNote, AuditVerdict};
use sqlx::AnyConnection;

use super::key::{AuditKey, BEGINNING};
use crate::db::{
    self,
    audit::{End, Proved},
};

/// Rows that are read at once.
const BATCH: i64 = 1_000;

/// Reads everything.
pub(super) async fn verify(
    conn: &mut AnyConnection,
    key: &AuditKey,
    note: &AuditNote,
) -> Result<AuditVerdict, sqlx::Error> {
    // The end first: while the rest is read, more may follow it, but what it tells of must be there.
    let end = db::audit::find_end(conn).await?;
    let mut check = Check::new(key, note);
    let mut after = i64::MIN;
    loop {
        let rows = db::audit::list_chain(conn, after, BATCH).await?;
        for row in &rows {
            if let Err(broken) = check.next(row) {
                return Ok(check.verdict(0, Some(broken)));
            }
            after = check.count;
        }
        if rows.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            break;
        }
    }
    if let Err(broken) = check.end(&end) {
        return Ok(check.verdict(0, Some(broken)));
    }
    let (waiting, broken) = verify_waiting(conn, key).await?;
    Ok(check.verdict(waiting, broken))
}

/// Entries without a place prove themselves.
async fn verify_waiting(
    conn: &mut AnyConnection,
    key: &AuditKey,
) -> Result<(u64, Option<AuditBreak>), sqlx::Error> {
    let (mut after, mut count) = ((i64::MIN, String::new()), 0);
    loop {
        let rows = db::audit::list_waiting(conn, (after.0, &after.1), BATCH).await?;
        let Some(last) = rows.last() else { return Ok((count, None)) };
        after = (last.entry.written, last.entry.id.clone());
        for row in &rows {
            if key.prove(&row.entry) != row.proof {
                return Ok((count, Some(altered(None, &row.entry.id))));
            }
            count += 1;
        }
    }
}

/// How far the chain was followed.
#[derive(Debug)]
struct Check<'a> {
    key: &'a AuditKey,
    note: &'a AuditNote,
    count: i64,
    head: String,
}

impl<'a> Check<'a> {
    fn new(key: &'a AuditKey, note: &'a AuditNote) -> Self {
        Self { key, note, count: 0, head: BEGINNING.to_owned() }
    }

    /// The next entry in the order of the chain.
    fn next(&mut self, row: &Proved) -> Result<(), AuditBreak> {
        let wanted = self.count + 1;
        let id = row.entry.id.as_str();
        let Some(link) = &row.link else { return Err(moved(wanted, id)) };
        if link.sequence > wanted {
            return Err(missing(wanted, link.sequence - 1));
        }
        if self.key.prove(&row.entry) != row.proof {
            return Err(altered(Some(wanted), id));
        }
        let hash = self.key.link(wanted, &self.head, &row.proof);
        if link.sequence != wanted || link.previous_hash != self.head || link.hash != hash {
            return Err(moved(wanted, id));
        }
        (self.count, self.head) = (wanted, hash);
        self.compare_with_note()
    }

    fn compare_with_note(&self) -> Result<(), AuditBreak> {
        match (&self.note.head, self.note.count) {
            (Some(head), Some(count)) if number(self.count) == count => {
                if head.as_str() == self.head { Ok(()) } else { Err(replaced(self.count)) }
            }
            _ => Ok(()),
        }
    }

    /// Nothing follows: it has to be all that there was.
    fn end(&self, end: &End) -> Result<(), AuditBreak> {
        let noted = self.note.count.unwrap_or_default();
        let known = noted.max(number(end.length));
        if number(self.count) < known {
            return Err(truncated(self.count, known));
        }
        if self.count == end.length && self.head != end.head {
            return Err(replaced(self.count));
        }
        Ok(())
    }

    fn verdict(&self, waiting: u64, broken: Option<AuditBreak>) -> AuditVerdict {
        AuditVerdict { count: number(self.count), head: self.head.clone(), waiting, broken }
    }
}

/// A place as it is shown: there is none below the first.
fn number(sequence: i64) -> u64 {
    u64::try_from(sequence).unwrap_or_default()
}

fn altered(sequence: Option<i64>, id: &str) -> AuditBreak {
    AuditBreak {
        sequence: sequence.map(number),
        entry_id: Some(id.to_owned()),
        fault: AuditFault::Altered,
        message: "it is not what was written, or Portolan did not write it".to_owned(),
    }
}

fn moved(sequence: i64, id: &str) -> AuditBreak {
    AuditBreak {
        sequence: Some(number(sequence)),
        entry_id: Some(id.to_owned()),
        fault: AuditFault::Moved,
        message: "it was not written at this place".to_owned(),
    }
}

fn missing(first: i64, last: i64) -> AuditBreak {
    let message = if first == last {
        "the entry is gone".to_owned()
    } else {
        format!("the entries {first} to {last} are gone")
    };
    let sequence = Some(number(first));
    AuditBreak { sequence, entry_id: None, fault: AuditFault::Missing, message }
}

fn truncated(count: i64, known: u64) -> AuditBreak {
    AuditBreak {
        sequence: Some(number(count) + 1),
        entry_id: None,
        fault: AuditFault::Truncated,
        message: format!("there were {known} entries: those at the end are gone"),
    }
}

fn replaced(sequence: i64) -> AuditBreak {
    AuditBreak {
        sequence: Some(number(sequence)),
        entry_id: None,
        fault: AuditFault::Replaced,
        message: "the chain up to here is not the one that was noted".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::audit::{Link, Written};

    fn key() -> AuditKey {
        AuditKey::derive(&"secret".into())
    }

    fn entry(n: i64) -> Written {
        Written {
            id: format!("id-{n}"),
            team_id: Some("team".into()),
            at: n,
            written: n,
            kind: "key.created".into(),
            outcome: "done".into(),
            user_id: Some("user".into()),
            author: "{}".into(),
            address: None,
            request_id: None,
            operation: None,
            subject_type: None,
            subject_id: None,
            subject_name: None,
            message: format!("message {n}"),
            event_id: None,
            before_digest: None,
            after_digest: None,
        }
    }

    fn chain(length: i64) -> (Vec<Proved>, End) {
        let (key, mut head) = (key(), BEGINNING.to_owned());
        let rows = (1..=length).map(|sequence| {
            let entry = entry(sequence);
            let proof = key.prove(&entry);
            let hash = key.link(sequence, &head, &proof);
            let previous_hash = std::mem::replace(&mut head, hash.clone());
            Proved { entry, proof, link: Some(Link { sequence, previous_hash, hash }) }
        });
        let rows: Vec<Proved> = rows.collect();
        (rows, End { length, head })
    }

    fn judge(rows: &[Proved], end: &End, note: &AuditNote) -> Option<(Option<u64>, AuditFault)> {
        let key = key();
        let mut check = Check::new(&key, note);
        let broken = rows.iter().try_for_each(|row| check.next(row)).and_then(|()| check.end(end));
        broken.err().map(|broken| (broken.sequence, broken.fault))
    }

    #[test]
    fn what_was_written_holds() {
        let (rows, end) = chain(5);
        assert_eq!(judge(&rows, &end, &AuditNote::default()), None);
        assert_eq!(judge(&[], &chain(0).1, &AuditNote::default()), None);
    }

    #[test]
    fn each_field_is_proved() {
        let (key, whole) = (key(), entry(1));
        let changes: [fn(&mut Written); 18] = [
            |entry| entry.id = "x".into(),
            |entry| entry.team_id = None,
            |entry| entry.at += 1,
            |entry| entry.written += 1,
            |entry| entry.kind = "x".into(),
            |entry| entry.outcome = "refused".into(),
            |entry| entry.user_id = Some(String::new()),
            |entry| entry.author = "[]".into(),
            |entry| entry.address = Some("192.0.2.1".into()),
            |entry| entry.request_id = Some("x".into()),
            |entry| entry.operation = Some("x".into()),
            |entry| entry.subject_type = Some("x".into()),
            |entry| entry.subject_id = Some("x".into()),
            |entry| entry.subject_name = Some("x".into()),
            |entry| entry.message.push('x'),
            |entry| entry.event_id = Some("x".into()),
            |entry| entry.before_digest = Some("x".into()),
            |entry| entry.after_digest = Some("x".into()),
        ];
        let mut proofs: Vec<String> = changes
            .iter()
            .map(|change| {
                let mut entry = whole.clone();
                change(&mut entry);
                key.prove(&entry)
            })
            .collect();
        proofs.push(key.prove(&whole));
        proofs.sort_unstable();
        proofs.dedup();
        assert_eq!(proofs.len(), changes.len() + 1);
    }

    #[test]
    fn an_end_that_was_cut_off_is_found_by_what_was_noted() {
        let (rows, end) = chain(5);
        let short = End { length: 3, head: chain(3).1.head };
        let note =
            AuditNote { count: Some(5), head: Some(end.head.parse().expect("it is a hash")) };
        let cut = Some((Some(4), AuditFault::Truncated));
        assert_eq!(judge(&rows[..3], &end, &AuditNote::default()), cut);
        assert_eq!(judge(&rows[..3], &short, &AuditNote::default()), None);
        assert_eq!(judge(&rows[..3], &short, &note), cut);
        assert_eq!(judge(&rows, &end, &note), None);
    }

    #[test]
    fn another_chain_than_the_noted_one_is_found() {
        let (rows, end) = chain(5);
        let head = Some("ab".repeat(32).parse().expect("it is a hash"));
        let note = AuditNote { count: Some(2), head };
        assert_eq!(judge(&rows, &end, &note), Some((Some(2), AuditFault::Replaced)));
    }
}
