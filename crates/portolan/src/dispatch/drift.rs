//! `portolan drift`: from arguments to commands.

use portolan_types::UpdateDriftRules;

use crate::{
    cli::{DriftCommand, DriftPolicyCommand, ListDriftsArgs, PlaceArgs, SetDriftPolicyArgs},
    client::Client,
    commands::drift::{self, Place, Wanted},
    failure::Outcome,
    printer::Printer,
};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    command: DriftCommand,
) -> anyhow::Result<Outcome> {
    match command {
        DriftCommand::List(ListDriftsArgs { open, server, destination, kind, list }) => {
            let wanted = Wanted { open, server, destination, kind };
            drift::list(client, printer, wanted, list.into()).await?;
        }
        DriftCommand::Show { id } => drift::show(client, printer, &id).await?,
        DriftCommand::Heal { id, wait } => {
            return drift::heal(client, printer, &id, wait.into()).await;
        }
        DriftCommand::Dismiss { id } => drift::dismiss(client, printer, &id).await?,
        DriftCommand::Policy(DriftPolicyCommand::Show { place }) => {
            drift::show_policy(client, printer, place.into()).await?;
        }
        DriftCommand::Policy(DriftPolicyCommand::Set(args)) => {
            let SetDriftPolicyArgs { place, all, kinds } = args;
            let change = UpdateDriftRules { policy: all, kinds: kinds.into_iter().collect() };
            drift::set_policy(client, printer, place.into(), &change).await?;
        }
    }
    Ok(Outcome::Done)
}

impl From<PlaceArgs> for Place {
    fn from(args: PlaceArgs) -> Self {
        match (args.server, args.destination) {
            (_, Some(destination)) => Self::Destination(destination),
            (Some(server), None) => Self::Server(server),
            (None, None) => Self::Team,
        }
    }
}
