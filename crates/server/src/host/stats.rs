//! What an engine counts of a container, and what that means.
//!
//! Pure: samples in, numbers out.

use portolan_types::{ContainerStats, Timestamp};

/// Counted at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Nanoseconds since 1970, by the host's clock.
    pub at_nanos: i128,
    /// Nanoseconds of processors, since it was started.
    pub cpu_nanos: u64,
    pub cpus: u32,
    /// With what the kernel keeps of files.
    pub memory_bytes: u64,
    /// What the kernel keeps of files that nobody used lately.
    pub inactive_file_bytes: u64,
    pub memory_limit_bytes: Option<u64>,
    pub received_bytes: u64,
    pub sent_bytes: u64,
    pub read_bytes: u64,
    pub written_bytes: u64,
    pub processes: u64,
}

impl Counted {
    /// As it is told, with what was counted before.
    pub fn since(&self, before: Option<&Self>) -> ContainerStats {
        // Where the two do not fit together, what is kept of files is not known.
        let memory = self.memory_bytes.checked_sub(self.inactive_file_bytes);
        ContainerStats {
            at: Timestamp::from_millis(self.millis()),
            cpu_thousandths: before.and_then(|before| self.cpu_since(before)),
            cpus: self.cpus,
            memory_bytes: memory.unwrap_or(self.memory_bytes),
            memory_limit_bytes: self.memory_limit_bytes,
            received_bytes: self.received_bytes,
            sent_bytes: self.sent_bytes,
            read_bytes: self.read_bytes,
            written_bytes: self.written_bytes,
            processes: self.processes,
        }
    }

    fn millis(&self) -> i64 {
        i64::try_from(self.at_nanos / 1_000_000).unwrap_or(i64::MAX)
    }

    /// Nothing where no time has passed, or where it was started anew in between.
    fn cpu_since(&self, before: &Self) -> Option<u64> {
        let passed = u128::try_from(self.at_nanos - before.at_nanos).ok()?;
        let used = self.cpu_nanos.checked_sub(before.cpu_nanos)?;
        let thousandths = (u128::from(used) * 1_000).checked_div(passed)?;
        u64::try_from(thousandths).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i128 = 1_000_000_000;

    fn counted(seconds: i128, cpu_nanos: u64) -> Counted {
        Counted { at_nanos: seconds * SECOND, cpu_nanos, cpus: 4, ..Counted::default() }
    }

    #[test]
    fn processors_are_measured_between_two_samples() {
        let (first, second) = (counted(10, 500_000_000), counted(12, 3_500_000_000));
        assert_eq!(first.since(None).cpu_thousandths, None);
        assert_eq!(second.since(Some(&first)).cpu_thousandths, Some(1_500));
        // It was started anew, the clock was put back, or nothing has passed.
        assert_eq!(counted(12, 5).since(Some(&second)).cpu_thousandths, None);
        assert_eq!(first.since(Some(&second)).cpu_thousandths, None);
        assert_eq!(second.since(Some(&second)).cpu_thousandths, None);
        assert_eq!(second.since(None).at.to_string(), "1970-01-01T00:00:12.000Z");
    }

    #[test]
    fn memory_is_without_what_the_kernel_would_give_back() {
        let memory = |all, inactive| {
            let counted =
                Counted { memory_bytes: all, inactive_file_bytes: inactive, ..counted(1, 0) };
            counted.since(None).memory_bytes
        };
        assert_eq!((memory(100, 30), memory(100, 0), memory(100, 101)), (70, 100, 100));
    }

    #[test]
    fn no_number_of_a_host_is_too_large() {
        let most = Counted { at_nanos: i128::MAX / 2, cpu_nanos: u64::MAX, ..Counted::default() };
        let told = most.since(Some(&Counted::default()));
        assert_eq!(told.cpu_thousandths, Some(0));
        let told = Counted { at_nanos: 1, ..most }.since(Some(&Counted::default()));
        assert_eq!(told.cpu_thousandths, None);
    }
}
