//! `portolan secrets`: from what was typed to the command.

use secrecy::SecretString;

use super::client;
use crate::{
    cli::{GlobalArgs, RotateSecretsArgs, SecretsCommand},
    commands::secrets::{self, Stay},
    environment::environment,
    failure::Failure,
    printer::Printer,
    settings::Settings,
};

pub(super) async fn run(
    global: GlobalArgs,
    printer: &Printer,
    command: SecretsCommand,
) -> anyhow::Result<()> {
    match command {
        SecretsCommand::Show => secrets::show(&client(global, printer)?, printer).await,
        SecretsCommand::Rotate(RotateSecretsArgs { master_key: true, host, .. }) => {
            let flags = host.into_flags().unwrap_or_default();
            let config = Settings::merge(flags, environment)?.config;
            let next = environment("PORTOLAN_NEW_MASTER_KEY").map(SecretString::from);
            secrets::rotate_master(printer, &config, next).await
        }
        SecretsCommand::Rotate(RotateSecretsArgs { no_wait, host, .. }) => {
            if host.into_flags().is_some() {
                let message = "data keys are replaced by the control plane, not on its files";
                return Err(
                    Failure::usage(message, "leave the flags out, or add --master-key").into()
                );
            }
            let stay = if no_wait { Stay::NotAtAll } else { Stay::UntilDone };
            secrets::rotate(&client(global, printer)?, printer, stay).await
        }
    }
}
