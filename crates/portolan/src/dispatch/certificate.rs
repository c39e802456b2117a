//! `portolan certificate`, from what was typed to what is done.

use crate::{cli::CertificateCommand, client::Client, commands::certificate, printer::Printer};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    command: CertificateCommand,
) -> anyhow::Result<()> {
    match command {
        CertificateCommand::List(list) => certificate::list(client, printer, list.into()).await,
        CertificateCommand::Show { certificate } => {
            certificate::show(client, printer, &certificate).await
        }
        CertificateCommand::Add { name, chain, key } => {
            certificate::add(client, printer, name, &chain, &key).await
        }
        CertificateCommand::Remove { certificate, consent } => {
            certificate::remove(client, printer, &certificate, consent.into()).await
        }
    }
}
