//! Invitations into a team: made, listed, taken back, used once.
//!
//! Owns who may invite as what, and that a secret that is wrong, has ended or was used is answered
//! in one way. What makes a good password is `accounts`' affair.

use portolan_types::{
    AcceptInvite, AcceptedInvite, Author, CreateInvite, CreatedInvite, Email, Invite, InviteId,
    InviteMail, JoinTeam, Membership, NewGrant, Page, PageQuery, Password, Role, Team, Timestamp,
    User, UserId,
};
use secrecy::ExposeSecret;
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, accounts,
    db::{
        self, Transaction,
        invite::{NewInvite, Opened},
    },
    events, members, notifiers, page, policy,
    rights::{self, Visible},
    setup, teams, vault,
};

/// How long an invitation lasts when its maker does not say.
const DEFAULT_DAYS: u16 = 7;
const MAX_DAYS: u16 = 30;
const MAX_GRANTS: usize = 100;
/// The prefix by which secret scanners find our secrets, and people tell them apart.
const SECRET_PREFIX: &str = "portolan_i_";

/// Invites somebody. The answer is the only place where the secret is ever seen, but for the mail
/// when it is to be sent.
pub async fn create(app: &App, actor: &Actor, input: CreateInvite) -> Result<CreatedInvite, Error> {
    let address = if input.send { Some(recipient(app, &input)?) } else { None };
    let invite = prepare(actor, input)?;
    let secret = vault::random_secret(SECRET_PREFIX);
    let mut tx = app.db.begin().await?;
    for grant in &invite.grants {
        rights::locate(&mut tx, actor, &(&grant.on).into()).await?;
    }
    db::invite::sweep(&mut tx, invite.created_at).await?;
    let new = NewInvite {
        invite: &invite,
        team_id: actor.team_id(),
        invited_by: &actor.user.id,
        secret_hash: &vault::hash(secret.expose_secret()),
    };
    db::invite::insert(&mut tx, &new).await?;
    let message =
        format!("{} was invited as {} by {}", whom(&invite), invite.role, invite.invited_by);
    teams::note(&mut tx, actor, "invite.created", message, (&(), &invite)).await?;
    tx.commit().await?;
    let mail = match address {
        Some(to) => Some(send(app, actor, &invite, to, secret.expose_secret()).await),
        None => None,
    };
    Ok(CreatedInvite { invite, secret: secret.expose_secret().to_owned(), mail })
}

fn recipient(app: &App, input: &CreateInvite) -> Result<Email, Error> {
    let missing = || Error::field("email", "needed to send the invitation to");
    let email = input.email.clone().ok_or_else(missing)?;
    notifiers::check_mail(app, "email", std::slice::from_ref(&email))?;
    Ok(email)
}

fn prepare(actor: &Actor, input: CreateInvite) -> Result<Invite, Error> {
    members::check_role(actor.role, input.role)?;
    if !input.grants.is_empty() && input.role != Role::Member {
        return Err(Error::field("grants", "only members are granted rights: others have all"));
    }
    members::check_sees(input.role, input.sees)?;
    if input.grants.len() > MAX_GRANTS {
        return Err(Error::field("grants", format!("at most {MAX_GRANTS}")));
    }
    let days = input.expires_in_days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Error::field("expires_in_days", format!("must be 1 to {MAX_DAYS}")));
    }
    let now = Timestamp::now();
    Ok(Invite {
        id: InviteId::generate(),
        email: input.email,
        role: input.role,
        sees: input.sees,
        grants: input.grants,
        invited_by: actor.user.email.clone(),
        created_at: now,
        expires_at: now.plus_seconds(i64::from(days) * 86_400),
    })
}

fn whom(invite: &Invite) -> String {
    invite.email.as_ref().map_or_else(|| "whoever has the secret".to_owned(), ToString::to_string)
}

async fn send(app: &App, actor: &Actor, invite: &Invite, to: Email, secret: &str) -> InviteMail {
    let (team, by, role) = (&actor.team.name, &actor.user.email, invite.role);
    let title = format!("you are invited into team {team}");
    let page = accounts::page(app, &format!("/invite#{secret}"));
    let text = format!(
        "{by} invites you into the team \"{team}\" of a Portolan, as {role}.\n\n\
         With an account there:\n\n    portolan invite accept -\n\n\
         Without one:\n\n    portolan --url ADDRESS-OF-THAT-PORTOLAN invite accept - --email {to}\n\n\
         Either asks for this secret, which works once and until {}:\n\n    {secret}\n\n\
         {page}Whoever has it can use it. If you expected no invitation, do nothing.\n",
        invite.expires_at
    );
    match notifiers::send_mail(app, to, &title, &text).await {
        Ok(answer) => InviteMail { sent: true, answer },
        Err(answer) => InviteMail { sent: false, answer },
    }
}

/// The team's invitations that can still be used, without their secrets.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Invite>, Error> {
    let mut conn = app.db.acquire().await?;
    let now = Timestamp::now();
    let invites = db::invite::list(&mut conn, actor.team_id(), query, now).await?;
    Ok(page::of(invites, query, |invite| (invite.created_at, invite.id.as_str())))
}

/// Takes an invitation back.
pub async fn revoke(app: &App, actor: &Actor, id: &InviteId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let gone = db::invite::revoke(&mut tx, actor.team_id(), id, Timestamp::now()).await?;
    let invite = gone.ok_or(Error::NotFound("invitation"))?;
    let message =
        format!("the invitation of {} was taken back by {}", whom(&invite), actor.user.email);
    teams::note(&mut tx, actor, "invite.revoked", message, (&invite, &())).await?;
    Ok(tx.commit().await?)
}

/// Uses an invitation as somebody who is signed in.
pub async fn join(app: &App, actor: &Actor, input: JoinTeam) -> Result<Membership, Error> {
    let mut tx = app.db.begin().await?;
    let redeemed = redeem(&mut tx, &input.secret, &actor.user.email).await?;
    let team = enter(&mut tx, &actor.user, actor.author(), &redeemed).await?;
    tx.commit().await?;
    let role = redeemed.invite.role;
    Ok(Membership { team, role, current: false, joined_at: Timestamp::now() })
}

/// Uses an invitation as somebody new: makes the person, their first token, and their password if
/// they choose one.
pub async fn accept(app: &App, input: AcceptInvite) -> Result<AcceptedInvite, Error> {
    let email = Email::folded(input.email.as_str());
    let password = match input.password {
        Some(password) => Some(choose(app, (&input.secret, &email), password).await?),
        None => None,
    };
    let mut tx = app.db.begin().await?;
    let redeemed = redeem(&mut tx, &input.secret, &email).await?;
    let user = User { id: UserId::generate(), email };
    db::team::insert_user(&mut tx, &user, Timestamp::now())
        .await
        .map_err(|error| Error::on_unique(error, has_account))?;
    if let Some(hash) = password {
        db::account::set_password(&mut tx, &user.id, &hash).await?;
    }
    let team = enter(&mut tx, &user, events::portolan("invitation"), &redeemed).await?;
    let done = setup::sign_in(&mut tx, team, user).await?;
    tx.commit().await?;
    let role = redeemed.invite.role;
    Ok(AcceptedInvite { user: done.user, team: done.team, role, token: done.token })
}

/// The hash of a new person's password. Hashing costs us: it is done for nobody who could not come in
/// anyway.
async fn choose(
    app: &App,
    (secret, email): (&str, &str),
    password: Password,
) -> Result<String, Error> {
    let mut conn = app.db.acquire().await?;
    let found = db::invite::find(&mut conn, &vault::hash(secret), Timestamp::now()).await?;
    check_usable(found, email)?;
    if db::account::find_by_email(&mut conn, email).await?.is_some() {
        return Err(has_account());
    }
    // Whoever waits for their turn to be hashed keeps no connection from the others.
    drop(conn);
    app.passwords.choose("password", password, accounts::known_of(email)).await
}

fn has_account() -> Error {
    Error::refused(
        "account-exists",
        "there is an account with that address",
        "sign in with it, and use the invitation then (`accept_invite`)",
    )
}

/// What is wrong with a secret is told to nobody.
fn unusable() -> Error {
    Error::refused(
        "invitation-unusable",
        "the invitation is wrong, has ended, was used, or is for somebody else",
        "ask for another one",
    )
}

/// Uses a secret up, in a transaction: what is refused later leaves the invitation as it was.
async fn redeem(conn: &mut AnyConnection, secret: &str, email: &str) -> Result<Opened, Error> {
    let now = Timestamp::now();
    check_usable(db::invite::redeem(conn, &vault::hash(secret), now).await?, email)
}

/// Whether whoever has the secret and the address may use the invitation.
fn check_usable(found: Option<Opened>, email: &str) -> Result<Opened, Error> {
    let opened = found.ok_or_else(unusable)?;
    let invite = &opened.invite;
    let is_theirs = invite.email.as_ref().is_none_or(|of| of.as_str().eq_ignore_ascii_case(email));
    // Whoever invited may have been lowered since: nobody hands out more than they have.
    if is_theirs && policy::includes(opened.inviter, may_invite(invite.role)) {
        Ok(opened)
    } else {
        Err(unusable())
    }
}

/// The role that it takes to invite as another.
const fn may_invite(role: Role) -> Role {
    match role {
        Role::Owner => Role::Owner,
        Role::Admin | Role::Member => Role::Admin,
    }
}

/// The person becomes a member, with the rights that come with it.
async fn enter(
    tx: &mut Transaction,
    user: &User,
    by: Author,
    redeemed: &Opened,
) -> Result<Team, Error> {
    let (now, invite) = (Timestamp::now(), &redeemed.invite);
    let team = db::team::find(tx, &redeemed.team).await?.ok_or_else(unusable)?;
    if db::member::find(tx, Visible::whole(&team.id), &user.id).await?.is_some() {
        return Err(Error::refused(
            "already-member",
            format!("you are in team `{}` already", team.name),
            "leave the invitation to somebody else",
        ));
    }
    db::team::insert_membership(tx, &team.id, &user.id, (invite.role, invite.sees), now).await?;
    for NewGrant { on, right } in &invite.grants {
        // What was removed since has no rights to give.
        if db::grant::locate(tx, &team.id, &on.into()).await?.is_some() {
            db::grant::set(tx, &team.id, &user.id, (on, *right), now).await?;
        }
    }
    let message =
        format!("{} joined as {}, invited by {}", user.email, invite.role, invite.invited_by);
    let member = db::member::find(tx, Visible::whole(&team.id), &user.id).await?;
    let entry = teams::event(&team, "member.joined", message).by(by).change(&(), &member);
    events::record(tx, entry, now).await?;
    Ok(team)
}
