//! What a deployment makes: the spec with the variables, as they were when it was asked for. Both are
//! sealed, because variables are secrets.

use std::collections::BTreeMap;

use portolan_types::{
    ApplicationId, ApplicationSpec, DeploymentId, Timestamp, VariableName, VariableValue,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{Error, vault::Vault};

/// What an application's variables are sealed for.
pub(crate) fn variables_context(id: &str) -> String {
    format!("variables:{id}")
}

/// What the plan of a deployment is sealed for.
pub(crate) fn plan_context(id: &str) -> String {
    format!("deployment:{id}")
}

/// A variable as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub value: VariableValue,
    pub secret: bool,
    pub updated_at: Timestamp,
}

/// The variables of an application, by name.
pub(crate) type Kepts = BTreeMap<VariableName, Kept>;

pub(crate) fn open_variables(
    vault: &Vault,
    id: &ApplicationId,
    sealed: Option<&str>,
) -> Result<Kepts, Error> {
    let Some(sealed) = sealed else { return Ok(Kepts::new()) };
    open(vault, sealed, &variables_context(id.as_str()))
}

pub(crate) fn seal_variables(
    vault: &Vault,
    id: &ApplicationId,
    variables: &Kepts,
) -> Result<String, Error> {
    seal(vault, variables, &variables_context(id.as_str()))
}

/// Everything that a deployment is made by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub spec: ApplicationSpec,
    pub variables: BTreeMap<VariableName, VariableValue>,
}

impl Plan {
    pub(crate) fn open(vault: &Vault, id: &DeploymentId, sealed: &str) -> Result<Self, Error> {
        open(vault, sealed, &plan_context(id.as_str()))
    }

    pub(crate) fn seal(&self, vault: &Vault, id: &DeploymentId) -> Result<String, Error> {
        seal(vault, self, &plan_context(id.as_str()))
    }
}

fn seal(vault: &Vault, value: &impl Serialize, context: &str) -> Result<String, Error> {
    let plain = serde_json::to_string(value).map_err(unreadable)?;
    Ok(vault.seal(&SecretString::from(plain), context)?)
}

fn open<T: for<'de> Deserialize<'de>>(
    vault: &Vault,
    sealed: &str,
    context: &str,
) -> Result<T, Error> {
    let plain = vault.open_sealed(sealed, context)?;
    serde_json::from_str(plain.expose_secret()).map_err(unreadable)
}

fn unreadable(source: serde_json::Error) -> Error {
    Error::Database(sqlx::Error::Decode(source.into()))
}
