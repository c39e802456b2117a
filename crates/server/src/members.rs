//! Who is in the team: roles, rights on servers and in projects, and the end of a membership.
//!
//! Owns what admins may do to whom, and that there is always an owner. Every change of who may do
//! what is an event in its transaction: it rings the bell at which open streams look whether they
//! may go on.

use portolan_types::{
    GrantedOn, Member, Name, Page, PageQuery, Right, Role, Sees, TeamId, Timestamp, UpdateMember,
    UserId, id::SubjectId,
};
use sqlx::AnyConnection;

use crate::{Actor, App, Error, db, db::Transaction, page, teams};

/// The team's members.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Member>, Error> {
    let mut conn = app.db.acquire().await?;
    let members = db::member::list(&mut conn, actor.visible(), query).await?;
    Ok(page::of(members, query, |member| (member.joined_at, member.user_id.as_str())))
}

/// One member.
pub async fn show(app: &App, actor: &Actor, id: &UserId) -> Result<Member, Error> {
    let mut conn = app.db.acquire().await?;
    find(&mut conn, actor, id).await
}

/// The member as the actor sees them.
pub(crate) async fn find(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &UserId,
) -> Result<Member, Error> {
    db::member::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("member"))
}

/// Gives a member another role, or lets them see more or less of the team.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &UserId,
    input: UpdateMember,
) -> Result<Member, Error> {
    let mut tx = begin(app, actor).await?;
    let before = find(&mut tx, actor, id).await?;
    let own = check_above(&mut tx, actor, &before).await?;
    if let Some(role) = input.role {
        change_role(&mut tx, actor, (own, &before), role).await?;
    }
    if let Some(sees) = input.sees {
        check_sees(input.role.unwrap_or(before.role), sees)?;
        db::member::set_sees(&mut tx, (actor.team_id(), id), sees).await?;
    }
    let after = find(&mut tx, actor, id).await?;
    let message = changed(&after, &input, actor)?;
    teams::note(&mut tx, actor, "member.changed", message, (&before, &after)).await?;
    tx.commit().await?;
    Ok(after)
}

async fn change_role(
    tx: &mut Transaction,
    actor: &Actor,
    (own, before): (Role, &Member),
    role: Role,
) -> Result<(), Error> {
    check_role(own, role)?;
    if before.role == Role::Owner && role != Role::Owner {
        keep_an_owner(tx, actor).await?;
    }
    set_role(tx, (actor.team_id(), &before.user_id), role, None).await
}

/// What was done, in words; nothing asked for is nothing done.
fn changed(after: &Member, input: &UpdateMember, actor: &Actor) -> Result<String, Error> {
    let (who, by) = (&after.email, &actor.user.email);
    let sees = match after.sees {
        Sees::Team => "sees all of the team",
        Sees::Granted => "sees only what is granted",
    };
    match (input.role, input.sees) {
        (Some(role), None) => Ok(format!("{who} was made {role} by {by}")),
        (Some(role), Some(_)) => Ok(format!("{who} was made {role} by {by}, and {sees} now")),
        (None, Some(_)) => Ok(format!("{who} {sees} now, as {by} decided")),
        (None, None) => Err(Error::field("role", "needed, or what they see (`sees`)")),
    }
}

/// Admins and owners see everything: they decide who sees what.
pub(crate) fn check_sees(role: Role, sees: Sees) -> Result<(), Error> {
    if sees == Sees::Granted && role != Role::Member {
        return Err(Error::field("sees", format!("{role} is a role that sees all of the team")));
    }
    Ok(())
}

/// Ends a membership, with the tokens, sessions and streams that it had.
pub async fn remove(app: &App, actor: &Actor, id: &UserId) -> Result<(), Error> {
    let mut tx = begin(app, actor).await?;
    let member = find(&mut tx, actor, id).await?;
    check_above(&mut tx, actor, &member).await?;
    let message = format!("{} was removed from the team by {}", member.email, actor.user.email);
    end(&mut tx, actor, &member, ("member.removed", message)).await?;
    Ok(tx.commit().await?)
}

/// Ends the actor's own membership.
pub async fn leave(app: &App, actor: &Actor) -> Result<(), Error> {
    let mut tx = begin(app, actor).await?;
    let member = find(&mut tx, actor, &actor.user.id).await?;
    let message = format!("{} left the team", member.email);
    end(&mut tx, actor, &member, ("member.left", message)).await?;
    Ok(tx.commit().await?)
}

/// Gives a member a right on a server or in a project, instead of the one before.
pub async fn grant(
    app: &App,
    actor: &Actor,
    (id, on): (&UserId, &SubjectId),
    right: Right,
) -> Result<Member, Error> {
    let mut tx = begin(app, actor).await?;
    let before = find(&mut tx, actor, id).await?;
    let (on, name) = find_place(&mut tx, actor, on).await?;
    if before.role != Role::Member {
        return Err(Error::refused(
            "right-by-role",
            format!("{} is {}: that is every right everywhere", before.email, before.role),
            "give them the role `member` first (`update_member`)",
        ));
    }
    let (team, now) = (actor.team_id(), Timestamp::now());
    // It may have been removed since the look.
    db::grant::set(&mut tx, team, id, (&on, right), now)
        .await
        .map_err(|error| Error::on_foreign_key(error, no_such_place))?;
    let after = find(&mut tx, actor, id).await?;
    let message = format!(
        "{} was given the right to {right} {} `{name}` by {}",
        after.email,
        on.type_word(),
        actor.user.email
    );
    teams::note(&mut tx, actor, "member.granted", message, (&before, &after)).await?;
    tx.commit().await?;
    Ok(after)
}

/// The server or project of the team that has this id.
async fn find_place(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &SubjectId,
) -> Result<(GrantedOn, Name), Error> {
    let found = db::grant::find_named(conn, actor.team_id(), id).await?;
    found.ok_or_else(no_such_place)
}

const fn no_such_place() -> Error {
    Error::NotFound("server or project")
}

/// Takes a right back.
pub async fn revoke(
    app: &App,
    actor: &Actor,
    (id, on): (&UserId, &SubjectId),
) -> Result<Member, Error> {
    let mut tx = begin(app, actor).await?;
    let before = find(&mut tx, actor, id).await?;
    let (on, name) = find_place(&mut tx, actor, on).await?;
    if !db::grant::delete(&mut tx, actor.team_id(), id, &on).await? {
        return Err(Error::NotFound("right of that member there"));
    }
    let after = find(&mut tx, actor, id).await?;
    let message = format!(
        "the right of {} on {} `{name}` was taken back by {}",
        after.email,
        on.type_word(),
        actor.user.email
    );
    teams::note(&mut tx, actor, "member.revoked", message, (&before, &after)).await?;
    tx.commit().await?;
    Ok(after)
}

/// One change after the other, or two owners could lower each other at once.
pub(crate) async fn begin(app: &App, actor: &Actor) -> Result<Transaction, Error> {
    let mut tx = app.db.begin().await?;
    db::team::lock(&mut tx, actor.team_id()).await?;
    Ok(tx)
}

/// Gives a member another role; `by` names the provider whose groups say so, and nobody when people
/// do. Rights that the new role has anyway are forgotten: they must not come back with a lower one.
pub(crate) async fn set_role(
    conn: &mut AnyConnection,
    (team, user): (&TeamId, &UserId),
    role: Role,
    by: Option<&str>,
) -> Result<(), Error> {
    db::member::set_role(conn, (team, user), role, by).await?;
    if role != Role::Member {
        db::grant::delete_all(conn, team, user).await?;
    }
    Ok(())
}

/// Ends a membership with what is left behind in the team: tokens, rights, invitations. Sessions go on
/// in another team of theirs, or end.
pub(crate) async fn take_out(
    conn: &mut AnyConnection,
    (team, user): (&TeamId, &UserId),
) -> Result<(), Error> {
    db::session::move_out(conn, team, user).await?;
    Ok(db::member::delete(conn, team, user).await?)
}

async fn end(
    tx: &mut Transaction,
    actor: &Actor,
    member: &Member,
    (kind, message): (&'static str, String),
) -> Result<(), Error> {
    if member.role == Role::Owner {
        keep_an_owner(tx, actor).await?;
    }
    take_out(tx, (actor.team_id(), &member.user_id)).await?;
    teams::note(tx, actor, kind, message, (member, &())).await
}

/// Admins do nothing to owners. The actor's role is read again, and answered: it may have changed
/// since the request was let in.
async fn check_above(
    conn: &mut AnyConnection,
    actor: &Actor,
    target: &Member,
) -> Result<Role, Error> {
    let role = find(conn, actor, &actor.user.id).await?.role;
    match (role, target.role) {
        (Role::Owner, _) | (Role::Admin, Role::Admin | Role::Member) => Ok(role),
        (Role::Admin, Role::Owner) => {
            Err(Error::Forbidden(format!("{} is an owner: only owners may do that", target.email)))
        }
        (Role::Member, _) => {
            Err(Error::Forbidden("this needs the role admin, and yours is member".into()))
        }
    }
}

/// The actor's role is read again: it may have changed since the request was let in.
pub(crate) async fn check_owner(conn: &mut AnyConnection, actor: &Actor) -> Result<(), Error> {
    match find(conn, actor, &actor.user.id).await?.role {
        Role::Owner => Ok(()),
        Role::Admin | Role::Member => Err(Error::Forbidden("only owners hand a team over".into())),
    }
}

/// Nobody hands out more than they have.
pub(crate) fn check_role(own: Role, wanted: Role) -> Result<(), Error> {
    if wanted == Role::Owner && own != Role::Owner {
        return Err(Error::Forbidden("only owners make owners".into()));
    }
    Ok(())
}

async fn keep_an_owner(conn: &mut AnyConnection, actor: &Actor) -> Result<(), Error> {
    if db::member::count_owners(conn, actor.team_id()).await? > 1 {
        return Ok(());
    }
    Err(Error::refused(
        "last-owner",
        format!("team `{}` would have no owner any more", actor.team.name),
        "make somebody else owner first (`transfer_team`, or `update_member`)",
    ))
}
