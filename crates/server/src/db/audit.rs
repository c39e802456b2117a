//! The audit: appended, given a place once, and never changed or removed.

use portolan_types::{
    AuditEntry, AuditFilter, KindPrefix, PageQuery, TeamId, Timestamp, UserId, id::SubjectId,
    page::SearchText,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{contains_pattern, decode_error, event, json_option, moment, parsed, parsed_option};

/// An entry as it stands in its row, nothing parsed: what is proved are the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub id: String,
    pub team_id: Option<String>,
    /// Milliseconds since 1970.
    pub at: i64,
    /// Grows from one entry of this process to the next.
    pub written: i64,
    pub kind: String,
    pub outcome: String,
    pub user_id: Option<String>,
    /// JSON.
    pub author: String,
    pub address: Option<String>,
    pub request_id: Option<String>,
    pub operation: Option<String>,
    pub subject_type: Option<String>,
    pub subject_id: Option<String>,
    pub subject_name: Option<String>,
    pub message: String,
    pub event_id: Option<String>,
    pub before_digest: Option<String>,
    pub after_digest: Option<String>,
}

/// An entry with what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    pub entry: Written,
    pub proof: String,
    pub link: Option<Link>,
}

/// A place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub sequence: i64,
    pub previous_hash: String,
    pub hash: String,
}

impl FromRow<'_, AnyRow> for Proved {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let sequence: Option<i64> = row.try_get("sequence")?;
        let link = match sequence {
            None => None,
            Some(sequence) => Some(Link {
                sequence,
                previous_hash: row.try_get("previous_hash")?,
                hash: row.try_get("hash")?,
            }),
        };
        Ok(Self { entry: Written::from_row(row)?, proof: row.try_get("proof")?, link })
    }
}

impl FromRow<'_, AnyRow> for Written {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            team_id: row.try_get("team_id")?,
            at: row.try_get("at")?,
            written: row.try_get("written")?,
            kind: row.try_get("kind")?,
            outcome: row.try_get("outcome")?,
            user_id: row.try_get("user_id")?,
            author: row.try_get("author")?,
            address: row.try_get("address")?,
            request_id: row.try_get("request_id")?,
            operation: row.try_get("operation")?,
            subject_type: row.try_get("subject_type")?,
            subject_id: row.try_get("subject_id")?,
            subject_name: row.try_get("subject_name")?,
            message: row.try_get("message")?,
            event_id: row.try_get("event_id")?,
            before_digest: row.try_get("before_digest")?,
            after_digest: row.try_get("after_digest")?,
        })
    }
}

struct EntryRow(AuditEntry);

impl FromRow<'_, AnyRow> for EntryRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let sequence: i64 = row.try_get("sequence")?;
        let about: Option<String> = row.try_get("subject_type")?;
        let author = json_option(row, "author")?;
        Ok(Self(AuditEntry {
            sequence: sequence.try_into().map_err(|source| decode_error("sequence", source))?,
            id: parsed(row, "id")?,
            at: moment(row, "at")?,
            kind: row.try_get("kind")?,
            outcome: parsed(row, "outcome")?,
            by: author.ok_or(sqlx::Error::RowNotFound)?,
            address: row.try_get("address")?,
            request_id: row.try_get("request_id")?,
            operation: row.try_get("operation")?,
            subject: about.map(|_| event::subject(row)).transpose()?,
            subject_name: row.try_get("subject_name")?,
            message: row.try_get("message")?,
            event_id: parsed_option(row, "event_id")?,
            before_digest: row.try_get("before_digest")?,
            after_digest: row.try_get("after_digest")?,
            previous_hash: row.try_get("previous_hash")?,
            hash: row.try_get("hash")?,
        }))
    }
}

/// Appends an entry, in the transaction of what it tells of.
pub async fn insert(
    conn: &mut AnyConnection,
    entry: &Written,
    proof: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into audit
             (id, team_id, at, written, kind, outcome, user_id, author, address, request_id,
              operation, subject_type, subject_id, subject_name, message, event_id,
              before_digest, after_digest, proof)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                 $19)",
    )
    .bind(entry.id.as_str())
    .bind(entry.team_id.as_deref())
    .bind(entry.at)
    .bind(entry.written)
    .bind(entry.kind.as_str())
    .bind(entry.outcome.as_str())
    .bind(entry.user_id.as_deref())
    .bind(entry.author.as_str())
    .bind(entry.address.as_deref())
    .bind(entry.request_id.as_deref())
    .bind(entry.operation.as_deref())
    .bind(entry.subject_type.as_deref())
    .bind(entry.subject_id.as_deref())
    .bind(entry.subject_name.as_deref())
    .bind(entry.message.as_str())
    .bind(entry.event_id.as_deref())
    .bind(entry.before_digest.as_deref())
    .bind(entry.after_digest.as_deref())
    .bind(proof)
    .execute(conn)
    .await?;
    Ok(())
}

/// Where the chain ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub length: i64,
    pub head: String,
}

impl FromRow<'_, AnyRow> for End {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self { length: row.try_get("length")?, head: row.try_get("head")? })
    }
}

/// Whether entries wait for their places.
pub async fn has_waiting(conn: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let found: Option<i64> =
        sqlx::query_scalar("select written from audit where sequence is null limit 1")
            .fetch_optional(conn)
            .await?;
    Ok(found.is_some())
}

/// The end of the chain. Locks it: whoever else extends it waits for the end of this transaction.
pub async fn lock_end(conn: &mut AnyConnection) -> Result<End, sqlx::Error> {
    sqlx::query_as(
        "update audit_chain set length = length where id = 'audit' returning length, head",
    )
    .fetch_one(conn)
    .await
}

/// The end of the chain, as it is.
pub async fn find_end(conn: &mut AnyConnection) -> Result<End, sqlx::Error> {
    sqlx::query_as("select length, head from audit_chain where id = 'audit'").fetch_one(conn).await
}

/// Remembers where the chain ends.
pub async fn set_end(conn: &mut AnyConnection, end: &End) -> Result<(), sqlx::Error> {
    sqlx::query("update audit_chain set length = $1, head = $2 where id = 'audit'")
        .bind(end.length)
        .bind(end.head.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// What the keys of the chain come from, as it is sealed.
pub async fn find_sealed_secret(conn: &mut AnyConnection) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("select sealed_secret from audit_chain where id = 'audit'")
        .fetch_one(conn)
        .await
}

/// Keeps it, once.
pub async fn set_sealed_secret(conn: &mut AnyConnection, sealed: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update audit_chain set sealed_secret = $1 where id = 'audit' and sealed_secret is null",
    )
    .bind(sealed)
    .execute(conn)
    .await?;
    Ok(())
}

/// The oldest entries without a place, in the order in which they were written.
pub async fn list_waiting(
    conn: &mut AnyConnection,
    after: (i64, &str),
    rows: i64,
) -> Result<Vec<Proved>, sqlx::Error> {
    sqlx::query_as(
        "select id, team_id, at, written, kind, outcome, user_id, author, address, request_id,
                operation, subject_type, subject_id, subject_name, message, event_id,
                before_digest, after_digest, proof, sequence, previous_hash, hash
         from audit
         where sequence is null and (written, id) > ($1, $2)
         order by written, id
         limit $3",
    )
    .bind(after.0)
    .bind(after.1)
    .bind(rows)
    .fetch_all(conn)
    .await
}

/// Gives an entry its place, once.
pub async fn set_link(conn: &mut AnyConnection, id: &str, link: &Link) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update audit set sequence = $2, previous_hash = $3, hash = $4
         where id = $1 and sequence is null",
    )
    .bind(id)
    .bind(link.sequence)
    .bind(link.previous_hash.as_str())
    .bind(link.hash.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// Entries of all teams in the order of the chain, those after a place.
pub async fn list_chain(
    conn: &mut AnyConnection,
    after: i64,
    rows: i64,
) -> Result<Vec<Proved>, sqlx::Error> {
    sqlx::query_as(
        "select id, team_id, at, written, kind, outcome, user_id, author, address, request_id,
                operation, subject_type, subject_id, subject_name, message, event_id,
                before_digest, after_digest, proof, sequence, previous_hash, hash
         from audit
         where sequence > $1
         order by sequence
         limit $2",
    )
    .bind(after)
    .bind(rows)
    .fetch_all(conn)
    .await
}

/// The statement of a list: `$1` team, `$2` the place next to the first, `$3` kind, `$4` text, `$5`
/// and `$6` moments, `$7` person, `$8` subject, `$9` outcome, `$10` rows.
macro_rules! list {
    ($compare:literal, $order:literal) => {
        concat!(
            "select sequence, id, at, kind, outcome, author, address, request_id, operation,
                    subject_type, subject_id, subject_name, message, event_id, before_digest,
                    after_digest, previous_hash, hash
             from audit
             where team_id = $1 and sequence ",
            $compare,
            " $2
               and kind like $3
               and (lower(subject_name) like $4 escape '!' or lower(kind) like $4 escape '!'
                    or lower(message) like $4 escape '!' or address like $4 escape '!')
               and at >= $5 and at < $6
               and ($7 = '' or user_id = $7)
               and ($8 = '' or subject_id = $8)
               and ($9 = '' or outcome = $9)
             order by sequence ",
            $order,
            " limit $10"
        )
    };
}

/// The team's entries that fit, newest first: those before the cursor.
pub async fn list(
    conn: &mut AnyConnection,
    team: &TeamId,
    filter: &AuditFilter,
    query: &PageQuery,
) -> Result<Vec<AuditEntry>, sqlx::Error> {
    let before = query.cursor.as_ref().map_or(i64::MAX, |cursor| cursor.parts().0);
    let search = query.search.as_ref().map(SearchText::as_str);
    let part = Part { filter, search, from: before, rows: query.limit() + 1 };
    fetch(conn, team, list!("<", "desc"), part).await
}

/// The team's entries that fit, oldest first: those after a place.
pub async fn list_after(
    conn: &mut AnyConnection,
    team: &TeamId,
    filter: &AuditFilter,
    after: i64,
    rows: i64,
) -> Result<Vec<AuditEntry>, sqlx::Error> {
    let part = Part { filter, search: None, from: after, rows };
    fetch(conn, team, list!(">", ""), part).await
}

struct Part<'a> {
    filter: &'a AuditFilter,
    search: Option<&'a str>,
    from: i64,
    rows: i64,
}

async fn fetch(
    conn: &mut AnyConnection,
    team: &TeamId,
    statement: &'static str,
    part: Part<'_>,
) -> Result<Vec<AuditEntry>, sqlx::Error> {
    let filter = part.filter;
    let kind = filter.kind.as_ref().map_or("", KindPrefix::as_str);
    let rows: Vec<EntryRow> = sqlx::query_as(statement)
        .bind(team.as_str())
        .bind(part.from)
        .bind(format!("{kind}%"))
        .bind(contains_pattern(part.search))
        .bind(filter.since.map_or(0, Timestamp::as_millis))
        .bind(filter.until.map_or(i64::MAX, Timestamp::as_millis))
        .bind(filter.user_id.as_ref().map_or("", UserId::as_str))
        .bind(filter.subject_id.as_ref().map_or("", SubjectId::as_str))
        .bind(filter.outcome.map_or("", portolan_types::AuditOutcome::as_str))
        .bind(part.rows)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|EntryRow(entry)| entry).collect())
}
