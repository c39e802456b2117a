//! What ties services to their stack: their places on networks, and what they wait for.

use portolan_types::{ApplicationId, Stack};

use super::{
    networks,
    outside::{self, Outside},
};
use crate::{
    Error,
    compose::Service,
    db::{self, Transaction, stack::service::Placed},
};

/// Says of each service what it is in the stack, where it is, and what it waits for.
pub(super) async fn set(
    tx: &mut Transaction,
    stack: &Stack,
    placed: &[(Service, ApplicationId)],
    (ids, outside): (&networks::Ids, &Outside),
) -> Result<(), Error> {
    for (position, (service, application)) in (0_i64..).zip(placed) {
        let apart = service.places.apart;
        let one = Placed { application, name: &service.name, position, apart };
        db::stack::service::set(tx, &stack.id, one).await?;
        let beside = networks::places(service, ids);
        db::stack::network::set_places(tx, application, &beside).await?;
        let visits = outside::visits(service, outside);
        db::stack::visit::set(tx, application, &visits).await?;
    }
    // Names where nobody is any more are free.
    db::application::release_aliases(tx).await?;
    for (service, application) in placed {
        let needed = |(other, id): &'_ (Service, ApplicationId)| {
            service.needs.get(other.name.as_str()).map(|how| (id.clone(), how.as_str()))
        };
        let needs: Vec<_> = placed.iter().filter_map(needed).collect();
        let needs: Vec<_> = needs.iter().map(|(id, how)| (id, *how)).collect();
        db::stack::service::set_needs(tx, application, &needs).await?;
    }
    Ok(())
}
