//! `portolan user totp` and `portolan user recovery-codes`.

use portolan_types::{ConfirmTotp, NewTotp, ProveAgain, RecoveryCodes, RenewedSession};
use secrecy::ExposeSecret;

use super::{keep, password};
use crate::{
    ask::Answers,
    client::{Access, Client},
    printer::{Format, Line, Printer},
};

pub(crate) async fn enable(
    access: &Access,
    printer: &Printer,
    answers: Answers,
) -> anyhow::Result<()> {
    let client = access.client(printer)?;
    let password = password(&answers.secret(printer, "password:")?);
    let new: NewTotp = client.act("/v1/user/totp").await?;
    printer.say(&Line::plain("put this into your authenticator:"));
    printer.say(&Line::plain(format!("  secret  {}", new.secret)));
    printer.say(&Line::plain(format!("  link    {}", new.uri)));
    let code = answers.secret(printer, "the code that it shows:")?;
    let request = ConfirmTotp { code: code.expose_secret().to_owned(), password: Some(password) };
    let codes: RecoveryCodes = client.act_with("/v1/user/totp/confirm", &request).await?;
    show_codes(access, &client, printer, codes)
}

pub(crate) async fn disable(
    access: &Access,
    printer: &Printer,
    answers: Answers,
) -> anyhow::Result<()> {
    let client = access.client(printer)?;
    let request = prove(printer, answers)?;
    let renewed: RenewedSession = client.act_with("/v1/user/totp/disable", &request).await?;
    keep(access, &client, printer, renewed.secret)?;
    printer.say(&Line::plain("the authenticator is not asked for any more"));
    Ok(())
}

pub(crate) async fn recovery_codes(
    access: &Access,
    printer: &Printer,
    answers: Answers,
) -> anyhow::Result<()> {
    let client = access.client(printer)?;
    let request = prove(printer, answers)?;
    let codes: RecoveryCodes = client.act_with("/v1/user/recovery-codes", &request).await?;
    show_codes(access, &client, printer, codes)
}

fn prove(printer: &Printer, answers: Answers) -> anyhow::Result<ProveAgain> {
    let password = password(&answers.secret(printer, "password:")?);
    let code = answers.secret(printer, "code of the authenticator, or a recovery code:")?;
    Ok(ProveAgain { password, code: code.expose_secret().to_owned() })
}

/// Only the codes are data: `portolan user recovery-codes > codes` works.
fn show_codes(
    access: &Access,
    client: &Client,
    printer: &Printer,
    mut codes: RecoveryCodes,
) -> anyhow::Result<()> {
    keep(access, client, printer, codes.secret.take())?;
    if printer.format() == Format::Json {
        printer.json(&codes)?;
        return Ok(());
    }
    printer.say(&Line::plain("recovery codes, each good once; they are shown only now:"));
    for code in &codes.recovery_codes {
        printer.line(code)?;
    }
    Ok(())
}
