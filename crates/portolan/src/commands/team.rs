//! `portolan team`.

use portolan_types::{
    CreateTeam, Member, Membership, Name, RenameTeam, SwitchTeam, Team, TransferTeam,
};

use crate::{
    ask::{Consent, confirm, confirm_by_name},
    client::Client,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Line, Printer, Span, Table},
    words::since,
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/teams", &[], listing).await?;
    printer.page(&page, table, "you are in no team")?;
    Ok(())
}

fn table(teams: &[Membership]) -> Table {
    let header = &["NAME", "ROLE", "CURRENT", "JOINED", "ID"];
    Table::new(header).yielding(&["JOINED"]).with(teams.iter().map(|one| {
        vec![
            Span::plain(one.team.name.as_str()),
            Span::plain(one.role.as_str()),
            Span::plain(if one.current { "yes" } else { "" }),
            Span::plain(since(one.joined_at)),
            Span::plain(one.team.id.as_str()),
        ]
    }))
}

fn details(one: &Membership) -> Details {
    Details::default()
        .row("name", one.team.name.as_str())
        .row("id", one.team.id.as_str())
        .row("your role", one.role.as_str())
        .row("joined", since(one.joined_at))
}

pub(crate) async fn show(client: &Client, printer: &Printer) -> anyhow::Result<()> {
    let team: Membership = client.get("/v1/team", &[]).await?;
    printer.one(&team, details)?;
    Ok(())
}

pub(crate) async fn create(client: &Client, printer: &Printer, name: Name) -> anyhow::Result<()> {
    let team: Membership = client.act_with("/v1/teams", &CreateTeam { name }).await?;
    printer.one(&team, details)?;
    Ok(())
}

pub(crate) async fn rename(client: &Client, printer: &Printer, name: Name) -> anyhow::Result<()> {
    let team: Team = client.change("/v1/team", &RenameTeam { name }).await?;
    printer.say(&Line::plain(format!("the team is called `{}` now", team.name)));
    Ok(())
}

pub(crate) async fn switch(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let team: Membership = find(client, wanted).await?;
    let request = SwitchTeam { team_id: team.team.id };
    let now: Membership = client.act_with("/v1/session/team", &request).await?;
    printer.say(&Line::plain(format!("acting in team `{}` now, as {}", now.team.name, now.role)));
    Ok(())
}

pub(crate) async fn leave(
    client: &Client,
    printer: &Printer,
    consent: Consent,
) -> anyhow::Result<()> {
    let now: Membership = client.get("/v1/team", &[]).await?;
    let question = format!(
        "Leave team `{}`? Your tokens of this team end, and you come back only when invited.",
        now.team.name
    );
    confirm(printer, consent, &question)?;
    let () = client.act("/v1/team/leave").await?;
    printer.say(&Line::plain(format!("left team `{}`", now.team.name)));
    Ok(())
}

pub(crate) async fn delete(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let found: Membership = find(client, wanted).await?;
    let team = found.team;
    let question =
        format!("Delete team `{}` with its settings, invitations, tokens and events?", team.name);
    confirm_by_name(printer, consent, &question, team.name.as_str())?;
    let () = client.remove(&format!("/v1/teams/{}", team.id), &[]).await?;
    printer.say(&Line::plain(format!("deleted team `{}`", team.name)));
    Ok(())
}

pub(crate) async fn transfer(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let member: Member = find(client, wanted).await?;
    let now: Membership = client.get("/v1/team", &[]).await?;
    let team = now.team.name;
    let question =
        format!("Hand team `{team}` over to {}? You become an admin of it.", member.email);
    confirm(printer, consent, &question)?;
    let request = TransferTeam { user_id: member.user_id, team: team.clone() };
    let owner: Member = client.act_with("/v1/team/transfer", &request).await?;
    printer.say(&Line::plain(format!("team `{team}` is owned by {} now", owner.email)));
    Ok(())
}
