//! What a database is as an application: the spec that its template, its version and its configuration
//! come to.

use portolan_types::{
    ApplicationMount, ApplicationSpec, Argument, DatabaseConfig, DatabaseVersion, HealthCheck,
    HostPort, Invalid, MountSource, Seconds, Strategy, Transport,
};

use super::template::Template;
use crate::Error;

/// Engines may make their data for a while before they answer.
const READY_WITHIN: u32 = 600;
/// They write down what they have in memory before they end.
const STOP_WITHIN: u32 = 60;
/// Who uses it has no other one to go to: nothing is gained by waiting.
const DRAIN: u32 = 1;
/// The only volume of a database.
const VOLUME: &str = "data";
const SETTINGS: usize = 40;

/// The application that runs it.
pub(super) fn of(
    template: &Template,
    version: &DatabaseVersion,
    config: &DatabaseConfig,
) -> Result<ApplicationSpec, Error> {
    check_settings(template, config)?;
    let image = template.reference(version).parse().map_err(|error| refused("version", &error))?;
    let mut spec = ApplicationSpec::of(image);
    spec.command = command(template, config)?;
    spec.port = Some(template.port);
    spec.published = config.public.iter().map(|one| published(template, one)).collect();
    spec.mounts = vec![ApplicationMount {
        source: MountSource::Volume(VOLUME.parse().map_err(|error| refused("config", &error))?),
        target: template.volume.clone(),
        read_only: false,
    }];
    spec.limits = config.limits;
    spec.health = Some(HealthCheck::of(template.health.clone()));
    spec.strategy = Strategy::Recreate;
    spec.ready_within_seconds = seconds(READY_WITHIN)?;
    spec.stop_seconds = seconds(STOP_WITHIN)?;
    spec.drain_seconds = seconds(DRAIN)?;
    Ok(spec)
}

fn published(template: &Template, public: &portolan_types::PublicPort) -> HostPort {
    HostPort {
        host: public.port,
        container: template.port,
        transport: Transport::Tcp,
        address: public.address,
    }
}

fn command(template: &Template, config: &DatabaseConfig) -> Result<Vec<Argument>, Error> {
    let mut words = template.command.clone();
    for (name, value) in &config.settings {
        for argument in template.setting(name.as_str(), value.as_str()) {
            words.push(argument.parse().map_err(|error| refused("config.settings", &error))?);
        }
    }
    Ok(words)
}

/// What the template itself says is not to be said otherwise.
fn check_settings(template: &Template, config: &DatabaseConfig) -> Result<(), Error> {
    if config.settings.len() > SETTINGS {
        return Err(Error::field("config.settings", format!("at most {SETTINGS}")));
    }
    let reserved = |name: &&portolan_types::SettingName| {
        template
            .reserved_settings
            .iter()
            .any(|one| one.as_str().eq_ignore_ascii_case(name.as_str()))
    };
    match config.settings.keys().find(reserved) {
        Some(name) => Err(Error::field(
            format!("config.settings.{name}"),
            format!("Portolan sets this itself, or relies on it, for {}", template.title),
        )),
        None => Ok(()),
    }
}

fn seconds(number: u32) -> Result<Seconds, Error> {
    number.try_into().map_err(|error| refused("config", &error))
}

fn refused(field: &str, invalid: &Invalid) -> Error {
    Error::field(field, invalid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::databases::template;

    fn spec(engine: &str, config: &str) -> Result<ApplicationSpec, Error> {
        let template = template::find(&engine.parse().expect("an engine")).expect("a template");
        let config = serde_json::from_str(config).expect("a configuration");
        of(template, &template.versions[0], &config)
    }

    #[test]
    fn every_engine_is_an_application() {
        for one in template::all() {
            let spec = spec(one.engine.as_str(), "{}").expect("a spec");
            assert!(spec.health.is_some() && !spec.can_overlap(), "{}", one.engine);
            assert_eq!(spec.port, Some(one.port));
        }
    }

    #[test]
    fn settings_are_arguments() {
        let config = r#"{"settings": {"max_connections": "200'; $(reboot)"}}"#;
        let made = spec("postgres", config).expect("a spec");
        let words: Vec<&str> = made.command.iter().map(Argument::as_str).collect();
        assert_eq!(words, ["postgres", "-c", "max_connections=200'; $(reboot)"]);
        let plain = spec("redis", "{}").expect("a spec").command;
        let made = spec("redis", r#"{"settings": {"maxmemory": "100mb"}}"#).expect("a spec");
        assert_eq!(&made.command[..plain.len()], plain.as_slice());
        let rest: Vec<&str> = made.command[plain.len()..].iter().map(Argument::as_str).collect();
        assert_eq!(rest, ["--maxmemory", "100mb"]);
    }

    #[test]
    fn what_the_template_relies_on_stays() {
        for (engine, setting) in [("postgres", "port"), ("redis", "RequirePass"), ("mysql", "user")]
        {
            let config = format!("{{\"settings\": {{\"{setting}\": \"1\"}}}}");
            assert!(spec(engine, &config).is_err(), "{engine} {setting}");
        }
    }
}
