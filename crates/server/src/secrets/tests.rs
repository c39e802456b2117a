//! What takes an installation of an earlier version, or the end of the process in the middle.

use std::num::NonZeroU32;

use portolan_types::{TeamId, Timestamp};
use secrecy::ExposeSecret;

use super::*;
use crate::{
    Config,
    config::{Builds, Notifications, Sessions, SignIn, Storages},
    host::Reachable,
    vault::Missing,
};

struct Place {
    _folder: tempfile::TempDir,
    config: Config,
    db: Db,
}

impl Place {
    /// An installation with a secret that the master key sealed itself, as versions before did.
    async fn old() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            data_dir: folder.path().join("data"),
            database_url: None,
            master_key: None,
            master_key_file: None,
            setup_token_file: None,
            trusted_proxies: Vec::new(),
            requests_per_minute: NonZeroU32::MAX,
            verify_every: None,
            keep_events_days: NonZeroU32::MAX,
            sessions: Sessions::default(),
            sign_in: SignIn::default(),
            reachable: Reachable::default(),
            notifications: Notifications::default(),
            builds: Builds::default(),
            storages: Storages::default(),
        };
        drop(crate::run::take_data_dir(&config).expect("a data directory"));
        let db = Db::connect(&config.database_url()).await.expect("a database");
        db.migrate().await.expect("a schema");
        let master = MasterKey::open(&config, Missing::Create).expect("a master key");
        let sealed = master.seal_as_before("the secret", "key:k").expect("sealed");
        let mut conn = db.acquire().await.expect("a connection");
        let team =
            portolan_types::Team { id: TeamId::generate(), name: "t".parse().expect("a name") };
        db::team::insert_team(&mut conn, &team, Timestamp::now()).await.expect("a team");
        let sql = "insert into keys (id, team_id, name, algorithm, public_key, fingerprint,
                                     sealed_private_key, created_at)
                   values ('k', $1, 'k', 'ed25519', '', '', $2, 1)";
        sqlx::query(sql)
            .bind(team.id.as_str())
            .bind(sealed)
            .execute(&mut *conn)
            .await
            .expect("a key");
        Self { _folder: folder, config, db }
    }

    fn master(&self) -> MasterKey {
        MasterKey::open(&self.config, Missing::Refuse).expect("a master key")
    }

    async fn sealed(&self) -> String {
        let mut conn = self.db.acquire().await.expect("a connection");
        let sql = "select sealed_private_key from keys";
        sqlx::query_scalar(sql).fetch_one(&mut *conn).await.expect("a row")
    }

    async fn opens(&self, vault: &Vault) -> bool {
        let opened = vault.open_sealed(&self.sealed().await, "key:k");
        opened.is_ok_and(|secret| secret.expose_secret() == "the secret")
    }
}

#[tokio::test]
async fn what_the_master_key_sealed_is_sealed_anew() {
    let place = Place::old().await;
    let vault = open(&place.db, &place.master()).await.expect("a vault");
    assert!(place.opens(&vault).await);
    assert_eq!(reseal(&place.db, &vault).await.expect("sealed"), 0);
    assert!(place.sealed().await.starts_with("v2:"));
    assert!(place.opens(&vault).await);
    // Twice changes nothing.
    let before = place.sealed().await;
    reseal(&place.db, &vault).await.expect("sealed");
    assert_eq!(place.sealed().await, before);
}

#[tokio::test]
async fn another_master_key_opens_nothing() {
    let place = Place::old().await;
    let other = MasterKey::generate();
    assert!(matches!(open(&place.db, &other).await, Err(OpenError::OtherMasterKey)));
    open(&place.db, &place.master()).await.expect("the right one does");
    assert!(matches!(open(&place.db, &other).await, Err(OpenError::OtherMasterKey)));
    assert!(matches!(open_unchanged(&place.db, &other).await, Err(OpenError::OtherMasterKey)));
}

#[tokio::test]
async fn a_data_key_is_dropped_when_it_seals_nothing_and_not_before() {
    let place = Place::old().await;
    let vault = open(&place.db, &place.master()).await.expect("a vault");
    reseal(&place.db, &vault).await.expect("sealed");
    let older = place.sealed().await;
    let (id, key, now) = (cuid2(), DataKey::generate(), Timestamp::now());
    let mut tx = place.db.begin().await.expect("a transaction");
    db::data_key::retire(&mut tx, now).await.expect("retired");
    let wrapped = place.master().wrap(&id, &key).expect("sealed");
    db::data_key::insert(&mut tx, &id, &wrapped, now).await.expect("a data key");
    tx.commit().await.expect("stored");
    learn(&vault, &id, &key);
    let later = now.plus_seconds(86_400);
    assert_eq!(drop_unused(&place.db, &vault, later).await.expect("looked"), None);
    assert!(vault.open_sealed(&older, "key:k").is_ok(), "it was dropped while it sealed something");
    reseal(&place.db, &vault).await.expect("sealed");
    assert!(drop_unused(&place.db, &vault, now).await.expect("looked").is_some());
    assert!(vault.open_sealed(&older, "key:k").is_ok(), "it was dropped at once");
    assert_eq!(drop_unused(&place.db, &vault, later).await.expect("looked"), None);
    assert!(vault.open_sealed(&older, "key:k").is_err());
    assert!(place.opens(&vault).await);
}

#[tokio::test]
async fn the_master_key_is_replaced() {
    let place = Place::old().await;
    let old = place.master();
    let rotated = rotate_master_key(&place.config, None).await.expect("another master key");
    assert_eq!(rotated, Rotated::InPlace);
    let new = place.master();
    assert!(new != old);
    assert!(place.opens(&open(&place.db, &new).await.expect("a vault")).await);
    assert!(matches!(open(&place.db, &old).await, Err(OpenError::OtherMasterKey)));
}

#[tokio::test]
async fn a_replacement_that_broke_off_goes_on() {
    let place = Place::old().await;
    let old = place.master();
    let vault = open(&place.db, &old).await.expect("a vault");
    reseal(&place.db, &vault).await.expect("sealed");
    // The new one is written and nothing else: the next one takes it.
    let new = host::new_key(&place.config, None).expect("a new one");
    assert!(host::new_key(&place.config, None).expect("the same") == new);
    // Every data key is under both, and the file is the old one.
    host::store_under_both(&place.db, &old, &new).await.expect("stored");
    for (master, why) in [(&old, "the old one opens"), (&new, "the new one opens")] {
        let vault = open_unchanged(&place.db, master).await.expect(why);
        vault.seal(&"x".into(), "x").expect(why);
    }
    drop(open(&place.db, &old).await.expect("a start in between"));
    let rotated = rotate_master_key(&place.config, None).await.expect("it goes on");
    assert_eq!(rotated, Rotated::InPlace);
    assert!(place.master() == new);
    assert!(place.opens(&open(&place.db, &new).await.expect("a vault")).await);
    assert!(matches!(open(&place.db, &old).await, Err(OpenError::OtherMasterKey)));
}

#[tokio::test]
async fn one_of_the_environment_is_replaced_at_the_next_start() {
    let mut place = Place::old().await;
    let (old, new) = (place.master(), MasterKey::generate());
    place.config.master_key = Some(old.to_text());
    let refused = rotate_master_key(&place.config, None).await;
    assert!(matches!(refused, Err(RotationError::NoNewKey)), "{refused:?}");
    let same = rotate_master_key(&place.config, Some(old.to_text())).await;
    assert!(matches!(same, Err(RotationError::Same)), "{same:?}");
    let rotated = rotate_master_key(&place.config, Some(new.to_text())).await.expect("stored");
    assert_eq!(rotated, Rotated::AtNextStart);
    assert!(place.opens(&open(&place.db, &old).await.expect("until then")).await);
    assert!(place.opens(&open(&place.db, &new).await.expect("a vault")).await);
    // It was started with the new one: the old one is over.
    assert!(matches!(open(&place.db, &old).await, Err(OpenError::OtherMasterKey)));
}
