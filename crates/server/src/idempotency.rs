//! `Idempotency-Key`: a create that is sent twice happens once.
//!
//! The claim is written in the transaction of the create, so it is there exactly when the
//! resource is.

use std::str::FromStr;

use portolan_types::{FieldError, Invalid, TeamId, Timestamp};
use serde::Serialize;

use crate::{
    Error,
    db::{self, Transaction, idempotency::Made},
    vault,
};

/// A caller's key: 1 to 128 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl FromStr for IdempotencyKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("an Idempotency-Key has 1 to 128 visible ASCII characters"))
        }
    }
}

/// Claims the key for a resource about to be made. `Some` is the resource of an earlier request.
pub(crate) async fn claim(
    tx: &mut Transaction,
    team: &TeamId,
    key: Option<&IdempotencyKey>,
    request: &impl Serialize,
    new_id: &str,
) -> Result<Option<String>, Error> {
    let Some(IdempotencyKey(key)) = key else { return Ok(None) };
    let request_hash = hash(request)?;
    let made = Made { request_hash, resource_id: new_id.to_owned() };
    if db::idempotency::insert(tx, team, key, &made, Timestamp::now()).await? {
        return Ok(None);
    }
    match db::idempotency::find(tx, team, key).await? {
        Some(earlier) if earlier.request_hash == made.request_hash => Ok(Some(earlier.resource_id)),
        _ => Err(used_otherwise()),
    }
}

fn hash(request: &impl Serialize) -> Result<String, Error> {
    let text = serde_json::to_string(request)
        .map_err(|source| Error::Database(sqlx::Error::Encode(source.into())))?;
    Ok(vault::hash(&text))
}

fn used_otherwise() -> Error {
    Error::Invalid(vec![FieldError {
        field: "Idempotency-Key".into(),
        message: "this key was used for another request: use a new key for a new request".into(),
    }])
}
