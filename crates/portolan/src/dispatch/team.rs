//! `portolan team`, `member` and `invite`, from what was typed to what is done.

use portolan_types::CreateInvite;
use secrecy::SecretString;

use crate::{
    ask::{Answers, has_person},
    cli::{CreateInviteArgs, Granted, InviteCommand, MemberCommand, MemberPlace, TeamCommand},
    client::{Access, Client},
    commands::{
        invite,
        login::{self, Proof},
        member::{self, Place},
        team,
    },
    failure::Failure,
    find::RightOn,
    printer::Printer,
};

pub(super) async fn run_team(
    client: &Client,
    printer: &Printer,
    command: TeamCommand,
) -> anyhow::Result<()> {
    match command {
        TeamCommand::List(list) => team::list(client, printer, list.into()).await,
        TeamCommand::Show => team::show(client, printer).await,
        TeamCommand::Create { name } => team::create(client, printer, name).await,
        TeamCommand::Rename { new } => team::rename(client, printer, new).await,
        TeamCommand::Switch { team } => team::switch(client, printer, &team).await,
        TeamCommand::Leave { consent } => team::leave(client, printer, consent.into()).await,
        TeamCommand::Delete { team, consent } => {
            team::delete(client, printer, &team, consent.into()).await
        }
        TeamCommand::Transfer { member, consent } => {
            team::transfer(client, printer, &member, consent.into()).await
        }
    }
}

pub(super) async fn run_member(
    client: &Client,
    printer: &Printer,
    command: MemberCommand,
) -> anyhow::Result<()> {
    match command {
        MemberCommand::List(list) => member::list(client, printer, list.into()).await,
        MemberCommand::Role { member, role } => member::role(client, printer, &member, role).await,
        MemberCommand::Sees { member, sees } => member::sees(client, printer, &member, sees).await,
        MemberCommand::Grant { place, right } => {
            member::grant(client, printer, &typed_place(place)?, right).await
        }
        MemberCommand::Revoke(place) => member::revoke(client, printer, &typed_place(place)?).await,
        MemberCommand::Remove { member, consent } => {
            member::remove(client, printer, &member, consent.into()).await
        }
    }
}

fn typed_place(place: MemberPlace) -> anyhow::Result<Place> {
    let MemberPlace { member, server, project } = place;
    let on = server.map(RightOn::Server).or(project.map(RightOn::Project));
    let on = on.ok_or_else(|| Failure::usage("a right on what?", "give --server or --project"))?;
    Ok(Place { member, on })
}

pub(super) async fn run_invite(
    access: &Access,
    printer: &Printer,
    command: InviteCommand,
) -> anyhow::Result<()> {
    let client = || access.client(printer);
    match command {
        InviteCommand::List(list) => invite::list(&client()?, printer, list.into()).await,
        InviteCommand::Create(args) => create(&client()?, printer, args).await,
        InviteCommand::Revoke { invite } => invite::revoke(&client()?, printer, &invite).await,
        InviteCommand::Accept { secret, email: None, .. } => {
            invite::join(&client()?, printer, &invitation(printer, secret)?).await
        }
        InviteCommand::Accept { secret, email: Some(email), password_stdin } => {
            let secret = invitation(printer, secret)?;
            let password = if password_stdin { Some(Answers::Lines) } else { person() };
            login::login(access, printer, Proof::Invite { secret, email, password }).await
        }
    }
}

/// `-` is one line of stdin and no more: the password may be the next one.
fn invitation(printer: &Printer, text: String) -> anyhow::Result<SecretString> {
    match text.as_str() {
        "-" => person().unwrap_or(Answers::Lines).secret(printer, "secret of the invitation:"),
        _ => Ok(text.into()),
    }
}

/// Whoever sits at the terminal, if somebody does.
fn person() -> Option<Answers> {
    has_person().then_some(Answers::Person)
}

async fn create(client: &Client, printer: &Printer, args: CreateInviteArgs) -> anyhow::Result<()> {
    let CreateInviteArgs { role, email, grants, project_grants, sees, expires_in_days, send } =
        args;
    let on_servers = grants.into_iter().map(|Granted { on, right }| (RightOn::Server(on), right));
    let in_projects =
        project_grants.into_iter().map(|Granted { on, right }| (RightOn::Project(on), right));
    let wanted: Vec<_> = on_servers.chain(in_projects).collect();
    let grants = invite::grants(client, &wanted).await?;
    let request = CreateInvite { role, email, grants, sees, expires_in_days, send };
    invite::create(client, printer, &request).await
}
