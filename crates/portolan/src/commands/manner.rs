//! Whether and how a change is made: shown only, asked about first, waited for.

use crate::{
    ask::{Consent, Run},
    watch::Wait,
};

/// What the person wants of a change besides the change itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) run: Run,
    pub(crate) consent: Consent,
    pub(crate) wait: Wait,
}
