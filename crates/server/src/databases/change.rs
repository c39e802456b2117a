//! What is changed of a database: its configuration, and its version within a series.

use portolan_types::{
    Application, Database, DatabaseId, DatabaseVersion, Operation, Timestamp, UpdateDatabase,
    UpgradeDatabase,
};

use super::{
    Found, find, note, show, spec,
    template::{self, Template},
};
use crate::{
    Actor, App, Error,
    applications::{check, deployments, work::check_stays},
    db::{self, Transaction, database::Kept},
    destinations,
};

/// Changes what the next deployment makes.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &DatabaseId,
    input: UpdateDatabase,
) -> Result<Database, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, &id.into()).await?;
    let before = find(&mut tx, actor, id).await?;
    check_stays(&before.row.application)?;
    if let Some(config) = input.config.filter(|config| *config != before.kept.config) {
        let kept = Kept { config, ..before.kept.clone() };
        store(&mut tx, actor, (&before, kept)).await?;
        tx.commit().await?;
    }
    show(app, actor, id).await
}

/// Deploys it as it is to be now.
pub async fn deploy(app: &App, actor: &Actor, id: &DatabaseId) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, &id.into()).await?;
    let found = find(&mut tx, actor, id).await?;
    check_stays(&found.row.application)?;
    begin(tx, (app, actor), &found).await
}

/// Deploys a version of the same series: the present one as its image is now, or a later one.
pub async fn upgrade(
    app: &App,
    actor: &Actor,
    id: &DatabaseId,
    input: UpgradeDatabase,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, &id.into()).await?;
    let mut found = find(&mut tx, actor, id).await?;
    check_stays(&found.row.application)?;
    if let Some(version) = input.version.filter(|version| *version != found.kept.version) {
        check_upgrade(template::find(&found.kept.engine)?, &found, &version)?;
        let kept = Kept { version, ..found.kept.clone() };
        store(&mut tx, actor, (&found, kept)).await?;
        found = find(&mut tx, actor, id).await?;
    }
    begin(tx, (app, actor), &found).await
}

async fn begin(
    mut tx: Transaction,
    (app, actor): (&App, &Actor),
    found: &Found,
) -> Result<Operation, Error> {
    let operation = deployments::begin_wanted(&mut tx, (app, actor), (&found.row, false)).await?;
    tx.commit().await?;
    app.wake(&found.row.application.server_id);
    Ok(operation)
}

/// Data are read by later versions of their series as they are, and by no others.
fn check_upgrade(
    template: &Template,
    found: &Found,
    version: &DatabaseVersion,
) -> Result<(), Error> {
    let (present, title) = (&found.kept.version, &template.title);
    let name = &found.row.application.name;
    let series = template.series_of(version);
    if series.is_none() || series != template.series_of(present) {
        return Err(Error::refused(
            "another-series",
            format!(
                "database `{name}` has data of {title} {present}, which {title} {version} does not \
                 read as they are"
            ),
            "make another database of that version (`create_database`), copy the data with the \
             engine's own programs (dump and restore), and refer to that one from then on",
        ));
    }
    if is_below(version, present) {
        return Err(Error::refused(
            "earlier-version",
            format!("{title} {version} is earlier than the {present} of database `{name}`"),
            "choose a later version: an earlier one may not read what a later one wrote",
        ));
    }
    Ok(())
}

/// Whether a version reads the data of another one as they are.
pub(super) fn is_upgrade(
    template: &Template,
    from: &DatabaseVersion,
    to: &DatabaseVersion,
) -> bool {
    template.series_of(to) == template.series_of(from) && !is_below(to, from)
}

/// Compared as far as both go: `17` is whatever is the latest below it.
fn is_below(version: &DatabaseVersion, present: &DatabaseVersion) -> bool {
    let (one, other) = (version.numbers(), present.numbers());
    let first_that_differs = one.iter().zip(&other).find(|(one, other)| one != other);
    first_that_differs.is_some_and(|(one, other)| one < other)
}

/// Stores what a database is to be, with the application that this comes to.
async fn store(
    tx: &mut Transaction,
    actor: &Actor,
    (before, kept): (&Found, Kept),
) -> Result<(), Error> {
    let application = &before.row.application;
    let spec = spec::of(template::find(&kept.engine)?, &kept.version, &kept.config)?;
    check::bounds(&spec)?;
    let destination = destinations::find_whole(tx, actor, &application.destination_id).await?;
    check::rights(actor, &destination, Some(&application.spec), &spec)?;
    let now = Timestamp::now();
    let changed = Application { spec, updated_at: now, ..application.clone() };
    db::application::set_spec(tx, &changed).await?;
    db::database::update(tx, &kept).await?;
    let after = find(tx, actor, &kept.id).await?;
    note(tx, actor, (Some(before), &after)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_far_as_both_go() {
        let below = |one: &str, other: &str| {
            is_below(&one.parse().expect("a version"), &other.parse().expect("a version"))
        };
        assert!(below("17.1", "17.2") && below("8.0.9", "8.0.36"));
        assert!(!below("17", "17.2") && !below("17.2", "17") && !below("17.10", "17.9"));
        assert!(!below("17.2-alpine", "17.2"));
    }
}
