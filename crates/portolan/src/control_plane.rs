//! The control plane as this program sees it: all that it needs of `portolan-server`, in one place.

pub(crate) use portolan_server::{
    Config, Finding, Level,
    accounts::{ResetError, SecondFactor, offer_reset},
    audit::{AuditError, verify_on_host as verify_audit_on_host},
    backup::{
        Backup, BackupError, Cost, MasterKey, restore as restore_backup, take as take_backup,
    },
    compose_files_named,
    config::{
        Builds, GroupRole, Notifications, Pace, Provider, PublicUrl, Sessions, SignIn, Smtp,
        Storages,
    },
    db::offline::OfflineError,
    doctor,
    host::Reachable,
    run,
    secrets::{Rotated, RotationError, rotate_master_key},
    vault::{MasterKey as SealingKey, Missing},
};

/// What to do about a database that a command on the host did not open.
pub(crate) fn offline_hint(error: &OfflineError) -> &'static str {
    match error {
        OfflineError::Missing(_) => "name the data of the control plane with --data-dir",
        OfflineError::Outdated => "run `portolan serve` of this version, then try again",
        OfflineError::Database(_) => "`portolan doctor` says what is wrong with a database",
    }
}
