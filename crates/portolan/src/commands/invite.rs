//! `portolan invite`.

use portolan_types::{CreateInvite, CreatedInvite, Invite, JoinTeam, Membership, NewGrant, Right};
use secrecy::{ExposeSecret, SecretString};

use super::token::expiry_span;
use crate::{
    client::Client,
    find::{Reference, RightOn, find},
    list::{Listing, collect},
    printer::{Format, Line, Printer, Span, Table},
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/invites", &[], listing).await?;
    printer.page(&page, table, "no invitations")?;
    Ok(())
}

fn table(invites: &[Invite]) -> Table {
    let header = &["FOR", "ROLE", "SEES", "RIGHTS", "INVITED BY", "EXPIRES", "ID"];
    Table::new(header).yielding(&["INVITED BY"]).with(invites.iter().map(|one| {
        vec![
            one.email.as_ref().map_or_else(|| Span::dim("anyone"), |of| Span::plain(of.as_str())),
            Span::plain(one.role.as_str()),
            Span::plain(one.sees.as_str()),
            Span::plain(one.grants.len().to_string()),
            Span::plain(&one.invited_by),
            expiry_span(Some(one.expires_at)),
            Span::plain(one.id.as_str()),
        ]
    }))
}

/// Turns names into ids.
pub(crate) async fn grants(
    client: &Client,
    wanted: &[(RightOn, Right)],
) -> anyhow::Result<Vec<NewGrant>> {
    let mut grants = Vec::new();
    for (on, right) in wanted {
        let (on, _) = on.find(client).await?;
        grants.push(NewGrant { on, right: *right });
    }
    Ok(grants)
}

/// Only the secret is data: `portolan invite create | ...` works.
pub(crate) async fn create(
    client: &Client,
    printer: &Printer,
    request: &CreateInvite,
) -> anyhow::Result<()> {
    let created: CreatedInvite = client.act_with("/v1/invites", request).await?;
    if printer.format() == Format::Json {
        printer.json(&created)?;
        return Ok(());
    }
    if let Some(mail) = &created.mail {
        let what = if mail.sent { "was sent" } else { "could not be sent" };
        printer.say(&Line::plain(format!("the invitation {what}: {}", mail.answer)));
    }
    printer.say(&Line::plain(format!(
        "invited as {}; the secret works once and is shown only now \
         (`portolan invite accept -`):",
        created.invite.role
    )));
    printer.line(&created.secret)?;
    Ok(())
}

pub(crate) async fn revoke(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let invite: Invite = find(client, wanted).await?;
    let () = client.remove(&format!("/v1/invites/{}", invite.id), &[]).await?;
    printer.say(&Line::plain("the invitation was taken back"));
    Ok(())
}

/// As whoever is logged in.
pub(crate) async fn join(
    client: &Client,
    printer: &Printer,
    secret: &SecretString,
) -> anyhow::Result<()> {
    let request = JoinTeam { secret: secret.expose_secret().to_owned() };
    let joined: Membership = client.act_with("/v1/invites/join", &request).await?;
    printer.say(&Line::plain(format!(
        "you are {} in team `{}` now; act in it with `portolan team switch`",
        joined.role, joined.team.name
    )));
    Ok(())
}
