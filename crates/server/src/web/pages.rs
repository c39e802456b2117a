//! The table of pages: where each is, which operations of the API it shows, and who may open it by
//! that.

use axum::{Router, http::Method, routing::MethodRouter};

use super::guard::UnknownOperation;
use crate::{
    api::{AppState, ByRoute, Guarded},
    policy::Policy,
};

/// A table that is being filled.
pub(super) struct Pages<'a> {
    operations: &'a [Guarded],
    router: Router<AppState>,
    policies: Vec<(Method, String, Vec<Policy>)>,
    listed: Vec<(&'static str, Vec<&'static str>)>,
    unknown: Option<UnknownOperation>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(operations: &'a [Guarded]) -> Self {
        Self {
            operations,
            router: Router::new(),
            policies: Vec::new(),
            listed: Vec::new(),
            unknown: None,
        }
    }

    /// A page at a path. Whoever opens it has to be allowed all that it shows.
    pub(super) fn page(
        mut self,
        path: &'static str,
        shows: &[&'static str],
        handler: MethodRouter<AppState>,
    ) -> Self {
        let mut policies = Vec::new();
        for name in shows {
            match self.policy_of(name) {
                Some(policy) if policies.contains(&policy) => {}
                Some(policy) => policies.push(policy),
                None => self.unknown = Some(UnknownOperation { path, name }),
            }
        }
        self.policies.push((Method::GET, path.to_owned(), policies));
        self.listed.push((path, shows.to_vec()));
        self.router = self.router.route(path, handler);
        self
    }

    fn policy_of(&self, name: &str) -> Option<Policy> {
        let found = self.operations.iter().find(|operation| operation.name == name);
        found.map(|operation| operation.policy)
    }

    /// The routes, and what is asked of whoever opens them.
    pub(super) fn done(self) -> Result<(Router<AppState>, ByRoute<Vec<Policy>>), UnknownOperation> {
        match self.unknown {
            Some(unknown) => Err(unknown),
            None => Ok((self.router, self.policies.into_iter().collect())),
        }
    }

    pub(super) fn listed(self) -> Vec<(&'static str, Vec<&'static str>)> {
        self.listed
    }
}
