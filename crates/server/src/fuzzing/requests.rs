//! Bodies of requests: what is accepted is accepted again as it is written.

use std::fmt::Debug;

use portolan_types::{
    AdoptNetworks, AskReach, ConnectContainer, CreateCertificate, CreateDestination, CreateRoute,
    CreateServer, MoveContainer, NetworkOptions, ProveReach, RouteOptions, SetProxy,
    UpdateAddressPlan, UpdateDestination, UpdateDriftRules, UpdateRoute, UpdateServer,
};
use serde::{Serialize, de::DeserializeOwned};

pub(super) fn fuzz(bytes: &[u8]) {
    let Some((which, body)) = bytes.split_first() else { return };
    match which % 16 {
        0 => stays::<CreateDestination>(body),
        1 => stays::<UpdateDestination>(body),
        2 => stays::<NetworkOptions>(body),
        3 => stays::<CreateServer>(body),
        4 => stays::<UpdateServer>(body),
        5 => stays::<CreateRoute>(body),
        6 => stays::<UpdateRoute>(body),
        7 => stays::<RouteOptions>(body),
        8 => stays::<SetProxy>(body),
        9 => stays::<UpdateAddressPlan>(body),
        10 => stays::<AdoptNetworks>(body),
        11 => stays::<UpdateDriftRules>(body),
        12 => stays::<ConnectContainer>(body),
        13 => stays::<MoveContainer>(body),
        14 => stays::<AskReach>(body),
        _ => stays::<ProveReach>(body),
    }
    drop(serde_json::from_slice::<CreateCertificate>(body));
}

fn stays<T: DeserializeOwned + Serialize + PartialEq + Debug>(body: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(body) else { return };
    let written = serde_json::to_vec(&value).expect("what was read can be written");
    let again: T = serde_json::from_slice(&written).expect("what was written can be read");
    assert_eq!(again, value);
}
