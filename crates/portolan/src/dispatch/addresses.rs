//! `portolan addresses`, from what was typed to what is done. Owns how pools are read.

use portolan_types::{Invalid, SubnetPool, SubnetPools, UpdateAddressPlan};

use crate::{
    cli::{AddressesCommand, SetAddressesArgs},
    client::Client,
    commands::addresses,
    failure::Failure,
    printer::Printer,
};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    command: AddressesCommand,
) -> anyhow::Result<()> {
    match command {
        AddressesCommand::Show { server } => addresses::show(client, printer, server).await,
        AddressesCommand::Set(args) => addresses::set(client, printer, &plan_change(args)?).await,
        AddressesCommand::Chart { server, output } => {
            addresses::chart(client, printer, server, output).await
        }
    }
}

fn plan_change(args: SetAddressesArgs) -> Result<UpdateAddressPlan, Failure> {
    let reserved = (!args.reserved.is_empty() || args.no_reserved).then_some(args.reserved);
    Ok(UpdateAddressPlan {
        pools: pools(args.pools, args.default_pools)?,
        reserved: reserved.map(TryInto::try_into).transpose().map_err(wrong_addresses)?,
        across_fleet: args.across_fleet,
    })
}

/// The pools that were named; none of them stands for the default.
pub(super) fn pools(named: Vec<SubnetPool>, default: bool) -> Result<Option<SubnetPools>, Failure> {
    let wanted = (!named.is_empty() || default).then_some(named);
    wanted.map(TryInto::try_into).transpose().map_err(wrong_addresses)
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` gives the value")]
fn wrong_addresses(error: Invalid) -> Failure {
    Failure::usage(error.to_string(), "see `portolan addresses set --help`")
}
