//! Deployments asked for, and work on what runs.

use std::num::NonZeroU32;

use portolan_types::{Application, DeployApplication, Operation, RollBack};

use crate::{
    client::Client,
    commands::operation::{accompany, accompany_subject},
    failure::Outcome,
    find::{Reference, find},
    printer::{Format, Line, Printer},
    watch::Wait,
};

pub(crate) async fn deploy(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    request: &DeployApplication,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let application: Application = find(client, wanted).await?;
    let operation = ask_deployment(client, &application, request).await?;
    accompany(client, printer, operation, wait).await
}

/// Deploys what its spec says; the data is the caller's to print.
pub(super) async fn deploy_and_follow(
    client: &Client,
    printer: &Printer,
    application: &Application,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let operation = ask_deployment(client, application, &DeployApplication::default()).await?;
    accompany_subject(client, printer, Some(&operation.id), wait).await
}

pub(in crate::commands) async fn ask_deployment(
    client: &Client,
    application: &Application,
    request: &DeployApplication,
) -> anyhow::Result<Operation> {
    Ok(client.act_with(&path(application, "deploy"), request).await?)
}

fn path(application: &Application, act: &str) -> String {
    format!("/v1/applications/{}/{act}", application.id)
}

pub(crate) async fn roll_back(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    to: Option<NonZeroU32>,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let application: Application = find(client, wanted).await?;
    let operation: Operation =
        client.act_with(&path(&application, "roll-back"), &RollBack { to }).await?;
    accompany(client, printer, operation, wait).await
}

pub(crate) async fn cancel(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let application: Application = find(client, wanted).await?;
    let operation: Operation = client.act(&path(&application, "cancel")).await?;
    if printer.format() == Format::Json {
        printer.json(&operation)?;
    }
    printer.say(&Line::plain(format!("gave up the deployment of `{}`", application.name)));
    Ok(())
}

/// What is done with what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Start,
    Stop,
    Restart,
}

impl Act {
    const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
}

pub(crate) async fn act(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    act: Act,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let application: Application = find(client, wanted).await?;
    let operation: Operation = client.act(&path(&application, act.word())).await?;
    accompany(client, printer, operation, wait).await
}
