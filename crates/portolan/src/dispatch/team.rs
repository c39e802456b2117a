//! `portolan team`, `member` and `invite`, from what was typed to what is done.

use portolan_types::CreateInvite;

use crate::{
    cli::{CreateInviteArgs, InviteCommand, MemberCommand, MemberOnServer, TeamCommand},
    client::{Access, Client},
    commands::{
        invite,
        login::{self, Proof},
        member::{self, Place},
        team,
    },
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
        MemberCommand::Grant { place, right } => {
            member::grant(client, printer, &place.into(), right).await
        }
        MemberCommand::Revoke(place) => member::revoke(client, printer, &place.into()).await,
        MemberCommand::Remove { member, consent } => {
            member::remove(client, printer, &member, consent.into()).await
        }
    }
}

impl From<MemberOnServer> for Place {
    fn from(MemberOnServer { member, server }: MemberOnServer) -> Self {
        Self { member, server }
    }
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
        InviteCommand::Accept { secret, email: None } => {
            invite::join(&client()?, printer, &login::typed_secret(secret)?).await
        }
        InviteCommand::Accept { secret, email: Some(email) } => {
            let secret = login::typed_secret(secret)?;
            login::login(access, printer, Proof::Invite { secret, email }).await
        }
    }
}

async fn create(client: &Client, printer: &Printer, args: CreateInviteArgs) -> anyhow::Result<()> {
    let CreateInviteArgs { role, email, grants, expires_in_days, send } = args;
    let wanted: Vec<_> = grants.into_iter().map(|one| (one.server, one.right)).collect();
    let grants = invite::grants(client, &wanted).await?;
    let request = CreateInvite { role, email, grants, expires_in_days, send };
    invite::create(client, printer, &request).await
}
