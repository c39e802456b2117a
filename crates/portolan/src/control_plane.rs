//! The control plane as this program sees it: all that it needs of `portolan-server`, in one place.

pub(crate) use portolan_server::{
    Config, Finding, Level,
    accounts::{ResetError, SecondFactor, offer_reset},
    audit::{AuditError, verify_on_host as verify_audit_on_host},
    backup::{
        Backup, BackupError, Cost, MasterKey, restore as restore_backup, take as take_backup,
    },
    config::{GroupRole, Notifications, Pace, Provider, PublicUrl, Sessions, SignIn, Smtp},
    doctor,
    host::Reachable,
    run,
    secrets::{Rotated, RotationError, rotate_master_key},
    vault::{MasterKey as SealingKey, Missing},
};
