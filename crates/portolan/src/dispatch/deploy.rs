//! `portolan deploy`, from what was typed to what is done.

use crate::{
    cli::DeployArgs,
    client::Client,
    commands::deploy::{self, Described},
    failure::Outcome,
    printer::Printer,
};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    args: DeployArgs,
) -> anyhow::Result<Outcome> {
    let DeployArgs { file, image, env, run, wait } = args;
    let described = Described { file, image, environment: env };
    Box::pin(deploy::deploy(client, printer, described, run.into(), wait.into())).await
}
