//! `portolan member`.

use portolan_types::{Grant, GrantRight, GrantedOn, Member, Name, Right, Role, Sees, UpdateMember};

use crate::{
    ask::{Consent, confirm},
    client::Client,
    find::{Reference, RightOn, find},
    list::{Listing, collect},
    printer::{Line, Printer, Span, Table},
    words::since,
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/members", &[], listing).await?;
    printer.page(&page, table, "nobody is called so")?;
    Ok(())
}

fn table(members: &[Member]) -> Table {
    let header = &["EMAIL", "ROLE", "SEES", "RIGHTS", "JOINED", "ID"];
    Table::new(header).yielding(&["JOINED"]).with(members.iter().map(|one| {
        vec![
            Span::plain(&one.email),
            Span::plain(one.role.as_str()),
            Span::plain(one.sees.as_str()),
            Span::plain(rights(&one.grants)),
            Span::plain(since(one.joined_at)),
            Span::plain(one.user_id.as_str()),
        ]
    }))
}

/// `web-1 use, db-1 manage, project shop manage`.
fn rights(grants: &[Grant]) -> String {
    let each: Vec<String> =
        grants.iter().map(|one| format!("{} {}", place(one), one.right)).collect();
    each.join(", ")
}

/// Servers are what most rights are on: their names stand alone.
fn place(grant: &Grant) -> String {
    match grant.on {
        GrantedOn::Server(_) => grant.name.to_string(),
        GrantedOn::Project(_) => format!("project {}", grant.name),
    }
}

pub(crate) async fn role(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    role: Role,
) -> anyhow::Result<()> {
    let change = UpdateMember { role: Some(role), sees: None };
    let member = update(client, wanted, &change).await?;
    printer.say(&Line::plain(format!("{} is {} now", member.email, member.role)));
    Ok(())
}

pub(crate) async fn sees(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    sees: Sees,
) -> anyhow::Result<()> {
    let change = UpdateMember { role: None, sees: Some(sees) };
    let member = update(client, wanted, &change).await?;
    let what = match member.sees {
        Sees::Team => "all of the team",
        Sees::Granted => "only what is granted",
    };
    printer.say(&Line::plain(format!("{} sees {what} now", member.email)));
    Ok(())
}

async fn update(
    client: &Client,
    wanted: &Reference,
    change: &UpdateMember,
) -> anyhow::Result<Member> {
    let member: Member = find(client, wanted).await?;
    Ok(client.change(&format!("/v1/members/{}", member.user_id), change).await?)
}

/// Somebody, and a server or project.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) member: Reference,
    pub(crate) on: RightOn,
}

impl Place {
    async fn find(&self, client: &Client) -> anyhow::Result<(Member, GrantedOn, Name, String)> {
        let member: Member = find(client, &self.member).await?;
        let (on, name) = self.on.find(client).await?;
        let path = format!("/v1/members/{}/grants/{}", member.user_id, on.id());
        Ok((member, on, name, path))
    }
}

pub(crate) async fn grant(
    client: &Client,
    printer: &Printer,
    place: &Place,
    right: Right,
) -> anyhow::Result<()> {
    let (member, on, name, path) = place.find(client).await?;
    let _: Member = client.put(&path, &GrantRight { right }).await?;
    let words = format!("{} may {right} {} `{name}` now", member.email, on.type_word());
    printer.say(&Line::plain(words));
    Ok(())
}

pub(crate) async fn revoke(
    client: &Client,
    printer: &Printer,
    place: &Place,
) -> anyhow::Result<()> {
    let (member, on, name, path) = place.find(client).await?;
    let _: Member = client.remove(&path, &[]).await?;
    let words = format!("{} has no right on {} `{name}` any more", member.email, on.type_word());
    printer.say(&Line::plain(words));
    Ok(())
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let member: Member = find(client, wanted).await?;
    let question = format!("Remove {} from the team? Their tokens of this team end.", member.email);
    confirm(printer, consent, &question)?;
    let () = client.remove(&format!("/v1/members/{}", member.user_id), &[]).await?;
    printer.say(&Line::plain(format!("removed {} from the team", member.email)));
    Ok(())
}
