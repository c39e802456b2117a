//! Who is asking, and what they may do. Every operation takes an [`Actor`]; there is no other way
//! to name a team.

use portolan_types::{
    Author, Credential, GrantedOn, Right, Role, Sees, Session, SignIn, Team, TeamId, User,
};

use crate::{
    Error,
    policy::{self, Policy},
    rights::{Grants, Visible},
    sessions, tokens,
};

/// A person in a team, acting with a token or a session.
#[derive(Debug, Clone)]
pub struct Actor {
    pub user: User,
    pub team: Team,
    pub role: Role,
    /// What of the team a member sees; admins and owners see all of it.
    pub sees: Sees,
    pub credential: Credential,
    /// What a member was granted beside what the role gives; read when the policy asks for it.
    pub grants: Grants,
}

impl Actor {
    /// The only way by which an operation learns of a team: for what it writes there.
    pub fn team_id(&self) -> &TeamId {
        &self.team.id
    }

    /// What of the team the actor sees: for what an operation reads.
    pub fn visible(&self) -> Visible<'_> {
        match (self.role, self.sees) {
            (Role::Member, Sees::Granted) => Visible::granted(&self.team.id, &self.user.id),
            (Role::Member, Sees::Team) | (Role::Admin | Role::Owner, _) => {
                Visible::whole(&self.team.id)
            }
        }
    }

    /// Whether the actor sees a server or project, by what they were granted.
    pub(crate) fn require_visible(
        &self,
        place: &GrantedOn,
        word: &'static str,
    ) -> Result<(), Error> {
        if self.visible().is_whole() || self.grants.has(place) {
            return Ok(());
        }
        Err(Error::NotFound(word))
    }

    /// How they signed in, where it is a person who asks and no program.
    pub(crate) const fn sign_in(&self) -> Option<&SignIn> {
        match &self.credential {
            Credential::Session(sign_in) => Some(sign_in),
            Credential::Token(_) => None,
        }
    }

    /// The actor as the author of an event.
    pub(crate) fn author(&self) -> Author {
        match &self.credential {
            Credential::Token(token) => tokens::author(&self.user, token),
            Credential::Session(sign_in) => sessions::author(&self.user, sign_in),
        }
    }

    /// Whether the role and the credential are enough for a policy. A token never exceeds the role
    /// of its owner; a session is as much as that. What a right on a server or in a project needs
    /// besides is asked with `require_on`.
    pub fn require(&self, policy: Policy) -> Result<(), Error> {
        if let Some(wanted) = policy.role()
            && !policy::includes(self.role, wanted)
        {
            return Err(Error::Forbidden(format!(
                "this needs the role {wanted}, and yours is {}",
                self.role
            )));
        }
        match (&self.credential, policy.ability()) {
            (Credential::Session(_), _) => Ok(()),
            (Credential::Token(_), None) => Err(Error::Forbidden(
                "this needs a person who signed in (`create_session.email`), not a token".into(),
            )),
            (Credential::Token(token), Some(wanted)) if token.abilities.allow(wanted) => Ok(()),
            (Credential::Token(token), Some(wanted)) => Err(Error::Forbidden(format!(
                "this needs a token with the ability `{wanted}`; this one has {}",
                token.abilities
            ))),
        }
    }

    /// Whether the actor has a right on a server or in a project: by role, or because it was
    /// granted.
    pub fn require_on(&self, wanted: Right, place: impl Into<GrantedOn>) -> Result<(), Error> {
        let place = place.into();
        self.require_visible(&place, place.type_word())?;
        let has = self.right(self.grants.on(&place));
        if has >= wanted {
            return Ok(());
        }
        Err(lacks(wanted, &format!("this {}", place.type_word()), has))
    }

    /// Whether there is a server or project on which the actor has a right.
    pub(crate) fn require_anywhere(&self, wanted: Right) -> Result<(), Error> {
        let has = self.right(self.grants.highest());
        if has >= wanted { Ok(()) } else { Err(lacks(wanted, "a server or project", has)) }
    }

    const fn right(&self, granted: Right) -> Right {
        match self.role {
            Role::Owner | Role::Admin => Right::Manage,
            Role::Member => granted,
        }
    }

    /// What the caller may know of themselves.
    pub fn session(&self) -> Session {
        Session {
            user: self.user.clone(),
            team: self.team.clone(),
            role: self.role,
            sees: self.sees,
            credential: self.credential.clone(),
        }
    }
}

fn lacks(wanted: Right, place: &str, has: Right) -> Error {
    Error::Forbidden(format!("this needs the right to {wanted} {place}; you may {has}"))
}
