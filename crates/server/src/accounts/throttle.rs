//! How many attempts are allowed, so that a secret cannot be guessed and a stranger cannot lock
//! anybody out (decision 0029).
//!
//! An attempt is counted before it is judged: those that run side by side are all counted. One that
//! succeeds is taken back. Where a person signed in from before, only what happened there counts.

use std::{net::IpAddr, time::Duration};

use portolan_types::{Timestamp, UserId};
use sqlx::AnyConnection;

use super::places::{self, Place};
use crate::{App, Error, connections::holder, db, sessions::Visitor, vault};

/// No wait is longer: whoever has to wait comes back the same day.
const LONGEST: Duration = Duration::from_mins(15);
/// Counts are forgotten when nothing was tried for so long.
pub(crate) const FORGOTTEN_AFTER_SECONDS: i64 = 86_400;

/// Attempts that were counted, and when the last one was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub attempts: u32,
    pub latest: Timestamp,
}

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// One account, tried from one place.
    Place,
    /// One account, tried from anywhere that it does not know.
    Account,
    /// Any account, tried from one address.
    Address,
}

impl Scope {
    /// Attempts that cost nothing. People mistype; behind one address there may be many of them.
    const fn free(self) -> u32 {
        match self {
            Self::Place => 5,
            Self::Account => 20,
            Self::Address => 30,
        }
    }
}

/// How long to wait before the next attempt: nothing at first, then a second, twice as long after
/// each attempt.
fn wait(scope: Scope, tally: Tally, now: Timestamp) -> Duration {
    let since = Duration::from_secs(tally.latest.seconds_until(now));
    let Some(over) = tally.attempts.checked_sub(scope.free()) else { return Duration::ZERO };
    if i64::try_from(since.as_secs()).unwrap_or(i64::MAX) >= FORGOTTEN_AFTER_SECONDS {
        return Duration::ZERO;
    }
    let pause = Duration::from_secs(1_u64.checked_shl(over).unwrap_or(u64::MAX)).min(LONGEST);
    pause.saturating_sub(since)
}

/// An attempt that was counted, and may be made.
#[derive(Debug)]
pub(crate) struct Attempt {
    keys: Vec<(Scope, String)>,
}

impl Attempt {
    /// It was the right person: what they did wrong before is forgotten, what others did is not.
    pub(crate) async fn succeeded(&self, conn: &mut AnyConnection) -> Result<(), Error> {
        for (scope, key) in &self.keys {
            match scope {
                Scope::Place => db::throttle::delete(conn, key).await?,
                Scope::Account | Scope::Address => db::throttle::take_back(conn, key).await?,
            }
        }
        Ok(())
    }

    /// It was no guess at all.
    pub(crate) async fn take_back(&self, app: &App) -> Result<(), Error> {
        let mut tx = app.db.begin().await?;
        for (_, key) in &self.keys {
            db::throttle::take_back(&mut tx, key).await?;
        }
        Ok(tx.commit_quietly().await?)
    }
}

/// Counts an attempt to sign in, whether or not there is such an account.
pub(crate) async fn admit(
    app: &App,
    email: &str,
    user: Option<&UserId>,
    visitor: &Visitor,
) -> Result<Attempt, Error> {
    let account = vault::hash(email);
    let address = address_part(visitor.address);
    let mut conn = app.db.acquire().await?;
    let known = places::find_known(&mut conn, user, visitor).await?;
    drop(conn);
    let keys = match known {
        Some(place) => vec![(Scope::Place, format!("place:{account}:{place}"))],
        None => vec![
            (Scope::Account, format!("account:{account}")),
            (Scope::Address, format!("address:{address}")),
            (Scope::Place, format!("place:{account}:{}", Place::of_address(visitor.address))),
        ],
    };
    count(app, keys).await
}

/// Counts an attempt of somebody who is signed in to show once more who they are.
pub(crate) async fn admit_again(app: &App, session: &str) -> Result<Attempt, Error> {
    count(app, vec![(Scope::Place, format!("session:{session}"))]).await
}

/// Counts something that costs us or others, by the address alone.
pub(crate) async fn admit_address(app: &App, what: &str, visitor: &Visitor) -> Result<(), Error> {
    let address = address_part(visitor.address);
    count(app, vec![(Scope::Place, format!("{what}:{address}"))]).await.map(drop)
}

async fn count(app: &App, keys: Vec<(Scope, String)>) -> Result<Attempt, Error> {
    let now = Timestamp::now();
    let mut tx = app.db.begin().await?;
    let mut longest = Duration::ZERO;
    // Always in this order, or two attempts could wait for each other.
    for (scope, key) in &keys {
        let tally = db::throttle::lock(&mut tx, key, now).await?;
        longest = longest.max(wait(*scope, tally, now));
    }
    if !longest.is_zero() {
        return Err(Error::TooSoon(longest));
    }
    let forgotten = now.plus_seconds(-FORGOTTEN_AFTER_SECONDS);
    for (_, key) in &keys {
        db::throttle::count(&mut tx, key, now, forgotten).await?;
    }
    tx.commit_quietly().await?;
    Ok(Attempt { keys })
}

/// An address with those that belong to the same customer.
pub(super) fn address_part(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "unknown".to_owned(), |address| holder(address).to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCOPES: [Scope; 3] = [Scope::Place, Scope::Account, Scope::Address];

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn the_wait_doubles_up_to_a_quarter_of_an_hour() {
        for scope in SCOPES {
            let after = |attempts| wait(scope, Tally { attempts, latest: at(0) }, at(0)).as_secs();
            let free = scope.free();
            assert_eq!(after(free - 1), 0);
            assert_eq!([after(free), after(free + 1), after(free + 4)], [1, 2, 16]);
            assert_eq!([after(free + 10), after(free + 64), after(u32::MAX)], [900; 3]);
        }
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let part = |text: &str| address_part(Some(text.parse().expect("an address")));
        assert_eq!(part("2001:db8:1:2::1"), part("2001:db8:1:2:ffff::9"));
        assert_ne!(part("2001:db8:1:2::1"), part("2001:db8:1:3::1"));
        assert_eq!(part("::ffff:192.0.2.1"), part("192.0.2.1"));
        assert_ne!(part("192.0.2.1"), part("192.0.2.2"));
    }

    proptest! {
        /// More attempts never make the wait shorter, time never makes it longer, and it always ends.
        #[test]
        fn waits_grow_with_attempts_and_end_with_time(
            attempts in 0_u32..200, more in 0_u32..200, seconds in 0_i64..2_000, later in 0_i64..2_000,
        ) {
            for scope in SCOPES {
                let of = |attempts, seconds| wait(scope, Tally { attempts, latest: at(0) }, at(seconds));
                prop_assert!(of(attempts + more, seconds) >= of(attempts, seconds));
                prop_assert!(of(attempts, seconds + later) <= of(attempts, seconds));
                prop_assert_eq!(of(attempts, 901), Duration::ZERO);
            }
        }

        /// Whoever guesses as fast as it is allowed gets so many guesses in a day, and no more.
        #[test]
        fn a_day_has_few_guesses(start in 0_i64..1_000_000) {
            for scope in SCOPES {
                let (mut now, mut tally) = (start, Tally { attempts: 0, latest: at(start) });
                while now < start + 86_400 {
                    now += i64::try_from(wait(scope, tally, at(now)).as_secs()).unwrap_or(i64::MAX);
                    tally = Tally { attempts: tally.attempts + 1, latest: at(now) };
                }
                prop_assert!(tally.attempts < scope.free() + 120, "{scope:?}: {}", tally.attempts);
            }
        }
    }
}
