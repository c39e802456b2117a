//! `portolan user reset`: done on the host, on the database, not through the API.

use portolan_types::Timestamp;
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::{
    control_plane::{Config, ResetError, SecondFactor, offer_reset, offline_hint},
    failure::Failure,
    printer::{Format, Line, Printer},
    words::until,
};

/// The JSON form.
#[derive(Serialize)]
struct Report<'a> {
    email: &'a str,
    code: &'a str,
    expires_at: Timestamp,
}

pub(crate) async fn reset(
    printer: &Printer,
    config: &Config,
    email: &str,
    second_factor: SecondFactor,
) -> anyhow::Result<()> {
    let offered = offer_reset(config, email, second_factor).await;
    let offer = offered.map_err(|error| explained(&error))?;
    let code = offer.code.expose_secret();
    if printer.format() == Format::Json {
        let report = Report { email: &offer.email, code, expires_at: offer.expires_at };
        return Ok(printer.json(&report)?);
    }
    printer.say(&Line::plain(format!(
        "with this code, good once and {}, {} chooses a new password by `portolan user password \
         --with-code`:",
        until(offer.expires_at),
        offer.email
    )));
    Ok(printer.line(code)?)
}

fn explained(error: &ResetError) -> anyhow::Error {
    let hint = match error {
        ResetError::Offline(error) => offline_hint(error),
        ResetError::Nobody(_) => "see that it is written as at the first login",
        ResetError::Database(_) | ResetError::Operation(_) => {
            "`portolan doctor` says what is wrong with a database"
        }
    };
    Failure::advised(error.to_string(), hint).into()
}
