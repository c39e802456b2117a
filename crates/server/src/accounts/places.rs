//! Where a person signed in from before: devices by a secret that was given to them, and addresses.
//! After OWASP's device cookies.

use std::{fmt, net::IpAddr};

use portolan_types::{Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};
use sqlx::AnyConnection;

use super::throttle::address_part;
use crate::{Error, db, sessions::Visitor, vault};

/// The prefix of a device's secret. It opens nothing: it only keeps strangers from slowing the device.
const DEVICE_PREFIX: &str = "portolan_d_";
/// A place is forgotten when nobody signed in from it for so long.
pub(crate) const FORGOTTEN_AFTER_SECONDS: i64 = 180 * 86_400;

/// A device or an address, as rows have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place(String);

impl Place {
    pub(super) fn of_address(address: Option<IpAddr>) -> Self {
        Self(format!("address:{}", address_part(address)))
    }

    fn of_device(secret: &SecretString) -> Self {
        Self(format!("device:{}", vault::hash(secret.expose_secret())))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The place from which this visitor is known to the account. The device is the better one: an
/// address may be shared with those who guess. For an account that is not there it asks as much.
pub(super) async fn find_known(
    conn: &mut AnyConnection,
    user: Option<&UserId>,
    visitor: &Visitor,
) -> Result<Option<Place>, Error> {
    let user = user.map_or("", UserId::as_str);
    for place in
        visitor.device.iter().map(Place::of_device).chain([Place::of_address(visitor.address)])
    {
        if db::place::is_known(conn, user, &place.0).await? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// Remembers where a person has just signed in from. Answers the secret for a device that is new.
pub(crate) async fn remember(
    conn: &mut AnyConnection,
    user: &UserId,
    visitor: &Visitor,
) -> Result<Option<SecretString>, Error> {
    let now = Timestamp::now();
    let address = Place::of_address(visitor.address);
    if visitor.address.is_some() {
        db::place::remember(conn, user, &address.0, now).await?;
    }
    if let Some(device) = &visitor.device {
        let place = Place::of_device(device);
        if db::place::is_known(conn, user.as_str(), &place.0).await? {
            db::place::remember(conn, user, &place.0, now).await?;
            return Ok(None);
        }
    }
    let secret = vault::random_secret(DEVICE_PREFIX);
    db::place::remember(conn, user, &Place::of_device(&secret).0, now).await?;
    Ok(Some(secret))
}
