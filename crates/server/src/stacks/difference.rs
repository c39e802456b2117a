//! What a file would change of a stack: which services are made, changed, removed, and in what.

use std::collections::{BTreeMap, BTreeSet};

use portolan_types::{
    Alias, ApplicationSpec, ApplicationState, SetVariable, Stack, StackService, VariableName,
};
use serde_json::Value;
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error,
    applications::{
        self,
        plan::{Kepts, open_variables},
    },
    compose::{Composed, Service, ServiceFile},
    db::{self, application::Assigned},
};

/// A service that is there.
#[derive(Debug)]
pub(super) struct Had {
    pub(super) name: Alias,
    pub(super) row: Assigned,
    variables: Kepts,
    apart: bool,
    /// The names that it has on each network of the stack, by what the file calls that.
    places: BTreeMap<String, BTreeSet<Alias>>,
    /// The same on other destinations, by their networks.
    outside: BTreeMap<String, BTreeSet<Alias>>,
}

/// What is done with a service.
#[derive(Debug)]
pub(super) enum Act {
    Make,
    /// It is deployed, because these differ.
    Change(Box<Had>, Vec<String>),
    Keep(Box<Had>),
}

/// What a file comes to, beside what is there.
#[derive(Debug)]
pub(super) struct Difference {
    /// In the order of the file.
    pub(super) acts: Vec<(Service, Act)>,
    /// What the file has no more.
    pub(super) gone: Vec<Had>,
    /// What an earlier file said, by service.
    pub(super) before: BTreeMap<Alias, Before>,
}

/// What an earlier file said of a service.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// What of these the new one does not set goes.
    variables: BTreeSet<VariableName>,
    files: Vec<ServiceFile>,
}

impl Difference {
    /// Of a file against the services of a stack, which was applied from another one before.
    pub(super) async fn find(
        conn: &mut AnyConnection,
        (app, actor): (&App, &Actor),
        stack: &Stack,
        (before, after): (Option<&Composed>, Composed),
    ) -> Result<Self, Error> {
        let mut had = BTreeMap::new();
        for service in &stack.services {
            let one = Had::find(conn, (app, actor), stack, service).await?;
            had.insert(one.name.clone(), one);
        }
        let before: BTreeMap<_, _> = before.map(said_by).unwrap_or_default();
        let act = |service: Service| {
            let act = match had.remove(&service.name) {
                None => Act::Make,
                Some(had) => had.against(&service, before.get(&service.name)),
            };
            (service, act)
        };
        let acts = after.services.into_iter().map(act).collect();
        // What goes already needs no word.
        let stays = |one: &Had| one.row.application.state != ApplicationState::Removing;
        Ok(Self { acts, gone: had.into_values().filter(stays).collect(), before })
    }
}

fn said_by(composed: &Composed) -> BTreeMap<Alias, Before> {
    let before = |one: &Service| Before {
        variables: one.variables.iter().map(|one| one.name.clone()).collect(),
        files: one.files.clone(),
    };
    composed.services.iter().map(|one| (one.name.clone(), before(one))).collect()
}

impl Had {
    async fn find(
        conn: &mut AnyConnection,
        (app, actor): (&App, &Actor),
        stack: &Stack,
        service: &StackService,
    ) -> Result<Self, Error> {
        let id = &service.application_id;
        let row = applications::find(conn, actor, id).await?;
        let variables = open_variables(&app.vault, id, row.sealed_variables.as_deref())?;
        let known = db::stack::network::list(conn, &[&stack.id]).await?;
        let known = known.into_values().flatten().map(|one| (one.id, one.network.name));
        let known: BTreeMap<String, String> = known.collect();
        let places = db::stack::network::places(conn, id).await?.into_iter();
        let visits = db::stack::visit::list(conn, id).await?;
        let named = |(id, aliases)| known.get(&id).map(|name| (name.clone(), aliases));
        Ok(Self {
            name: service.name.clone(),
            apart: db::stack::service::is_apart(conn, id).await?,
            places: places.filter_map(named).collect(),
            outside: visits.into_iter().map(|one| (one.network, one.aliases)).collect(),
            row,
            variables,
        })
    }

    fn against(self, wanted: &Service, before: Option<&Before>) -> Act {
        let application = &self.row.application;
        let mut differs = fields(&application.spec, &wanted.spec);
        differs.extend(self.variables_against(wanted, before));
        if files_differ(wanted, before) {
            differs.push("configs and secrets".to_owned());
        }
        let places = &wanted.places;
        let had = (self.apart, &self.places, &self.outside);
        if had != (places.apart, &places.beside, &places.outside) {
            differs.push("networks".to_owned());
        }
        if differs.is_empty() && application.changed {
            differs.push("what was changed of it since it was deployed".to_owned());
        }
        if differs.is_empty() && application.deployment_id.is_none() && self.row.work.is_none() {
            differs.push("it does not run yet".to_owned());
        }
        if differs.is_empty() { Act::Keep(self.into()) } else { Act::Change(self.into(), differs) }
    }

    /// Names, and never values.
    fn variables_against(&self, wanted: &Service, before: Option<&Before>) -> Vec<String> {
        let is_there = |one: &&SetVariable| {
            self.variables.get(&one.name).is_some_and(|kept| {
                (&kept.value, kept.secret, kept.build) == (&one.value, one.secret, one.build)
            })
        };
        let set = wanted.variables.iter().filter(|one| !is_there(one)).map(|one| &one.name);
        let gone = gone(wanted, before).filter(|name| self.variables.contains_key(name));
        set.chain(gone).map(|name| format!("variable `{name}`")).collect()
    }
}

/// What an earlier file set, and the new one does not.
pub(super) fn gone<'a>(
    wanted: &'a Service,
    before: Option<&'a Before>,
) -> impl Iterator<Item = &'a VariableName> {
    let is_set = |name: &VariableName| wanted.variables.iter().any(|one| one.name == *name);
    let set = before.into_iter().flat_map(|before| &before.variables);
    set.filter(move |name| !is_set(name))
}

/// Whether other files are put into its container than those of an earlier file.
pub(super) fn files_differ(wanted: &Service, before: Option<&Before>) -> bool {
    before.map_or(!wanted.files.is_empty(), |before| before.files != wanted.files)
}

/// The keys of a spec whose values differ.
fn fields(one: &ApplicationSpec, other: &ApplicationSpec) -> Vec<String> {
    let object = |spec| match serde_json::to_value(spec) {
        Ok(Value::Object(object)) => object,
        Ok(_) | Err(_) => serde_json::Map::new(),
    };
    let (one, other) = (object(one), object(other));
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    keys.into_iter().filter(|key| one.get(*key) != other.get(*key)).cloned().collect()
}
