//! What is wrong with an installation, as far as the server can tell without running. Looks and
//! changes nothing; files and ports are the binary's to check.

use crate::{
    Config,
    db::Db,
    openid::Issuers,
    secrets::{self, OpenError},
    vault::{MasterKey, Missing},
};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Ok,
    Warn,
    Fail,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub name: String,
    pub level: Level,
    pub detail: String,
    pub remedy: Option<String>,
}

impl Finding {
    fn new(name: &str, level: Level, detail: impl Into<String>, remedy: Option<&str>) -> Self {
        let remedy = remedy.map(str::to_owned);
        Self { name: name.to_owned(), level, detail: detail.into(), remedy }
    }
}

/// Checks the database, its schema, whether the master key is the one that sealed the keys, and
/// whether providers can be asked who somebody is.
pub async fn doctor(config: &Config) -> Vec<Finding> {
    let mut findings = database(config).await;
    findings.extend(providers(config).await);
    findings
}

async fn providers(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let issuers = match Issuers::new(&config.sign_in) {
        Ok(issuers) => issuers,
        Err(error) => {
            let detail = format!("could not prepare to ask them: {error}");
            return vec![Finding::new("providers", Level::Fail, detail, None)];
        }
    };
    for provider in &config.sign_in.providers {
        let name = format!("provider {}", provider.name);
        findings.push(match issuers.look(provider).await {
            Ok(()) => Finding::new(&name, Level::Ok, "it answers, and has keys", None),
            Err(why) => {
                let remedy =
                    "check its `issuer` in the settings, and --allow-issuers-to when it is inside";
                Finding::new(&name, Level::Fail, why, Some(remedy))
            }
        });
    }
    findings
}

async fn database(config: &Config) -> Vec<Finding> {
    if config.has_no_database() {
        let detail = "there is none yet: the first start makes it";
        return vec![Finding::new("database", Level::Warn, detail, None)];
    }
    let db = match Db::connect(&config.database_url()).await {
        Ok(db) => db,
        Err(error) => {
            let remedy = "check the URL, that the server runs, and the user's rights";
            let detail = format!("could not open it: {error}");
            return vec![Finding::new("database", Level::Fail, detail, Some(remedy))];
        }
    };
    let findings = vec![
        Finding::new("database", Level::Ok, "it opens", None),
        schema(&db).await,
        master_key(config, &db).await,
    ];
    db.close().await;
    findings
}

async fn schema(db: &Db) -> Finding {
    match db.missing_migrations().await {
        Ok(0) => Finding::new("schema", Level::Ok, "it is up to date", None),
        Ok(count) => {
            let detail = format!("{count} migrations are missing: the next start runs them");
            Finding::new("schema", Level::Warn, detail, None)
        }
        Err(error) => {
            let remedy = "restore the database from a backup, or use the version that made it";
            Finding::new("schema", Level::Fail, format!("could not read it: {error}"), Some(remedy))
        }
    }
}

/// A master key that does not fit is found at the first dial otherwise: much too late.
async fn master_key(config: &Config, db: &Db) -> Finding {
    let name = "sealed keys";
    let master = match MasterKey::open(config, Missing::Refuse) {
        Ok(master) => master,
        Err(error) => return Finding::new(name, Level::Fail, error.to_string(), None),
    };
    let remedy = "put the master key back that was in use when the keys were added";
    match secrets::open_unchanged(db, &master).await {
        Ok(_) => Finding::new(name, Level::Ok, "the master key opens them", None),
        Err(OpenError::Database(error)) => {
            let detail = format!("could not read the keys: {error}");
            Finding::new(name, Level::Fail, detail, None)
        }
        Err(error) => Finding::new(name, Level::Fail, error.to_string(), Some(remedy)),
    }
}
