//! `portolan session` and `portolan user`.

use crate::{
    ask::Answers,
    cli::{AnswersArgs, GlobalArgs, ResetArgs, SessionCommand, TotpCommand, UserCommand},
    client::Client,
    commands::{session, user},
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

fn from(args: AnswersArgs) -> Answers {
    if args.stdin { Answers::Lines } else { Answers::Person }
}
