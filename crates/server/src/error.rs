//! The one error of operations. What it is over HTTP is decided in `api`.

use std::time::Duration;

use portolan_types::FieldError;

/// Why an operation did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not exist, or belongs to another team: the caller cannot tell which.
    #[error("there is no {0} with that id")]
    NotFound(&'static str),

    #[error("{}", .0.message)]
    Refused(Refusal),

    #[error("{}", fields_in_words(.0))]
    Invalid(Vec<FieldError>),

    #[error("{0}")]
    Unauthenticated(&'static str),

    #[error("{0}")]
    Forbidden(String),

    /// Who signs in has not shown who they are.
    #[error("{message}")]
    NotProven { code: &'static str, message: &'static str },

    #[error("too many attempts that failed: the next one is allowed in {} s", .0.as_secs() + 1)]
    TooSoon(Duration),

    #[error("could not use the database: {0}")]
    Database(#[from] sqlx::Error),

    #[error("could not open a secret: {0}")]
    Vault(#[from] crate::vault::VaultError),

    /// Never holds the password.
    #[error("could not work with a password: {0}")]
    Password(String),
}

/// The world is not such that it can be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// For programs; stable.
    pub code: &'static str,
    pub message: String,
    pub remedy: Option<String>,
    /// Names of what stands in the way.
    pub blockers: Vec<String>,
}

impl Error {
    /// A refusal with a way out.
    pub fn refused(
        code: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Refused(Refusal {
            code,
            message: message.into(),
            remedy: Some(remedy.into()),
            blockers: Vec::new(),
        })
    }

    /// One refused field.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// A unique violation becomes the refusal, everything else stays.
    pub fn on_unique(error: sqlx::Error, refusal: impl FnOnce() -> Self) -> Self {
        match &error {
            sqlx::Error::Database(database) if database.is_unique_violation() => refusal(),
            _ => Self::Database(error),
        }
    }

    /// A foreign key violation becomes the refusal, everything else stays.
    pub fn on_foreign_key(error: sqlx::Error, refusal: impl FnOnce() -> Self) -> Self {
        match &error {
            sqlx::Error::Database(database) if database.is_foreign_key_violation() => refusal(),
            _ => Self::Database(error),
        }
    }
}

fn fields_in_words(fields: &[FieldError]) -> String {
    let each: Vec<String> =
        fields.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
    each.join("; ")
}
