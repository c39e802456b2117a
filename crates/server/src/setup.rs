//! The first owner: made once, by whoever holds the setup token. It lets the same owner in again
//! when all their tokens have ended.
//!
//! There is no moment at which a stranger can become owner: without the token nothing is made, and
//! the database lets it be used once.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use portolan_types::{
    Abilities, Email, Name, Role, Sees, Setup, SetupDone, Subject, Team, TeamId, Timestamp, User,
    UserId,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    App, Error, accounts,
    db::{self, Transaction},
    events::{self, Happened},
    sessions,
    tokens::{self, Change, Wanted},
    vault,
};

/// How long a setup token can be used. A restart makes a new one.
pub const LIFETIME_SECONDS: i64 = 3_600;
const TOKEN_PREFIX: &str = "setup_";

/// A setup token for the person who started the process.
#[derive(Debug)]
pub struct Offer {
    token: SecretString,
    occasion: &'static str,
}

/// Whether there is an owner.
pub(crate) async fn is_done(app: &App) -> Result<bool, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::team::find_first_owner(&mut conn).await?.is_some())
}

/// A new setup token, unless an owner can sign in. The older one ends.
pub async fn offer(app: &App) -> Result<Option<Offer>, Error> {
    let mut tx = app.db.begin().await?;
    let now = Timestamp::now();
    let token = vault::random_secret(TOKEN_PREFIX);
    let hash = vault::hash(token.expose_secret());
    let expires_at = now.plus_seconds(LIFETIME_SECONDS);
    let occasion = if db::setup::replace(&mut tx, &hash, expires_at).await? {
        "There is no owner yet. Become it"
    } else if db::token::is_owner_able(&mut tx, now).await? {
        return Ok(None);
    } else {
        db::setup::reopen(&mut tx, &hash, expires_at).await?;
        "All tokens of owners have ended. Sign in again as the first owner"
    };
    tx.commit().await?;
    Ok(Some(Offer { token, occasion }))
}

/// Writes the token for the person who started the process: to standard error, not to the log,
/// and to a file of mode 0600 when one is named.
pub fn announce(offer: &Offer, listen: SocketAddr, file: Option<&Path>) -> io::Result<()> {
    let Offer { token, occasion } = offer;
    if let Some(path) = file {
        // A file that is there may be open to others: it is replaced, not written into.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        writeln!(file, "{}", token.expose_secret())?;
    }
    writeln!(
        io::stderr(),
        "\n{occasion} within {} minutes, in a browser with the token at http://{listen}/setup, or by\n\n    \
         portolan login --setup-token {} --email you@example.com\n",
        LIFETIME_SECONDS / 60,
        token.expose_secret()
    )
}

/// Makes the first owner, their team and their token; or only a token, for the owner that there is.
pub async fn set_up(app: &App, input: Setup) -> Result<SetupDone, Error> {
    let email = Email::folded(&input.email);
    let password = match input.password {
        Some(password) => {
            let known = accounts::known_of(&email);
            Some(app.passwords.choose("password", password, known).await?)
        }
        None => None,
    };
    let mut tx = app.db.begin().await?;
    let hash = vault::hash(&input.setup_token);
    if !db::setup::redeem(&mut tx, &hash, Timestamp::now()).await? {
        return Err(Error::Unauthenticated(
            "the setup token is wrong, has expired or was used: restart `portolan serve` for a new one",
        ));
    }
    let done = match db::team::find_first_owner(&mut tx).await? {
        None => make_owner(&mut tx, email, input.team).await?,
        Some((team, user)) if user.email == email => sign_in(&mut tx, team, user).await?,
        Some(_) => return Err(Error::field("email", "not the address of the first owner")),
    };
    if let Some(password) = password {
        db::account::set_password(&mut tx, &done.user.id, &password).await?;
        sessions::end_others(&mut tx, events::portolan("setup"), &done.user, None).await?;
    }
    tx.commit().await?;
    Ok(done)
}

async fn make_owner(
    tx: &mut Transaction,
    email: String,
    team: Option<Name>,
) -> Result<SetupDone, Error> {
    check_email(&email)?;
    let now = Timestamp::now();
    let name = match team {
        Some(name) => name,
        None => literal_name("Default team")?,
    };
    let team = Team { id: TeamId::generate(), name };
    let user = User { id: UserId::generate(), email };
    db::team::insert_team(tx, &team, now).await?;
    db::team::insert_user(tx, &user, now).await?;
    db::team::insert_membership(tx, &team.id, &user.id, (Role::Owner, Sees::Team), now).await?;
    let happened = Happened {
        team: &team.id,
        kind: "team.created",
        subject: Subject::Team(team.id.clone()),
        name: team.name.as_str(),
        message: format!("team `{}` was made, with {} as its owner", team.name, user.email),
    };
    let entry = happened.by(events::portolan("setup")).change(&(), &team);
    events::record(tx, entry, now).await?;
    sign_in(tx, team, user).await
}

/// A person's first token, for everything.
pub(crate) async fn sign_in(
    tx: &mut Transaction,
    team: Team,
    user: User,
) -> Result<SetupDone, Error> {
    let wanted = Wanted {
        name: literal_name("first sign-in")?,
        abilities: Abilities::all(),
        expires_at: tokens::usual_end(Timestamp::now()),
        addresses: None,
    };
    let token = tokens::mint(tx, &team, &user, wanted).await?;
    let by = (tokens::author(&user, &token.token), user.email.as_str());
    tokens::note(tx, &team.id, by, Change::Made(&token.token)).await?;
    Ok(SetupDone { user, team, token })
}

fn literal_name(text: &str) -> Result<Name, Error> {
    text.parse()
        .map_err(|invalid: portolan_types::Invalid| Error::field("name", invalid.to_string()))
}

/// Of whoever is new: an earlier version may have taken what is no address today.
fn check_email(email: &str) -> Result<(), Error> {
    let found = email.parse::<Email>().map(drop);
    found.map_err(|_| Error::field("email", "not an e-mail address"))
}
