//! `portolan destination edit`: the label, and options in place.

use portolan_types::{
    Destination, Invalid, MemberKind, Name, NetworkOptions, Operation, OperationId, Preview,
    ProxyAttachment, UpdateDestination, VerifyEvery,
};

use super::{destination::details, manner::Manner, operation::accompany, preview};
use crate::{
    ask::{Consent, Run, confirm},
    client::Client,
    failure::{Failure, Outcome},
    find::{Reference, find},
    printer::Printer,
};

/// What is to be other than it is.
#[derive(Debug)]
pub(crate) struct Edit<F> {
    pub(crate) name: Option<Name>,
    pub(crate) proxy: Option<ProxyAttachment>,
    pub(crate) verify_every: Option<VerifyEvery>,
    /// Makes the new options of the present ones.
    pub(crate) options: F,
}

pub(crate) async fn edit<F>(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    edit: Edit<F>,
    manner: Manner,
) -> anyhow::Result<Outcome>
where
    F: FnOnce(&NetworkOptions) -> Result<NetworkOptions, Invalid>,
{
    let before: Destination = find(client, wanted).await?;
    let options = (edit.options)(&before.options).map_err(|error| {
        Failure::usage(error.to_string(), "see `portolan destination edit --help`")
    })?;
    let row_alone = edit.name.is_some() || edit.proxy.is_some() || edit.verify_every.is_some();
    let replaced = options != before.options || !row_alone;
    let change = UpdateDestination {
        name: edit.name,
        proxy: edit.proxy,
        verify_every: edit.verify_every,
        options: replaced.then_some(options),
        ..UpdateDestination::default()
    };
    let path = format!("/v1/destinations/{}", before.id);
    match (manner.run, replaced) {
        (Run::Dry, _) => preview::show(printer, &preview_of(client, &path, &change).await?),
        (Run::Real, true) => replace(client, printer, &before, &change, manner).await,
        (Run::Real, false) => {
            let after: Destination = client.change(&path, &change).await?;
            printer.one(&after, details)?;
            Ok(Outcome::Done)
        }
    }
}

/// Asks with what the preview shows, and changes no other world than that.
async fn replace(
    client: &Client,
    printer: &Printer,
    before: &Destination,
    change: &UpdateDestination,
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let path = format!("/v1/destinations/{}", before.id);
    let at = match manner.consent {
        Consent::Given => path,
        Consent::Ask => {
            let preview = preview_of(client, &path, change).await?;
            confirm(printer, manner.consent, &question(before, &preview))?;
            // It has only hexadecimal digits, or none where the host was never looked at.
            match preview.version.as_str() {
                "" => path,
                version => format!("{path}?version={version}"),
            }
        }
    };
    let after: Destination = client.change(&at, change).await?;
    let Some(id) = &after.operation_id else { return Ok(Outcome::Done) };
    accompany(client, printer, begun_operation(client, id).await?, manner.wait).await
}

async fn preview_of(
    client: &Client,
    path: &str,
    change: &UpdateDestination,
) -> anyhow::Result<Preview> {
    Ok(client.change(&format!("{path}?preview=true"), change).await?)
}

async fn begun_operation(client: &Client, id: &OperationId) -> anyhow::Result<Operation> {
    Ok(client.get(&format!("/v1/operations/{id}"), &[]).await?)
}

fn question(before: &Destination, preview: &Preview) -> String {
    let names: Vec<&str> = preview.affected.iter().map(|one| one.name.as_str()).collect();
    let mut who = if names.is_empty() {
        "nobody is on it".to_owned()
    } else {
        format!("{} go over and lose open connections", names.join(", "))
    };
    let services = preview.affected.iter().filter(|one| one.kind == MemberKind::Service);
    let restarting: Vec<&str> = services.map(|one| one.name.as_str()).collect();
    if !restarting.is_empty() {
        who.push_str("; the swarm replaces all tasks of ");
        who.push_str(&restarting.join(", "));
    }
    format!("replace network `{}` on `{}`? {who}.", before.network, before.server_name)
}
