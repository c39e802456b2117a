//! Passkeys: made by a person who has just signed in, and used to sign in without a password.
//!
//! Owns challenges and which passkey is whose. Whether what a browser brings is sound is in
//! `ceremony`. A passkey is something that one has and that verifies who holds it: it counts as both
//! factors.

mod authenticator;
mod ceremony;
mod cose;
mod signatures;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portolan_types::{
    CreatePasskey, CredentialKind, Page, PageQuery, Passkey, PasskeyAlgorithm, PasskeyCreation,
    PasskeyDescriptor, PasskeyId, PasskeyParty, PasskeyRequest, PasskeySelection, PasskeyUser,
    SignInMethod, Timestamp, UpdatePasskey, UsedCredential, UserId,
};
use sqlx::AnyConnection;

use self::ceremony::{Brought, Party, Unsound};
use crate::{
    Actor, App, Error,
    db::{self, passkey::NewPasskey},
    events, page,
    sessions::{self, Visitor},
    sign_in::{self, SignedIn},
    vault,
};

/// How long a person may take to touch their authenticator.
const SECONDS: u32 = 300;
/// More than anybody has devices.
const MOST: usize = 50;

/// For whom passkeys are. Without a public URL, or with an address instead of a name, there are none.
fn party(app: &App) -> Result<Party, Error> {
    let url = app.config.sign_in.public_url.as_ref();
    let found = url.and_then(|url| Some((url.domain()?, url.origin())));
    let (domain, origin) = found.ok_or_else(|| {
        Error::refused(
            "no-passkeys",
            "passkeys are made for the name of a site, and this control plane was not told its own",
            "let the operator start it with `--public-url https://NAME`",
        )
    })?;
    Ok(Party { id: domain.to_owned(), origin })
}

/// What a browser needs to make a passkey.
pub async fn begin_creation(app: &App, actor: &Actor) -> Result<PasskeyCreation, Error> {
    sign_in::require_fresh(actor)?;
    let party = party(app)?;
    let mut tx = app.db.begin().await?;
    let challenge = challenge(&mut tx, Some(&actor.user.id)).await?;
    let known = db::passkey::credential_ids(&mut tx, &actor.user.id).await?;
    tx.commit_quietly().await?;
    if known.len() >= MOST {
        return Err(Error::refused(
            "too-many-passkeys",
            format!("there are {MOST} passkeys already"),
            "remove those that are not used any more",
        ));
    }
    let kind = CredentialKind::PublicKey;
    Ok(PasskeyCreation {
        challenge,
        rp: PasskeyParty { name: "Portolan".to_owned(), id: party.id },
        user: PasskeyUser {
            id: handle(&actor.user.id),
            name: actor.user.email.clone(),
            display_name: actor.user.email.clone(),
        },
        pub_key_cred_params: cose::ALGORITHMS.map(|alg| PasskeyAlgorithm { kind, alg }).to_vec(),
        timeout: SECONDS * 1_000,
        exclude_credentials: known.into_iter().map(|id| PasskeyDescriptor { kind, id }).collect(),
        authenticator_selection: PasskeySelection {
            resident_key: "required".to_owned(),
            require_resident_key: true,
            user_verification: "required".to_owned(),
        },
        attestation: "none".to_owned(),
    })
}

/// How authenticators keep whose a passkey is: the id says nothing of the person.
fn handle(user: &UserId) -> String {
    URL_SAFE_NO_PAD.encode(user.as_str())
}

/// Something to sign, once.
async fn challenge(conn: &mut AnyConnection, user: Option<&UserId>) -> Result<String, Error> {
    let challenge = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let now = Timestamp::now();
    let times = (now, now.plus_seconds(i64::from(SECONDS)));
    db::passkey::insert_challenge(conn, &vault::hash(&challenge), user, times).await?;
    Ok(challenge)
}

/// Whose the challenge is that was signed. It is gone afterwards, whatever follows.
async fn answer(app: &App, brought: &Brought) -> Result<Option<UserId>, Error> {
    let mut tx = app.db.begin().await?;
    let hash = vault::hash(brought.challenge());
    let found = db::passkey::take_challenge(&mut tx, &hash, Timestamp::now()).await?;
    tx.commit_quietly().await?;
    found.ok_or_else(|| {
        Error::refused(
            "challenge-unknown",
            "it was not asked for, or more than 5 minutes ago, or was used already",
            "begin again",
        )
    })
}

/// Takes a passkey that a browser has made.
pub async fn create(app: &App, actor: &Actor, input: CreatePasskey) -> Result<Passkey, Error> {
    sign_in::require_fresh(actor)?;
    let party = party(app)?;
    let refused = |why: Unsound| Error::field("credential", why.to_string());
    let brought = Brought::read(&input.credential.response.client_data_json).map_err(refused)?;
    if answer(app, &brought).await?.as_ref() != Some(&actor.user.id) {
        return Err(refused(Unsound::Purpose));
    }
    let (data, made) = ceremony::made(&brought, &input.credential, &party).map_err(refused)?;
    let passkey = Passkey {
        id: PasskeyId::generate(),
        name: input.name,
        backed_up: data.is_backed_up(),
        created_at: Timestamp::now(),
        last_used_at: None,
    };
    let new = NewPasskey {
        passkey: &passkey,
        user: &actor.user.id,
        credential_id: &URL_SAFE_NO_PAD.encode(&made.id),
        public_key: &URL_SAFE_NO_PAD.encode(&made.cose),
        counter: data.counter,
    };
    let mut tx = app.db.begin().await?;
    let known = |error| {
        Error::on_unique(error, || Error::field("credential", "this passkey is known already"))
    };
    db::passkey::insert(&mut tx, &new).await.map_err(known)?;
    note(&mut tx, actor, "passkey.created", &passkey, "was made").await?;
    tx.commit().await?;
    Ok(passkey)
}

/// Writes down what somebody did to a passkey of theirs.
async fn note(
    conn: &mut AnyConnection,
    actor: &Actor,
    kind: &'static str,
    passkey: &Passkey,
    what: &str,
) -> Result<(), Error> {
    let message = format!("passkey `{}` of {} {what}", passkey.name, actor.user.email);
    let happened = sessions::happened(actor.team_id(), &actor.user, kind, message);
    let now = Timestamp::now();
    Ok(events::record(conn, happened.by(actor.author()), now).await?)
}

/// The caller's passkeys, oldest first.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Passkey>, Error> {
    let mut conn = app.db.acquire().await?;
    let found = db::passkey::list(&mut conn, &actor.user.id, query).await?;
    Ok(page::of(found, query, |passkey| (passkey.created_at, passkey.id.as_str())))
}

/// Calls one of the caller's passkeys something else.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &PasskeyId,
    input: UpdatePasskey,
) -> Result<Passkey, Error> {
    let mut tx = app.db.begin().await?;
    let found = db::passkey::find(&mut tx, &actor.user.id, id).await?;
    let before = found.ok_or(Error::NotFound("passkey"))?;
    db::passkey::rename(&mut tx, &actor.user.id, id, &input.name).await?;
    let passkey = Passkey { name: input.name, ..before };
    note(&mut tx, actor, "passkey.edited", &passkey, "was renamed").await?;
    tx.commit().await?;
    Ok(passkey)
}

/// Forgets one of the caller's passkeys, unless it is their last way in.
pub async fn delete(app: &App, actor: &Actor, id: &PasskeyId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let found = db::passkey::find(&mut tx, &actor.user.id, id).await?;
    let passkey = found.ok_or(Error::NotFound("passkey"))?;
    if !db::passkey::delete(&mut tx, &actor.user.id, id).await? {
        return Err(Error::NotFound("passkey"));
    }
    sign_in::ensure_one_left(app, &mut tx, &actor.user.id).await?;
    note(&mut tx, actor, "passkey.removed", &passkey, "was removed").await?;
    Ok(tx.commit().await?)
}

/// What a browser needs to sign in with whatever passkey the person chooses.
pub async fn begin_sign_in(app: &App) -> Result<PasskeyRequest, Error> {
    let party = party(app)?;
    let mut tx = app.db.begin().await?;
    let challenge = challenge(&mut tx, None).await?;
    tx.commit_quietly().await?;
    Ok(PasskeyRequest {
        challenge,
        rp_id: party.id,
        timeout: SECONDS * 1_000,
        user_verification: "required".to_owned(),
        allow_credentials: Vec::new(),
    })
}

/// Lets in whoever holds a passkey.
pub async fn sign_in(
    app: &App,
    credential: &UsedCredential,
    visitor: &Visitor,
) -> Result<SignedIn, Error> {
    let party = party(app)?;
    let brought = Brought::read(&credential.response.client_data_json).map_err(disbelieved)?;
    if answer(app, &brought).await?.is_some() {
        return Err(disbelieved(Unsound::Purpose));
    }
    let mut tx = app.db.begin().await?;
    let known = db::passkey::find_by_credential(&mut tx, &credential.id).await?;
    let known = known.ok_or(UNKNOWN)?;
    let handle_fits = credential.response.user_handle.as_deref() == Some(&handle(&known.user));
    let key = ceremony::decode(&known.public_key).ok();
    let key = key.and_then(|cose| authenticator::stored_key(&cose)).ok_or(UNKNOWN)?;
    let data = ceremony::used(&brought, credential, &party, &key).map_err(disbelieved)?;
    if !handle_fits {
        return Err(UNKNOWN);
    }
    let user = db::account::find(&mut tx, &known.user).await?.ok_or(UNKNOWN)?.user;
    let now = Timestamp::now();
    let backed_up = data.is_backed_up();
    if !db::passkey::count_up(&mut tx, &known.id, data.counter, backed_up, now).await? {
        tracing::warn!(passkey.id = %known.id, "a passkey's count did not grow: it may be a copy");
        return Err(COPIED);
    }
    let whither = (user, None);
    let session = sign_in::enter(app, &mut tx, whither, SignInMethod::Passkey, visitor).await?;
    let session = session.ok_or_else(sign_in::nowhere)?;
    tx.commit().await?;
    Ok(session)
}

/// The same for a passkey that is unknown and one that was removed.
const UNKNOWN: Error = Error::Unauthenticated("the passkey is not known here");
const COPIED: Error = Error::Unauthenticated(
    "the passkey has been used elsewhere since: it may have been copied; sign in another way and \
     remove it",
);

fn disbelieved(why: Unsound) -> Error {
    tracing::info!(%why, "did not believe a passkey");
    Error::Unauthenticated(match why {
        Unsound::Verification => {
            "the passkey was not believed: the authenticator did not verify who was there"
        }
        Unsound::Origin => "the passkey was not believed: it was used on another site",
        Unsound::Shape | Unsound::Purpose | Unsound::Presence | Unsound::Key | Unsound::Forged => {
            "the passkey was not believed"
        }
    })
}
