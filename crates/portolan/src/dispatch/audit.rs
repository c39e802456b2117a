//! `portolan audit`: from what was typed to the command.

use portolan_types::AuditNote;

use super::client;
use crate::{
    cli::{AuditCommand, GlobalArgs, VerifyAuditArgs},
    commands::audit,
    environment::environment,
    failure::Outcome,
    list::Listing,
    printer::Printer,
    settings::Settings,
};

pub(super) async fn run(
    global: GlobalArgs,
    printer: &Printer,
    command: AuditCommand,
) -> anyhow::Result<Outcome> {
    match command {
        AuditCommand::List { filter, search, page } => {
            let listing = Listing { search, ..page.into() };
            audit::list(&client(global, printer)?, printer, filter, listing).await?;
            Ok(Outcome::Done)
        }
        AuditCommand::Export(filter) => {
            audit::export(&client(global, printer)?, printer, filter).await?;
            Ok(Outcome::Done)
        }
        AuditCommand::Verify(VerifyAuditArgs { count, head, host }) => {
            let note = AuditNote { count, head };
            match host.into_flags() {
                Some(flags) => {
                    let config = Settings::merge(flags, environment)?.config;
                    audit::verify_on_host(printer, &config, &note).await
                }
                None => audit::verify(&client(global, printer)?, printer, note).await,
            }
        }
    }
}
