//! `portolan session`, `user`, `passkey` and `identity`.

use crate::{
    ask::Answers,
    cli::{
        AnswersArgs, GlobalArgs, IdentityCommand, PasskeyCommand, ResetArgs, SessionCommand,
        TotpCommand, UserCommand,
    },
    client::Client,
    commands::{identity, passkey, session, user},
    control_plane::SecondFactor,
    environment::environment,
    printer::Printer,
    settings::Settings,
};

pub(super) async fn run_session(
    client: &Client,
    printer: &Printer,
    command: SessionCommand,
) -> anyhow::Result<()> {
    match command {
        SessionCommand::List(list) => session::list(client, printer, list.into()).await,
        SessionCommand::Revoke { id: Some(id), .. } => session::revoke(client, printer, &id).await,
        SessionCommand::Revoke { id: None, .. } => session::revoke_others(client, printer).await,
    }
}

pub(super) async fn run_user(
    global: GlobalArgs,
    printer: &Printer,
    command: UserCommand,
) -> anyhow::Result<()> {
    match command {
        UserCommand::Reset(args) => {
            let ResetArgs { email, remove_second_factor, config } = *args;
            let config = Settings::merge(config.into_flags(), environment)?.config;
            let factor =
                if remove_second_factor { SecondFactor::Remove } else { SecondFactor::Keep };
            user::reset(printer, &config, &email, factor).await
        }
        UserCommand::Show => user::show(&super::client(global, printer)?, printer).await,
        UserCommand::Password { with_code: true, answers } => {
            let client = super::client(global, printer)?;
            user::choose_password(&client, printer, from(answers)).await
        }
        UserCommand::Password { with_code: false, answers } => {
            user::change_password(&super::access(global)?, printer, from(answers)).await
        }
        UserCommand::ForgotPassword { email } => {
            user::forgot_password(&super::client(global, printer)?, printer, email).await
        }
        UserCommand::Totp(TotpCommand::Enable(answers)) => {
            user::enable(&super::access(global)?, printer, from(answers)).await
        }
        UserCommand::Totp(TotpCommand::Disable(answers)) => {
            user::disable(&super::access(global)?, printer, from(answers)).await
        }
        UserCommand::RecoveryCodes(answers) => {
            user::recovery_codes(&super::access(global)?, printer, from(answers)).await
        }
    }
}

pub(super) async fn run_passkey(
    client: &Client,
    printer: &Printer,
    command: PasskeyCommand,
) -> anyhow::Result<()> {
    match command {
        PasskeyCommand::List(list) => passkey::list(client, printer, list.into()).await,
        PasskeyCommand::Rename { passkey, new } => {
            passkey::rename(client, printer, &passkey, new).await
        }
        PasskeyCommand::Remove { passkey } => passkey::remove(client, printer, &passkey).await,
    }
}

pub(super) async fn run_identity(
    client: &Client,
    printer: &Printer,
    command: IdentityCommand,
) -> anyhow::Result<()> {
    match command {
        IdentityCommand::List(list) => identity::list(client, printer, list.into()).await,
        IdentityCommand::Remove { identity } => identity::remove(client, printer, &identity).await,
    }
}

fn from(args: AnswersArgs) -> Answers {
    if args.stdin { Answers::Lines } else { Answers::Person }
}
