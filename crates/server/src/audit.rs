//! The audit: what people did and were not let do, for good, in a chain of keyed hashes.
//!
//! Owns what an entry says, its place in the chain, and whether the chain holds. It follows events:
//! what a request records as an event is written down here in the same transaction. What Portolan
//! does by itself is in the events only. Nothing here is ever swept; see
//! `docs/decisions/0031-audit.md`.

mod chain;
mod context;
mod entry;
mod key;
mod refusals;
mod verify;

use std::sync::Arc;

use futures_util::{Stream, stream};
use portolan_types::{AuditEntry, AuditFilter, AuditNote, AuditVerdict, Page, PageQuery, TeamId};

use crate::{
    Actor, App, Config, Error,
    db::{
        self, Db,
        offline::{self, OfflineError},
    },
    page,
    secrets::{self, OpenError},
    vault::{self, MasterKey, Missing, Vault, VaultError},
};

pub(crate) use chain::extend;
pub(crate) use context::{Context, current, known, within};
pub(crate) use entry::{of_event, refused};
pub(crate) use key::AuditKey;
pub(crate) use refusals::Refusals;

/// Entries of an export that are read at once.
const EXPORTED_AT_ONCE: i64 = 500;
/// The one row of the chain.
const CHAIN: &str = "audit";

/// Why the audit could not be read on the host.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("could not read the database: {0}")]
    Database(#[from] sqlx::Error),

    #[error(transparent)]
    Offline(#[from] OfflineError),

    #[error("could not open the audit's key: {0}")]
    Vault(#[from] VaultError),

    #[error("nothing was written down yet: the control plane has not run")]
    Never,

    #[error("the audit has entries and no key: somebody removed it")]
    KeyRemoved,
}

impl From<OpenError> for AuditError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Database(error) => error.into(),
            OpenError::Vault(error) => error.into(),
            OpenError::OtherMasterKey => VaultError::Sealed.into(),
        }
    }
}

/// The keys of the chain, made at the first start.
pub(crate) async fn open_key(db: &Db, vault: &Vault) -> Result<AuditKey, AuditError> {
    let mut tx = db.begin().await?;
    let sealed = match db::audit::find_sealed_secret(&mut tx).await? {
        Some(sealed) => sealed,
        None if db::audit::find_end(&mut tx).await?.length > 0 => {
            return Err(AuditError::KeyRemoved);
        }
        None => {
            let sealed = vault.seal(&vault::random_secret(""), &secret_context(CHAIN))?;
            db::audit::set_sealed_secret(&mut tx, &sealed).await?;
            sealed
        }
    };
    tx.commit_quietly().await?;
    Ok(open_secret(vault, &sealed)?)
}

/// What the secret of the chain is sealed for, by the name of its row.
pub(crate) fn secret_context(id: &str) -> String {
    format!("audit:{id}")
}

fn open_secret(vault: &Vault, sealed: &str) -> Result<AuditKey, VaultError> {
    Ok(AuditKey::derive(&vault.open_sealed(sealed, &secret_context(CHAIN))?))
}

/// The team's entries, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &AuditFilter,
    query: &PageQuery,
) -> Result<Page<AuditEntry>, Error> {
    extend(app).await?;
    let mut conn = app.db.acquire().await?;
    let entries = db::audit::list(&mut conn, actor.team_id(), filter, query).await?;
    Ok(page::by_place_in_chain(entries, query))
}

/// All of the team's entries that fit, oldest first, a part at a time: whoever reads slowly fills no
/// memory.
pub(crate) async fn export(
    app: &Arc<App>,
    actor: &Actor,
    filter: AuditFilter,
) -> Result<impl Stream<Item = Result<Vec<AuditEntry>, Error>> + use<>, Error> {
    extend(app).await?;
    let team = actor.team_id().clone();
    let begin = Some((app.clone(), team, filter, 0));
    Ok(stream::try_unfold(begin, |state| async {
        let Some((app, team, filter, after)) = state else { return Ok(None) };
        let part = read_part(&app, &team, &filter, after).await?;
        let next = part.last().and_then(|last| i64::try_from(last.sequence).ok());
        Ok(next.map(|after| (part, Some((app, team, filter, after)))))
    }))
}

async fn read_part(
    app: &App,
    team: &TeamId,
    filter: &AuditFilter,
    after: i64,
) -> Result<Vec<AuditEntry>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::audit::list_after(&mut conn, team, filter, after, EXPORTED_AT_ONCE).await?)
}

/// Follows the chain of the whole installation. What it answers tells nothing of other teams but
/// how many entries there are.
pub async fn verify(app: &App, note: &AuditNote) -> Result<AuditVerdict, Error> {
    check_note(note)?;
    let _only_one = app.refusals.verifying().await;
    extend(app).await?;
    let mut conn = app.db.acquire().await?;
    Ok(verify::verify(&mut conn, &app.audit, note).await?)
}

fn check_note(note: &AuditNote) -> Result<(), Error> {
    if note.head.is_some() && note.count.is_none() {
        return Err(Error::field("count", "say how many entries there were with that head"));
    }
    Ok(())
}

/// The same on the host, beside a control plane that runs or does not. Writes nothing.
pub async fn verify_on_host(config: &Config, note: &AuditNote) -> Result<AuditVerdict, AuditError> {
    let db = offline::open(config).await?;
    let master = MasterKey::open(config, Missing::Refuse)?;
    let mut conn = db.acquire().await?;
    let sealed = db::audit::find_sealed_secret(&mut conn).await?.ok_or(AuditError::Never)?;
    let vault = secrets::open_unchanged(&db, &master).await?;
    let key = open_secret(&vault, &sealed)?;
    let verdict = verify::verify(&mut conn, &key, note).await;
    drop(conn);
    db.close().await;
    Ok(verdict?)
}
