//! `portolan doctor`: looks at everything an installation needs and says how to put it right.
//!
//! Owns the order and the output. The checks are in `files` and `network`; those of the database
//! are the control plane's.

mod files;
mod network;

use serde::{Serialize, Serializer};

use crate::{
    client::Access,
    control_plane::{self, Finding, Level},
    environment::Environment,
    failure::Outcome,
    printer::{Format, Line, Printer, Style},
    settings::{Flags, Settings},
};

/// What one check found.
#[derive(Debug, Serialize)]
struct Check {
    name: String,
    #[serde(serialize_with = "level_word")]
    level: Level,
    detail: String,
    remedy: Option<String>,
}

/// The JSON form.
#[derive(Serialize)]
struct Report {
    checks: Vec<Check>,
}

impl Check {
    fn ok(name: &str, detail: impl Into<String>) -> Self {
        Self { name: name.to_owned(), level: Level::Ok, detail: detail.into(), remedy: None }
    }

    fn warn(name: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Warn, remedy: Some(remedy.into()), ..Self::ok(name, detail) }
    }

    fn fail(name: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Fail, remedy: Some(remedy.into()), ..Self::ok(name, detail) }
    }
}

impl From<Finding> for Check {
    fn from(finding: Finding) -> Self {
        let Finding { name, level, detail, remedy } = finding;
        Self { name, level, detail, remedy }
    }
}

pub(crate) async fn doctor(
    printer: &Printer,
    flags: Flags,
    environment: Environment,
    access: &Access,
) -> anyhow::Result<Outcome> {
    let mut checks = installation(flags, environment).await;
    checks.push(network::login(access, printer).await);
    let failed = checks.iter().any(|check| check.level == Level::Fail);
    show(printer, checks)?;
    Ok(if failed { Outcome::Failed } else { Outcome::Done })
}

async fn installation(flags: Flags, environment: Environment) -> Vec<Check> {
    let settings = match Settings::merge(flags, environment) {
        Ok(settings) => settings,
        Err(error) => {
            let remedy = "correct it; `portolan serve --help` lists the settings";
            return vec![Check::fail("settings", format!("{error:#}"), remedy)];
        }
    };
    let config = &settings.config;
    let mut checks = vec![Check::ok("settings", "they can be read")];
    checks.extend(files::data_dir(config));
    checks.push(files::master_key(config));
    checks.extend(control_plane::doctor(config).await.into_iter().map(Check::from));
    checks.push(Check::ok("events", format!("they are kept for {} days", config.keep_events_days)));
    checks.push(network::listen(config.listen).await);
    checks.push(network::docker().await);
    checks
}

fn show(printer: &Printer, checks: Vec<Check>) -> std::io::Result<()> {
    if printer.format() == Format::Json {
        return printer.json(&Report { checks });
    }
    for check in &checks {
        let (word, style) = match check.level {
            Level::Ok => ("ok  ", Style::Good),
            Level::Warn => ("warn", Style::Caution),
            Level::Fail => ("fail", Style::Bad),
        };
        let name = format!("  {}: ", check.name);
        printer.styled(&Line::styled(style, word).and_plain(name).and_plain(&check.detail))?;
        if let Some(remedy) = &check.remedy {
            printer.styled(&Line::plain("      ").and(Style::Dim, remedy))?;
        }
    }
    Ok(())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn level_word<S: Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match level {
        Level::Ok => "ok",
        Level::Warn => "warn",
        Level::Fail => "fail",
    })
}
