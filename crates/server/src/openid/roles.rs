//! What groups of a provider may do in teams. What people gave by hand is never touched.

use std::collections::{BTreeMap, BTreeSet};

use portolan_types::{Role, TeamId, Timestamp, User};
use sqlx::AnyConnection;

use crate::{
    Error,
    config::{GroupRole, Provider},
    db::{self, granted_role::Membership},
    events, members, sessions,
};

/// The highest role in each team.
pub(super) fn wanted(roles: &[GroupRole], groups: &BTreeSet<String>) -> BTreeMap<TeamId, Role> {
    let mut wanted = BTreeMap::new();
    for GroupRole { team, role, .. } in roles.iter().filter(|one| groups.contains(&one.group)) {
        // Roles are declared from the highest to the lowest.
        let highest = wanted.entry(team.clone()).or_insert(*role);
        *highest = (*highest).min(*role);
    }
    wanted
}

/// What has to happen to one membership.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Join(TeamId, Role),
    Change(TeamId, Role),
    Leave(TeamId),
}

/// What brings a person's memberships to what the provider says. Pure.
fn steps(has: &[Membership], wanted: &BTreeMap<TeamId, Role>, by: &str) -> Vec<Step> {
    let ours =
        has.iter().filter(|one| one.granted_by.as_deref() == Some(by) && one.role != Role::Owner);
    let kept = ours.filter_map(|one| match wanted.get(&one.team) {
        None => Some(Step::Leave(one.team.clone())),
        Some(role) if *role != one.role => Some(Step::Change(one.team.clone(), *role)),
        Some(_) => None,
    });
    let new = wanted.iter().filter(|(team, _)| has.iter().all(|one| one.team != **team));
    let new = new.map(|(team, role)| Step::Join(team.clone(), *role));
    // Sessions of a team that is left go on in one that was joined.
    new.chain(kept).collect()
}

/// Brings a person's memberships to what their groups say. With a lost role go the person's tokens in
/// that team, and their sessions to another team; its event ends open streams.
pub(super) async fn apply(
    conn: &mut AnyConnection,
    provider: &Provider,
    user: &User,
    groups: &BTreeSet<String>,
) -> Result<(), Error> {
    if provider.roles.is_empty() {
        return Ok(());
    }
    let (by, now) = (granter(provider), Timestamp::now());
    let wanted = wanted(&provider.roles, groups);
    let has = memberships(conn, user).await?;
    for step in steps(&has, &wanted, &by) {
        if let Some((team, kind, words)) = take(conn, user, step, &by, now).await? {
            let message = format!("{} {words} by their groups at `{}`", user.email, provider.name);
            let happened = sessions::happened(&team, user, kind, message);
            events::record(conn, happened.by(events::portolan("sign-in")), now).await?;
        }
    }
    Ok(())
}

/// The person's memberships, which nobody changes any more until the end of the transaction: who was
/// made owner meanwhile is not put out.
async fn memberships(conn: &mut AnyConnection, user: &User) -> Result<Vec<Membership>, Error> {
    let seen = db::granted_role::list(conn, &user.id).await?;
    // Always in this order, or two sign-ins could wait for each other.
    for team in seen.iter().map(|one| &one.team).collect::<BTreeSet<_>>() {
        db::team::lock(conn, team).await?;
    }
    Ok(db::granted_role::list(conn, &user.id).await?)
}

/// How memberships remember where they came from.
fn granter(provider: &Provider) -> String {
    format!("oidc:{}", provider.name)
}

async fn take(
    conn: &mut AnyConnection,
    user: &User,
    step: Step,
    by: &str,
    now: Timestamp,
) -> Result<Option<(TeamId, &'static str, String)>, Error> {
    Ok(match step {
        Step::Join(team, role) => {
            if !db::granted_role::grant(conn, (&team, &user.id), role, by, now).await? {
                tracing::warn!(%team, "a team that groups lead to does not exist");
                return Ok(None);
            }
            Some((team, "member.joined", format!("became {role}")))
        }
        Step::Change(team, role) => {
            members::set_role(conn, (&team, &user.id), role, Some(by)).await?;
            Some((team, "member.changed", format!("became {role}")))
        }
        Step::Leave(team) => {
            members::take_out(conn, (&team, &user.id)).await?;
            Some((team, "member.removed", "was removed".to_owned()))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn team(letter: char) -> TeamId {
        letter.to_string().repeat(24).parse().expect("an id")
    }

    #[test]
    fn the_highest_role_of_all_groups_counts() {
        let role =
            |group: &str, letter, role| GroupRole { group: group.into(), team: team(letter), role };
        let roles = [
            role("staff", 'a', Role::Member),
            role("ops", 'a', Role::Admin),
            role("ops", 'b', Role::Member),
        ];
        let groups = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let both = wanted(&roles, &groups(&["staff", "ops", "other"]));
        assert_eq!(both, [(team('a'), Role::Admin), (team('b'), Role::Member)].into());
        assert_eq!(wanted(&roles, &groups(&["staff"])), [(team('a'), Role::Member)].into());
        assert!(wanted(&roles, &groups(&[])).is_empty());
    }

    #[test]
    fn what_people_gave_by_hand_stays() {
        let has = |letter, role, by: Option<&str>| Membership {
            team: team(letter),
            role,
            granted_by: by.map(str::to_owned),
        };
        let has = [
            has('a', Role::Member, None),
            has('b', Role::Member, Some("oidc:corp")),
            has('c', Role::Admin, Some("oidc:corp")),
            has('d', Role::Member, Some("oidc:other")),
            has('e', Role::Owner, Some("oidc:corp")),
        ];
        let wanted = [
            (team('a'), Role::Admin),
            (team('c'), Role::Member),
            (team('d'), Role::Admin),
            (team('f'), Role::Member),
        ];
        assert_eq!(
            steps(&has, &wanted.into(), "oidc:corp"),
            [
                Step::Join(team('f'), Role::Member),
                Step::Leave(team('b')),
                Step::Change(team('c'), Role::Member),
            ]
        );
    }
}
