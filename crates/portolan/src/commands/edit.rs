//! `portolan destination edit`: the label, and options in place.

use portolan_types::{
    Destination, Invalid, Name, NetworkOptions, Operation, OperationId, UpdateDestination,
};

use super::{destination::details, operation::accompany};
use crate::{
    ask::{Consent, confirm},
    client::Client,
    failure::{Failure, Outcome},
    find::{Reference, find},
    printer::Printer,
    watch::Wait,
};

/// What is to be other than it is.
#[derive(Debug)]
pub(crate) struct Edit<F> {
    pub(crate) name: Option<Name>,
    /// Makes the new options of the present ones.
    pub(crate) options: F,
}

pub(crate) async fn edit<F>(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    edit: Edit<F>,
    consent: Consent,
    wait: Wait,
) -> anyhow::Result<Outcome>
where
    F: FnOnce(&NetworkOptions) -> Result<NetworkOptions, Invalid>,
{
    let before: Destination = find(client, wanted).await?;
    let options = (edit.options)(&before.options).map_err(|error| {
        Failure::usage(error.to_string(), "see `portolan destination edit --help`")
    })?;
    let changed = options != before.options || edit.name.is_none();
    if changed {
        confirm(printer, consent, &question(&before))?;
    }
    let change =
        UpdateDestination { name: edit.name, network: None, options: changed.then_some(options) };
    let path = format!("/v1/destinations/{}", before.id);
    let after: Destination = client.change(&path, &change).await?;
    let begun = after.operation_id.as_ref().filter(|_| changed);
    match begun {
        Some(id) => accompany(client, printer, begun_operation(client, id).await?, wait).await,
        None => {
            printer.one(&after, details)?;
            Ok(Outcome::Done)
        }
    }
}

async fn begun_operation(client: &Client, id: &OperationId) -> anyhow::Result<Operation> {
    Ok(client.get(&format!("/v1/operations/{id}"), &[]).await?)
}

fn question(before: &Destination) -> String {
    format!(
        "replace network `{}` on `{}`? Its containers go over one by one, and lose connections \
         that are open.",
        before.network, before.server_name
    )
}
