//! `portolan user`.

mod reset;
mod second_factor;

use portolan_types::{
    Account, AskPasswordReset, ChangePassword, Password, RenewedSession, ResetPassword,
};
use secrecy::{ExposeSecret, SecretString};

pub(crate) use self::{
    reset::reset,
    second_factor::{disable, enable, recovery_codes},
};
use crate::{
    ask::Answers,
    client::{Access, Client, Credentials},
    printer::{Details, Line, Printer},
};

/// A secret on its way to the control plane.
pub(crate) fn password(secret: &SecretString) -> Password {
    Password::new(secret.expose_secret().to_owned())
}

pub(crate) async fn show(client: &Client, printer: &Printer) -> anyhow::Result<()> {
    let account: Account = client.get("/v1/user", &[]).await?;
    printer.one(&account, details)?;
    Ok(())
}

fn details(account: &Account) -> Details {
    let yes = |it: bool| if it { "yes" } else { "no" };
    let details = Details::default()
        .row("email", &account.user.email)
        .row("password", yes(account.has_password))
        .row("authenticator", yes(account.has_totp));
    if account.has_totp {
        return details.row("recovery codes", format!("{} left", account.recovery_codes_left));
    }
    details
}

/// A new password in the place of the one that is typed first.
pub(crate) async fn change_password(
    access: &Access,
    printer: &Printer,
    answers: Answers,
) -> anyhow::Result<()> {
    let client = access.client(printer)?;
    let current = answers.secret(printer, "current password:")?;
    let new = answers.new_secret(printer, "new password:")?;
    let request = ChangePassword { current: password(&current), new: password(&new) };
    let renewed: RenewedSession = client.put("/v1/user/password", &request).await?;
    keep(access, &client, printer, renewed.secret)?;
    printer.say(&Line::plain("your password was changed; your other sessions have ended"));
    Ok(())
}

/// A password with a code, without being signed in.
pub(crate) async fn choose_password(
    client: &Client,
    printer: &Printer,
    answers: Answers,
) -> anyhow::Result<()> {
    let code = answers.secret(printer, "code:")?;
    let new = answers.new_secret(printer, "new password:")?;
    let request = ResetPassword { code: code.expose_secret().to_owned(), new: password(&new) };
    let () = client.hand_in("/v1/password-resets/redeem", &request).await?;
    printer.say(&Line::plain("the new password is good: `portolan login --email ADDRESS`"));
    Ok(())
}

pub(crate) async fn forgot_password(
    client: &Client,
    printer: &Printer,
    email: String,
) -> anyhow::Result<()> {
    let () = client.hand_in("/v1/password-resets", &AskPasswordReset { email }).await?;
    printer.say(&Line::plain(
        "if there is such an account, mail is on its way: go on with `portolan user password \
         --with-code`",
    ));
    Ok(())
}

/// The session that took the place of the one that asked: kept where that was, and printed when it
/// came from a flag or a variable, which cannot be changed from here.
fn keep(
    access: &Access,
    client: &Client,
    printer: &Printer,
    secret: Option<String>,
) -> anyhow::Result<()> {
    let Some(secret) = secret else { return Ok(()) };
    if access.token.is_some() {
        printer.say(&Line::plain("the session that was used has ended; the new one is:"));
        printer.line(&secret)?;
        return Ok(());
    }
    let device = access.file.read()?.and_then(|stored| stored.device);
    let token = SecretString::from(secret);
    access.file.write(&Credentials { url: client.url().clone(), token, device })
}
