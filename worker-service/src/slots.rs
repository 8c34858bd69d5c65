//! The number of slots of a worker: reports that it processes at a time. It is set, or derived from the memory
//! that the process may use, because most of a report's time is spent waiting for its model.

use std::{fmt, path::Path, str::FromStr};

/// Memory that a report in progress takes. Measured: up to 255 KiB (docs/PERFORMANCE.md); the rest is margin for
/// reports with more evidence.
const BYTES_PER_REPORT: u64 = MIB;
/// Memory that the worker takes whatever it processes: program, fonts, and the sanctions lists (about 25 MiB for
/// each of the large ones).
const BYTES_AT_REST: u64 = 192 * MIB;
/// Memory to render a report. As many are rendered at a time as there are cores.
const BYTES_PER_RENDERING: u64 = 64 * MIB;
/// Fewest slots that are derived, whatever the memory. A worker with this many runs in 256 MiB.
const DERIVED_MIN: usize = 4;
/// Most slots that are derived: more would rather use up the model's quota than the memory.
const DERIVED_MAX: usize = 256;

const MIB: u64 = 1024 * 1024;
/// Most slots that can be set.
const SET_MAX: usize = 10_000;

/// The setting of the number of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// This number.
    Set(usize),
    /// A number that is derived from the memory that the process may use.
    Auto,
}

impl FromStr for Concurrency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        match text.parse() {
            Ok(number) if (1..=SET_MAX).contains(&number) => Ok(Self::Set(number)),
            _ => Err(format!("it is neither auto nor a number from 1 to {SET_MAX}")),
        }
    }
}

/// The memory that this process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Memory {
    bytes: u64,
    /// What limits it.
    limit: &'static str,
}

/// The number of slots of a worker, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    /// The number.
    pub(crate) number: usize,
    /// Where it comes from, for the log.
    pub(crate) reason: String,
}

impl Slots {
    /// Returns the slots that `concurrency` means on this machine with `cores`. `read` returns the content of a
    /// file, or `None` if it cannot be read.
    pub(crate) fn of(concurrency: Concurrency, cores: usize, read: impl Fn(&Path) -> Option<String>) -> Self {
        match concurrency {
            Concurrency::Set(number) => Self { number, reason: "as set".to_owned() },
            Concurrency::Auto => match Memory::available(read) {
                Some(memory) => Self { number: derived(memory.bytes, cores), reason: memory.to_string() },
                None => Self { number: DERIVED_MIN, reason: "the memory is not known".to_owned() },
            },
        }
    }
}

/// Returns the number of slots for which `bytes` of memory suffice.
fn derived(bytes: u64, cores: usize) -> usize {
    let cores = u64::try_from(cores).unwrap_or(u64::MAX);
    let reserve = BYTES_AT_REST.saturating_add(BYTES_PER_RENDERING.saturating_mul(cores));
    let reports = bytes.saturating_sub(reserve) / BYTES_PER_REPORT;
    usize::try_from(reports).unwrap_or(DERIVED_MAX).clamp(DERIVED_MIN, DERIVED_MAX)
}

impl Memory {
    /// Returns the smallest of the limits of this process and the memory of the machine.
    fn available(read: impl Fn(&Path) -> Option<String>) -> Option<Self> {
        let groups = read(Path::new("/proc/self/cgroup")).unwrap_or_default();
        let limits = groups.lines().flat_map(|line| group_limits(line, &read));
        let machine = read(Path::new("/proc/meminfo")).and_then(|text| machine_bytes(&text));
        let machine = machine.map(|bytes| Self { bytes, limit: "the machine" });
        limits.chain(machine).min_by_key(|memory| memory.bytes)
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "for {} MiB of memory, limited by {}", self.bytes / MIB, self.limit)
    }
}

/// Returns the memory limits of the control group in `line` of `/proc/self/cgroup` and of all groups above it
/// ("cgroups(7)"). In a container, the file can name groups that only the host sees; those that the container
/// does see are found on the way to the root.
fn group_limits(line: &str, read: impl Fn(&Path) -> Option<String>) -> Vec<Memory> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (controllers, path) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    let (root, file, limit) = if controllers.is_empty() {
        ("/sys/fs/cgroup", "memory.max", "its cgroup")
    } else if controllers.split(',').any(|controller| controller == "memory") {
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "its cgroup (version 1)")
    } else {
        return Vec::new();
    };
    let group = Path::new(path.trim_start_matches('/'));
    // Without a limit, the file of version 2 says `max`, and that of version 1 a number beyond all memory.
    let bytes = |group: &Path| read(&Path::new(root).join(group).join(file))?.trim().parse().ok();
    group.ancestors().filter_map(bytes).map(|bytes| Memory { bytes, limit }).collect()
}

/// Returns the memory of the machine from the text of `/proc/meminfo` ("proc_meminfo(5)").
fn machine_bytes(text: &str) -> Option<u64> {
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMINFO: (&str, &str) = ("/proc/meminfo", "MemTotal:       16384000 kB\nMemFree:  1 kB\n");

    fn auto(files: &[(&str, &str)]) -> Slots {
        let read = |path: &Path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            file.map(|(_, text)| (*text).to_owned())
        };
        Slots::of(Concurrency::Auto, 2, read)
    }

    #[test]
    fn the_setting_is_a_number_or_auto() {
        assert_eq!("auto".parse(), Ok(Concurrency::Auto));
        assert_eq!("10000".parse(), Ok(Concurrency::Set(10_000)));
        for text in ["", "0", "10001", "-1", "Auto", "4 "] {
            assert!(text.parse::<Concurrency>().is_err(), "{text}");
        }
        let set = Slots::of(Concurrency::Set(7), 2, |_| None);
        assert_eq!((set.number, set.reason.as_str()), (7, "as set"));
    }

    #[test]
    fn memory_beyond_the_reserve_is_divided_among_reports_within_bounds() {
        assert_eq!(derived(0, 1), DERIVED_MIN);
        assert_eq!(derived(256 * MIB, 1), DERIVED_MIN);
        assert_eq!(derived(356 * MIB, 1), 100);
        assert_eq!(derived(356 * MIB, 2), 36);
        assert_eq!(derived(u64::MAX, 1), DERIVED_MAX);
        assert_eq!(derived(1024 * MIB, usize::MAX), DERIVED_MIN);
    }

    #[test]
    fn the_limit_of_a_container_counts() {
        let slots =
            auto(&[("/proc/self/cgroup", "0::/\n"), ("/sys/fs/cgroup/memory.max", "419430400\n"), MEMINFO]);
        assert_eq!(slots.number, 80);
        assert_eq!(slots.reason, "for 400 MiB of memory, limited by its cgroup");
    }

    #[test]
    fn the_smallest_limit_on_the_way_to_the_root_counts() {
        let slots = auto(&[
            ("/proc/self/cgroup", "0::/system.slice/dossier.service\n"),
            ("/sys/fs/cgroup/system.slice/dossier.service/memory.max", "max\n"),
            ("/sys/fs/cgroup/system.slice/memory.max", "387973120\n"),
            MEMINFO,
        ]);
        assert_eq!(
            (slots.number, slots.reason.as_str()),
            (50, "for 370 MiB of memory, limited by its cgroup")
        );
    }

    #[test]
    fn version_1_is_read_where_the_container_sees_it() {
        let groups = "5:cpu,cpuacct:/docker/4f\n4:memory,hugetlb:/docker/4f\n0::/docker/4f\n";
        let limit = ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "361758720\n");
        let slots = auto(&[("/proc/self/cgroup", groups), limit, MEMINFO]);
        assert_eq!(slots.number, 25);
        assert!(slots.reason.ends_with("limited by its cgroup (version 1)"), "{}", slots.reason);
        let unlimited = ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        let slots = auto(&[("/proc/self/cgroup", groups), unlimited, MEMINFO]);
        assert_eq!(
            (slots.number, slots.reason.as_str()),
            (DERIVED_MAX, "for 16000 MiB of memory, limited by the machine")
        );
    }

    #[test]
    fn without_anything_to_read_the_worker_stays_small() {
        for files in [&[][..], &[("/proc/self/cgroup", "nonsense"), ("/proc/meminfo", "MemTotal: much")]] {
            let slots = auto(files);
            assert_eq!((slots.number, slots.reason.as_str()), (DERIVED_MIN, "the memory is not known"));
        }
    }
}
