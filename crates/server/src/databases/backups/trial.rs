//! The database into which a backup is restored on trial: of the engine and version that wrote it, with a
//! password that nobody is told and that is stored nowhere.

use std::collections::BTreeMap;

use portolan_types::{ApplicationSpec, Backup, DatabaseConfig, DatabaseId, DatabasePassword};

use super::super::{
    secrets::{self, Passwords},
    spec, template,
};
use crate::{App, Error, db};

/// What its container is made of. Without a `Debug` that would tell the password.
pub(crate) struct Trial {
    pub spec: ApplicationSpec,
    pub environment: BTreeMap<String, String>,
}

impl Trial {
    /// One with the names and the settings of a database, whose version has to be the same for the latter.
    pub(crate) async fn of(app: &App, beside: &DatabaseId, backup: &Backup) -> Result<Self, Error> {
        let mut conn = app.db.acquire().await?;
        let kept = db::database::find(&mut conn, beside).await?;
        let name = db::application::find_name(&mut conn, &beside.into()).await?;
        let (Some(kept), Some(name)) = (kept, name) else {
            return Err(Error::NotFound("database"));
        };
        let template = template::find(&backup.engine)?;
        let limits = kept.config.limits;
        let config = if kept.version == backup.version {
            kept.config.clone()
        } else {
            DatabaseConfig { limits, ..DatabaseConfig::default() }
        };
        let passwords =
            Passwords { user: DatabasePassword::generate(), root: DatabasePassword::generate() };
        let values = secrets::all_values(template, (&kept, &passwords), &name);
        let variables = template.variables(values);
        Ok(Self {
            spec: spec::of(template, &backup.version, &config)?,
            environment: variables.map(|(name, text, _)| (name.to_string(), text)).collect(),
        })
    }
}
