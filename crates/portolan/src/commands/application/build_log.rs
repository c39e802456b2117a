//! `portolan app build-log`: what a build said, and what it goes on saying.

use std::num::NonZeroU32;

use portolan_types::{Application, Deployment, Page};

use crate::{
    client::Client,
    commands::container_logs::{Manner, Times, follow, once},
    failure::{Failure, Outcome},
    find::{Reference, find},
    printer::Printer,
};

pub(crate) async fn read(
    client: &Client,
    printer: &Printer,
    (wanted, number): (&Reference, Option<NonZeroU32>),
    (manner, times): (Manner, Times),
) -> anyhow::Result<Outcome> {
    let application: Application = find(client, wanted).await?;
    let deployments = format!("/v1/applications/{}/deployments", application.id);
    let number = match number {
        Some(number) => number,
        None => latest(client, &application, &deployments).await?,
    };
    let path = format!("{deployments}/{number}/log");
    let shape = |word| vec![(word, "true".to_owned())];
    match manner {
        Manner::Once => once(client, printer, &path, shape("json"), times).await,
        Manner::Follow => follow(client, printer, &path, shape("follow"), times).await,
    }
}

async fn latest(
    client: &Client,
    application: &Application,
    deployments: &str,
) -> anyhow::Result<NonZeroU32> {
    let page: Page<Deployment> = client.get(deployments, &[("limit", "1".to_owned())]).await?;
    let none = || {
        Failure::usage(
            format!("`{}` was never deployed", application.name),
            "deploy it first: `portolan app deploy`",
        )
    };
    Ok(page.items.first().ok_or_else(none)?.number)
}
