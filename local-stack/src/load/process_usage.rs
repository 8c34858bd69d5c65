//! CPU time and memory of a process, as Linux tells them in `/proc`. Other systems tell nothing there, and the
//! figures of a run are then not measured.

use std::fs;
use std::time::Duration;

/// Ticks of a second in `/proc/PID/stat`: `sysconf(_SC_CLK_TCK)`, which is 100 on every architecture of Linux
/// that Rust supports ("proc_pid_stat(5)", "time(7)").
const TICKS_PER_SECOND: u64 = 100;

/// CPU time and memory of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProcessUsage {
    /// CPU time since the process was started, of all its threads, in user mode and in the kernel.
    pub(super) cpu: Duration,
    /// Resident memory, in bytes.
    pub(super) memory: u64,
    /// Most resident memory since the process was started or [`reset_peak`] was called, in bytes.
    pub(super) memory_peak: u64,
}

/// Returns the usage of the process `pid`, or `None` if the system does not tell it or the process has ended.
pub(super) fn of(pid: u32) -> Option<ProcessUsage> {
    let cpu = cpu(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let bytes = |name| Some(kibibytes(&status, name)? * 1024);
    Some(ProcessUsage { cpu, memory: bytes("VmRSS:")?, memory_peak: bytes("VmHWM:")? })
}

/// Lets the peak memory of the process `pid` begin again with its current memory. Returns whether the system
/// can do so ("proc_pid_clear_refs(5)", since Linux 4.0).
pub(super) fn reset_peak(pid: u32) -> bool {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").is_ok()
}

/// Returns the CPU time of this process, if the system tells it.
pub(super) fn cpu_of_this_process() -> Option<Duration> {
    cpu(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// Returns the CPU time of the calling thread, if the system tells it.
pub(super) fn cpu_of_this_thread() -> Option<Duration> {
    cpu(&fs::read_to_string("/proc/thread-self/stat").ok()?)
}

/// Returns the sum of the fields `utime` and `stime` of a `stat` file.
fn cpu(stat: &str) -> Option<Duration> {
    // The second field is the name of the program in parentheses, which can contain spaces and parentheses.
    // The fields after it begin with the third one; utime is the 14th.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut times = after_name.split_whitespace().skip(14 - 3).map(str::parse::<u64>);
    let ticks = times.next()?.ok()?.checked_add(times.next()?.ok()?)?;
    Some(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

/// Returns the value of a line such as `VmRSS:  1234 kB` of a `status` file.
fn kibibytes(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_time_is_the_sum_of_user_and_system_time() {
        let stat = "123 (a) name (b) S 1 123 123 0 -1 4194560 1000 0 3 0 250 125 7 8 20 0 4 0 99 1024 50";
        assert_eq!(cpu(stat), Some(Duration::from_millis(3750)));
        assert_eq!(cpu("123 (short) S 1"), None);
        assert_eq!(cpu(""), None);
    }

    #[test]
    fn memory_is_read_by_its_name() {
        let status = "Name:\tapi-service\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(kibibytes(status, "VmRSS:"), Some(1024));
        assert_eq!(kibibytes(status, "VmHWM:"), Some(2048));
        assert_eq!(kibibytes(status, "VmSwap:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells_the_usage_of_this_process() {
        let usage = of(std::process::id()).unwrap();
        assert!(usage.memory > 0 && usage.memory_peak >= usage.memory, "{usage:?}");
        assert!(cpu_of_this_thread() <= cpu_of_this_process());
        assert_eq!(of(u32::MAX), None);
    }
}
