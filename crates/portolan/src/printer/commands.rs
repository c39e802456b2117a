//! What the control plane says that can be done, as commands of this program.
//!
//! Its texts name operations of the API (`portolan_types::act`). Owns which command that is.

use std::borrow::Cow;

use portolan_types::act::{Act, Part, parts};

/// Operations, with the field that matters where one does, and the command without its arguments.
const COMMANDS: &[(&str, &str)] = &[
    ("accept_invite", "invite accept"),
    ("adopt_networks", "destination adopt"),
    ("apply_stack", "stack apply"),
    ("apply_stack.remove", "stack apply --yes"),
    ("ask_password_reset", "user forgot-password"),
    ("back_up_database", "database backup"),
    ("begin_totp", "user totp enable"),
    ("cancel_deployment", "app cancel"),
    ("change_variables", "app env set"),
    ("check_backup", "database check-backup"),
    ("check_backup.database_id", "database check-backup --beside"),
    ("clone_application", "app clone"),
    ("confirm_move", "app confirm-move"),
    ("connect_container", "destination connect"),
    ("create_application", "app add"),
    ("create_database", "database add"),
    ("create_destination", "destination create"),
    ("create_link", "app link"),
    ("create_registry", "registry add"),
    ("create_route", "route add"),
    ("create_server", "server add"),
    ("create_session", "login"),
    ("create_session.email", "login --email"),
    ("create_storage", "storage add"),
    ("create_team", "team create"),
    ("delete_application", "app remove"),
    ("delete_application.preview", "app remove --dry-run"),
    ("delete_application.volumes", "app remove --volumes"),
    ("delete_backup", "database backups remove"),
    ("delete_backup_schedule", "database unschedule"),
    ("delete_database", "database remove"),
    ("delete_destination.detach", "destination remove --detach"),
    ("delete_destination.forget", "destination remove --forget"),
    ("delete_destination.preview", "destination remove --dry-run"),
    ("delete_job", "app job remove"),
    ("delete_route", "route remove"),
    ("delete_server.forget", "server remove --forget"),
    ("delete_stack", "stack remove"),
    ("deploy_application", "app deploy"),
    ("deploy_application.image", "app deploy --image"),
    ("deploy_database", "database deploy"),
    ("disable_totp", "user totp disable"),
    ("disconnect_container", "destination disconnect"),
    ("dismiss_drift", "drift dismiss"),
    ("heal_drift", "drift heal"),
    ("list_application_tasks", "app tasks"),
    ("list_applications", "app list"),
    ("list_backups", "database backups list"),
    ("list_containers", "destination containers"),
    ("list_deployments", "app deployments"),
    ("list_drifts.open", "drift list --open"),
    ("list_job_runs", "app job runs"),
    ("list_links", "app links"),
    ("list_operations", "operation list"),
    ("list_operations.destination", "operation list --destination"),
    ("list_places", "app place list"),
    ("list_routes", "route list"),
    ("list_servers", "server list"),
    ("list_variables", "app env list"),
    ("move_application", "app move"),
    ("move_application.force", "app move --force"),
    ("read_build_log", "app build-log"),
    ("read_proxy_logs", "proxy logs"),
    ("remove_proxy", "proxy remove"),
    ("remove_proxy.force", "proxy remove --force"),
    ("repin_server", "server repin"),
    ("restart_application", "app restart"),
    ("restart_database", "database restart"),
    ("restart_proxy", "proxy restart"),
    ("restore_database", "database restore"),
    ("retry_destination", "destination retry"),
    ("roll_back_application", "app rollback"),
    ("run_in_application", "app exec"),
    ("scan_server", "server scan"),
    ("set_backup_schedule", "database schedule"),
    ("set_proxy", "proxy set"),
    ("set_proxy.extra", "proxy set --extra"),
    ("set_proxy.ports", "proxy set --http-port --https-port"),
    ("show_addresses", "addresses show"),
    ("show_application", "app show"),
    ("show_destination", "destination show"),
    ("show_drift", "drift show"),
    ("show_key", "key show"),
    ("show_proxy", "proxy show"),
    ("show_server", "server show"),
    ("show_server_addresses", "addresses show --server"),
    ("start_application", "app start"),
    ("start_database", "database start"),
    ("start_proxy", "proxy start"),
    ("stop_application", "app stop"),
    ("stop_database", "database stop"),
    ("take_back_move", "app take-back"),
    ("transfer_team", "team transfer"),
    ("update_addresses.pools", "addresses set --pool"),
    ("update_addresses.reserved", "addresses set --reserve"),
    ("update_application", "app edit"),
    ("update_database", "database edit"),
    ("update_destination", "destination edit"),
    ("update_destination.preview", "destination edit --dry-run"),
    ("update_destination.proxy", "destination edit --proxy"),
    ("update_job", "app job edit"),
    ("update_member", "member role"),
    ("update_registry", "registry edit"),
    ("update_route", "route edit"),
    ("update_route.www", "route edit --www"),
    ("update_server.address_pools", "server edit --pool"),
    ("update_server.build_server", "server edit --build-server"),
    ("update_server.terminal", "server edit --terminal"),
    ("update_storage", "storage edit"),
    ("validate_server", "server validate"),
];

/// The text with commands in the place of operations. An operation of a newer control plane stays
/// as it is.
pub(super) fn named(text: &str) -> Cow<'_, str> {
    if !text.contains('`') {
        return Cow::Borrowed(text);
    }
    let said = |part: &Part<'_>| match part {
        Part::Text(text) => (*text).to_owned(),
        Part::Act(act) => format!("`{}`", command(act).unwrap_or_else(|| act.text.to_owned())),
    };
    Cow::Owned(parts(text).iter().map(said).collect())
}

fn command(act: &Act<'_>) -> Option<String> {
    let wanted = act.text.split(' ').next().unwrap_or_default();
    let find = |name: &str| COMMANDS.iter().find(|(known, _)| *known == name);
    let (_, command) = find(wanted).or_else(|| find(act.operation))?;
    Some(format!("portolan {command} {}", act.on).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use clap::CommandFactory;

    use super::*;

    #[test]
    fn operations_are_commands_here() {
        assert_eq!(
            named("`web` is down: start it (`start_proxy`)"),
            "`web` is down: start it (`portolan proxy start`)"
        );
        assert_eq!(named("`heal_drift abc`"), "`portolan drift heal abc`");
        assert_eq!(named("`set_proxy.unheard`"), "`portolan proxy set`");
        assert_eq!(named("`sail_boat x`"), "`sail_boat x`");
    }

    #[test]
    fn the_commands_are_there() {
        for (operation, command) in COMMANDS {
            let mut at = crate::cli::Cli::command();
            for word in command.split(' ') {
                if let Some(flag) = word.strip_prefix("--") {
                    let mut flags = at.get_arguments().filter_map(clap::Arg::get_long);
                    assert!(flags.any(|long| long == flag), "{operation}: {command}");
                } else {
                    let next = at.find_subcommand(word).cloned();
                    at = next.unwrap_or_else(|| panic!("{operation}: there is no {command}"));
                }
            }
        }
    }

    /// What the control plane names, read off its sources.
    #[test]
    fn whatever_is_named_has_a_command() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src");
        let mut named = 0;
        each_line(&sources, &mut |line| {
            for part in parts(line) {
                let Part::Act(act) = part else { continue };
                let name = act.text.split(' ').next().unwrap_or_default();
                assert!(COMMANDS.iter().any(|(known, _)| *known == name), "no command: {line}");
                named += 1;
            }
        });
        assert!(named > 50, "the sources name {named}");
    }

    fn each_line(folder: &Path, see: &mut impl FnMut(&str)) {
        for entry in fs::read_dir(folder).expect("the sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                each_line(&path, see);
            } else if !path.ends_with("acts.rs") {
                let text = fs::read_to_string(&path).expect("a source");
                text.lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .for_each(&mut *see);
            }
        }
    }
}
