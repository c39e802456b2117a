//! `portolan app remove`.

use portolan_types::{Application, Operation, Preview};

use crate::{
    ask::{Consent, Run, confirm_by_name},
    client::Client,
    commands::{manner::Manner, operation::accompany, preview},
    failure::Outcome,
    find::{Reference, find},
    printer::{Line, Printer},
};

/// What becomes of the volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Volumes {
    Kept,
    Removed,
}

/// Asks with what the preview shows.
pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    volumes: Volumes,
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let application: Application = find(client, wanted).await?;
    let path = format!("/v1/applications/{}", application.id);
    if manner.run == Run::Dry {
        return preview::show(printer, &preview_of(client, &path, volumes).await?);
    }
    if manner.consent == Consent::Ask {
        let preview = preview_of(client, &path, volumes).await?;
        if !preview.allowed {
            return preview::show(printer, &preview);
        }
        preview.steps.iter().for_each(|step| printer.say(&Line::plain(format!("- {step}"))));
        confirm_by_name(
            printer,
            manner.consent,
            &question(&application, volumes),
            application.name.as_str(),
        )?;
    }
    let operation: Operation = client.remove(&path, &[query(volumes)]).await?;
    accompany(client, printer, operation, manner.wait).await
}

fn query(volumes: Volumes) -> (&'static str, String) {
    ("volumes", (volumes == Volumes::Removed).to_string())
}

async fn preview_of(client: &Client, path: &str, volumes: Volumes) -> anyhow::Result<Preview> {
    Ok(client.remove(path, &[("preview", "true".into()), query(volumes)]).await?)
}

fn question(application: &Application, volumes: Volumes) -> String {
    let Application { name, project_name, environment_name, .. } = application;
    let with = match volumes {
        Volumes::Kept => "Its volumes stay.",
        Volumes::Removed => "What is in its volumes is lost for good.",
    };
    format!("remove application `{name}` of `{project_name}/{environment_name}`? {with}")
}
