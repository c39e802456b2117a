//! Checks of the data folder and the master key: without them nothing can be kept or read.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
};

use secrecy::{ExposeSecret, SecretString};

use super::Check;
use crate::{
    control_plane::{Config, Missing, SealingKey},
    words::bytes,
};

/// 32 bytes in hexadecimal.
const MASTER_KEY_DIGITS: usize = 64;

/// Below the first the database will soon stop; below the second it is time to look.
const TOO_LITTLE: u64 = 100 << 20;
const LITTLE: u64 = 1 << 30;

pub(super) fn data_dir(config: &Config) -> Vec<Check> {
    let path = &config.data_dir;
    match fs::metadata(path) {
        Ok(data) if data.is_dir() => {
            vec![owner(path, &data), mode(path, &data), writable(path), free_disk(path)]
        }
        Ok(_) => {
            let remedy = "move it away, or name another folder with --data-dir";
            vec![Check::fail("data folder", format!("{} is a file", path.display()), remedy)]
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => vec![missing(path)],
        Err(error) => {
            let detail = format!("could not look at {}: {error}", path.display());
            vec![Check::fail("data folder", detail, run_as_owner())]
        }
    }
}

/// A first start makes the folder, if it may.
fn missing(path: &Path) -> Check {
    let detail = format!("{} does not exist yet", path.display());
    let parent = path.ancestors().skip(1).find(|folder| folder.exists());
    match parent {
        Some(parent) if may_write(parent) => {
            Check::warn("data folder", detail, "the first `portolan serve` makes it")
        }
        Some(_) | None => {
            let remedy = format!(
                "make it as root: install -d -m 700 -o \"$USER\" {}, or see --data-dir",
                path.display()
            );
            Check::fail("data folder", format!("{detail} and cannot be made"), remedy)
        }
    }
}

fn may_write(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok()
}

fn owner(path: &Path, data: &Metadata) -> Check {
    let (owner, we) = (data.uid(), rustix::process::geteuid().as_raw());
    if owner == we {
        return Check::ok("data folder", format!("{} is ours", path.display()));
    }
    let detail = format!("{} belongs to user {owner}, this is user {we}", path.display());
    if we == 0 {
        // Root sees everything; the control plane, run as the owner, will do as well.
        return Check::warn("data folder", detail, "run `portolan serve` as that user");
    }
    Check::fail("data folder", detail, run_as_owner())
}

fn run_as_owner() -> &'static str {
    "run this as the user of `portolan serve` (sudo -u USER portolan doctor), or see --data-dir"
}

fn mode(path: &Path, data: &Metadata) -> Check {
    let mode = data.mode() & 0o777;
    if mode == 0o700 {
        return Check::ok("data folder mode", "only its owner can enter");
    }
    let detail = format!("{} has mode {mode:o}", path.display());
    let remedy = format!("chmod 700 {}", path.display());
    let why = if mode | 0o700 == 0o700 { "its owner cannot use it" } else { "others can enter it" };
    Check::fail("data folder mode", format!("{detail}: {why}"), remedy)
}

fn writable(path: &Path) -> Check {
    match write_probe(path) {
        Ok(()) => Check::ok("data folder writable", "a file could be made in it"),
        Err(error) => {
            let detail = format!("could not make a file in {}: {error}", path.display());
            Check::fail("data folder writable", detail, run_as_owner())
        }
    }
}

/// A read-only file system shows only when something is really written.
fn write_probe(path: &Path) -> io::Result<()> {
    let probe = path.join(format!(".doctor-{}", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).open(&probe)?;
    fs::remove_file(&probe)
}

fn free_disk(path: &Path) -> Check {
    let free = match rustix::fs::statvfs(path) {
        Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
        Err(error) => {
            let detail = format!("could not ask the file system: {error}");
            return Check::warn("free disk", detail, "see `df -h`");
        }
    };
    let detail = format!("{} free", bytes(free));
    let remedy = "make room, or move the data folder (--data-dir)";
    match free {
        0..TOO_LITTLE => Check::fail("free disk", detail, remedy),
        TOO_LITTLE..LITTLE => Check::warn("free disk", detail, remedy),
        LITTLE.. => Check::ok("free disk", detail),
    }
}

pub(super) fn master_key(config: &Config) -> Check {
    if config.master_key.is_some() {
        return given_key(config);
    }
    let path = config.master_key_file();
    match fs::metadata(&path) {
        Ok(data) => key_file(&path, &data),
        Err(error) if error.kind() == io::ErrorKind::NotFound => missing_key(config, &path),
        Err(error) => {
            let detail = format!("could not look at {}: {error}", path.display());
            Check::fail("master key", detail, run_as_owner())
        }
    }
}

/// The environment gives it.
fn given_key(config: &Config) -> Check {
    match SealingKey::open(config, Missing::Refuse) {
        Ok(_) => Check::ok("master key", format!("{}: whole", config.master_key_place())),
        Err(error) => {
            let remedy = "give the one that is in use, as 64 hexadecimal digits";
            Check::fail("master key", error.to_string(), remedy)
        }
    }
}

/// A new installation makes its key; one with data must not get another.
fn missing_key(config: &Config, path: &Path) -> Check {
    let has_data = config.database_url.is_some()
        || fs::read_dir(&config.data_dir).is_ok_and(|mut files| files.next().is_some());
    let detail = format!("{} does not exist", path.display());
    if has_data {
        let remedy = "unless this is a first start, restore it from your backup: what it \
                      encrypted cannot be read without it";
        return Check::fail("master key", detail, remedy);
    }
    Check::ok("master key", format!("{detail} yet; the first `portolan serve` makes it"))
}

fn key_file(path: &Path, data: &Metadata) -> Check {
    let mode = data.mode() & 0o777;
    if mode & 0o077 != 0 {
        let detail = format!("{} has mode {mode:o}: others can read it", path.display());
        return Check::fail("master key", detail, format!("chmod 600 {}", path.display()));
    }
    match fs::read_to_string(path).map(SecretString::from) {
        Ok(text) if is_key(text.expose_secret().trim()) => {
            Check::ok("master key", format!("{}: present, private, whole", path.display()))
        }
        Ok(_) => {
            let detail = format!("{} is not 32 bytes in hexadecimal", path.display());
            Check::fail("master key", detail, "restore it from your backup")
        }
        Err(error) => {
            let detail = format!("could not read {}: {error}", path.display());
            Check::fail("master key", detail, run_as_owner())
        }
    }
}

fn is_key(text: &str) -> bool {
    text.len() == MASTER_KEY_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
