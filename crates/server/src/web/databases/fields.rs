//! What can be changed of a database, as the fields of a form: their names are in
//! `templates/databases/config.html`.

use portolan_types::Database;

use crate::web::applications::fields::size;

/// What can be changed, as the fields of a form.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub settings: String,
    pub memory: String,
    pub millicpus: String,
    pub processes: String,
    pub port: String,
    pub address: String,
}

impl From<&Database> for Fields {
    fn from(one: &Database) -> Self {
        let config = &one.config;
        let settings = config.settings.iter().map(|(name, value)| format!("{name}={value}\n"));
        let text = |number: Option<u32>| number.map(|one| one.to_string()).unwrap_or_default();
        let address = config.public.as_ref().and_then(|public| public.address);
        Self {
            settings: settings.collect(),
            memory: config.limits.memory_bytes.map(size).unwrap_or_default(),
            millicpus: text(config.limits.millicpus),
            processes: text(config.limits.processes),
            port: text(config.public.as_ref().map(|public| public.port.get().into())),
            address: address.map(|one| one.to_string()).unwrap_or_default(),
        }
    }
}
