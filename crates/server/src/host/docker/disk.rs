//! How full the file system with the engine's data is.

use std::path::Path;

use super::super::Disk;

/// From the output of `df -Pk`: the file system mounted nearest above the directory.
pub(super) fn of_directory(df: &str, directory: &str) -> Option<Disk> {
    let mounts = df.lines().skip(1).filter_map(parse_line);
    let above = mounts.filter(|(mount, _)| Path::new(directory).starts_with(mount));
    above.max_by_key(|(mount, _)| mount.len()).map(|(_, disk)| disk)
}

/// `/dev/sda1 41151808 2948720 36087056 8% /`: POSIX fixes the columns, and only the first and
/// the last may have spaces in them.
fn parse_line(line: &str) -> Option<(&str, Disk)> {
    let (numbers, mount) = line.split_once("% ")?;
    let mut columns = numbers.split_ascii_whitespace().rev().skip(1);
    let (free, _, total) = (columns.next()?, columns.next()?, columns.next()?);
    let bytes = |blocks: &str| blocks.parse::<u64>().ok()?.checked_mul(1024);
    Some((mount.trim(), Disk { total_bytes: bytes(total)?, free_bytes: bytes(free)? }))
}

#[cfg(feature = "fuzzing")]
pub(super) fn read_anything(df: &str, directory: &str) {
    let disk = of_directory(df, directory);
    assert!(disk.is_none() || df.contains('%'));
}

/// Of a directory of this machine.
pub(super) fn measured(directory: &str) -> Option<Disk> {
    let found = rustix::fs::statvfs(Path::new(directory)).ok()?;
    Some(Disk {
        total_bytes: found.f_blocks.checked_mul(found.f_frsize)?,
        free_bytes: found.f_bavail.checked_mul(found.f_frsize)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DF: &str = "\
Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/sda1         41151808  2948720  36087056       8% /
tmpfs                    -        -         -        - /sys
/dev/sdb1              100       60        40      60% /var/lib/docker
//nas/my share        1000        0      1000       0% /var/lib/docker/my 50% volume
/dev/sdc1             2000        0      2000       0% /var/lib/docker-old
overlay           41151808  2948720  36087056       8% /var/lib/docker/overlay2/x/merged
";

    #[test]
    fn the_nearest_mount_counts() {
        let free = |directory: &str| of_directory(DF, directory).map(|disk| disk.free_bytes / 1024);
        assert_eq!(free("/var/lib/docker"), Some(40));
        assert_eq!(free("/var/lib/docker/my 50% volume/x"), Some(1000));
        assert_eq!(free("/var/lib/docker-old"), Some(2000));
        assert_eq!(free("/srv/docker"), Some(36_087_056));
        assert_eq!(free("relative"), None);
    }

    #[test]
    fn nonsense_is_no_disk() {
        let huge = format!("x\n/dev/a {0} 0 {0} 0% /", u64::MAX);
        for text in ["", "\n\n", "x\n% ", "x\na b c d% /", "x\n1 2% /", &huge] {
            assert_eq!(of_directory(text, "/"), None, "{text}");
        }
    }

    #[test]
    fn this_machine_can_be_measured() {
        assert!(measured("/").is_some_and(|disk| disk.total_bytes >= disk.free_bytes));
        assert_eq!(measured("/no/such/directory"), None);
    }
}
