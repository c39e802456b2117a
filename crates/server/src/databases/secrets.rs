//! What is secret of databases: their passwords and the script that each is made with. And the values
//! that applications take.

use portolan_types::{
    Application, ApplicationName, DatabaseId, DatabasePart, DatabasePassword, FromDatabase,
    InitialScript, VariableValue,
};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use super::{
    Found,
    template::{self, Template},
};
use crate::{
    App, Error,
    applications::plan::{PlannedFile, open, seal},
    db::{self, database::Kept},
    vault::Vault,
};

/// What the passwords of a database are sealed for.
pub(crate) fn passwords_context(id: &str) -> String {
    format!("database:{id}")
}

/// What the script of a database is sealed for.
pub(crate) fn script_context(id: &str) -> String {
    format!("database-script:{id}")
}

/// The passwords of an engine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Passwords {
    /// Of the user that applications have.
    pub user: DatabasePassword,
    /// Of the engine's own root, where it has another user. Nobody is told it.
    pub root: DatabasePassword,
}

impl Passwords {
    pub(super) fn seal(&self, vault: &Vault, id: &DatabaseId) -> Result<String, Error> {
        seal(vault, self, &passwords_context(id.as_str()))
    }

    pub(super) fn open(vault: &Vault, kept: &Kept) -> Result<Self, Error> {
        open(vault, &kept.sealed_passwords, &passwords_context(kept.id.as_str()))
    }

    /// What stands for a placeholder of a template.
    fn value(&self, name: &str) -> Option<String> {
        match name {
            "password" => Some(self.user.expose().to_owned()),
            "root" => Some(self.root.expose().to_owned()),
            _ => None,
        }
    }
}

pub(super) fn seal_script(
    vault: &Vault,
    id: &DatabaseId,
    script: &InitialScript,
) -> Result<String, Error> {
    seal(vault, script, &script_context(id.as_str()))
}

/// What stands for the placeholders of a template that everybody may see.
pub(super) fn plain_values(
    template: &Template,
    kept: &Kept,
    name: &ApplicationName,
) -> impl Fn(&str) -> Option<String> {
    let host = name.to_string();
    let port = template.port.to_string();
    let user = kept.user.as_ref().map(ToString::to_string);
    let database = kept.database.as_ref().map(ToString::to_string);
    move |placeholder| match placeholder {
        "host" => Some(host.clone()),
        "port" => Some(port.clone()),
        "user" => user.clone(),
        "database" => database.clone(),
        _ => None,
    }
}

/// The same with the passwords.
pub(super) fn all_values(
    template: &Template,
    (kept, passwords): (&Kept, &Passwords),
    name: &ApplicationName,
) -> impl Fn(&str) -> Option<String> {
    let (plain, passwords) = (plain_values(template, kept, name), passwords.clone());
    move |placeholder| passwords.value(placeholder).or_else(|| plain(placeholder))
}

/// Whether a database has such a part.
pub(crate) fn check_part(found: &Found, part: DatabasePart) -> Result<(), Error> {
    let has = match part {
        DatabasePart::User => found.kept.user.is_some(),
        DatabasePart::Database => found.kept.database.is_some(),
        DatabasePart::Url | DatabasePart::Host | DatabasePart::Port | DatabasePart::Password => {
            true
        }
    };
    if has {
        return Ok(());
    }
    let title = &template::find(&found.kept.engine)?.title;
    Err(Error::field("refer", format!("{title} has no `{part}`: its URL has all that it needs")))
}

/// The value of a variable that is taken from a database.
pub(crate) async fn value_of(
    app: &App,
    conn: &mut AnyConnection,
    from: &FromDatabase,
) -> Result<VariableValue, Error> {
    let gone = || Error::NotFound("database");
    let kept = db::database::find(conn, &from.database_id).await?.ok_or_else(gone)?;
    let name = db::application::find_name(conn, &(&from.database_id).into()).await?;
    let name = name.ok_or_else(gone)?;
    let template = template::find(&kept.engine)?;
    let passwords = Passwords::open(&app.vault, &kept)?;
    let values = all_values(template, (&kept, &passwords), &name);
    let text = match from.part {
        DatabasePart::Url => Some(template.url(values)),
        part => values(part.as_str()),
    };
    let text = text.ok_or_else(gone)?;
    text.parse()
        .map_err(|invalid: portolan_types::Invalid| Error::field("refer", invalid.to_string()))
}

/// The files that the container of an application is given: the script of a database.
pub(crate) async fn files_of(
    app: &App,
    conn: &mut AnyConnection,
    application: &Application,
) -> Result<Vec<PlannedFile>, Error> {
    let Some(id) = &application.database_id else { return Ok(Vec::new()) };
    let Some(kept) = db::database::find(conn, id).await? else { return Ok(Vec::new()) };
    let template = template::find(&kept.engine)?;
    let (Some(path), Some(sealed)) = (&template.script, &kept.sealed_script) else {
        return Ok(Vec::new());
    };
    let content = open(&app.vault, sealed, &script_context(id.as_str()))?;
    Ok(vec![PlannedFile::of(path.clone(), content)])
}
