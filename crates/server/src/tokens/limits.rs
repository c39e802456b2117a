//! What keeps a token from being more than what made or holds it.

use portolan_types::{
    Abilities, Credential, FieldError, Timestamp, Token, TokenAddresses, UpdateToken,
};

use super::{DEFAULT_DAYS, MAX_DAYS};
use crate::{Actor, Error};

/// A token as it is to be, before it is made or edited.
#[derive(Debug)]
pub(super) struct Limits {
    pub abilities: Abilities,
    pub expires_at: Timestamp,
    pub addresses: Option<TokenAddresses>,
}

/// When a token ends that lasts so many days; without any, as long as is usual.
pub(super) fn end(days: Option<u16>) -> Result<Timestamp, Error> {
    match days {
        Some(days) if !(1..=MAX_DAYS).contains(&days) => {
            Err(Error::field("expires_in_days", format!("must be 1 to {MAX_DAYS}")))
        }
        days => {
            let days = i64::from(days.unwrap_or(DEFAULT_DAYS));
            Ok(Timestamp::now().plus_seconds(days * 86_400))
        }
    }
}

/// A token makes none that may more, from more places, or for longer than itself. What was not asked
/// for is taken as far as it goes. What a person may is no bound here: a token never exceeds it when
/// it is used, whatever becomes of the person.
pub(super) fn within(actor: &Actor, asked: Asked, wanted: Limits) -> Result<Limits, Error> {
    let Credential::Token(own) = &actor.credential else { return Ok(wanted) };
    if let Some(ability) = wanted.abilities.iter().find(|ability| !own.abilities.allow(*ability)) {
        let why = format!("the token that asks may not do `{ability}`");
        return Err(Error::field("abilities", why));
    }
    let Limits { abilities, expires_at, addresses } = wanted;
    let expires_at = match own.expires_at {
        Some(end) if expires_at > end && asked.days => {
            return Err(Error::field("expires_in_days", "later than the token that asks ends"));
        }
        Some(end) => expires_at.min(end),
        None => expires_at,
    };
    let addresses = match (&own.addresses, addresses) {
        (Some(own), Some(wanted)) if !wanted.are_within(own) => {
            return Err(Error::field(
                "addresses",
                "the token that asks may not be used from there",
            ));
        }
        (Some(own), None) => Some(own.clone()),
        (_, wanted) => wanted,
    };
    Ok(Limits { abilities, expires_at, addresses })
}

/// What was said, and not left to us.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub days: bool,
}

/// A token after an edit. It is only ever narrowed: whoever has it was not asked.
pub(super) fn narrowed(token: &Token, edit: UpdateToken) -> Result<Token, Error> {
    let mut wider = Vec::new();
    let mut refuse = |field: &str| {
        let message = "that is more than it has: make another token".to_owned();
        wider.push(FieldError { field: field.to_owned(), message });
    };
    let mut after = token.clone();
    if let Some(name) = edit.name {
        after.name = name;
    }
    if let Some(abilities) = edit.abilities {
        if abilities.iter().any(|ability| !token.abilities.allow(ability)) {
            refuse("abilities");
        }
        after.abilities = abilities;
    }
    if let Some(days) = edit.expires_in_days {
        let end = end(Some(days))?;
        if token.expires_at.is_some_and(|before| end > before) {
            refuse("expires_in_days");
        }
        after.expires_at = Some(end);
    }
    if let Some(addresses) = edit.addresses {
        if token.addresses.as_ref().is_some_and(|before| !addresses.are_within(before)) {
            refuse("addresses");
        }
        after.addresses = Some(addresses);
    }
    if wider.is_empty() { Ok(after) } else { Err(Error::Invalid(wider)) }
}
