//! The control plane as this program sees it: all that it needs of `portolan-server`, in one place.

pub(crate) use portolan_server::{
    Config, Finding, Level,
    config::{Notifications, Pace, Smtp},
    doctor, run,
};
