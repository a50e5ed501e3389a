//! The process' own figures under the names that Prometheus' clients give them, from `/proc`; elsewhere there are none.

use std::fs;

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

/// The kernel counts processor time for programs in hundredths of a second, whatever its own ticks are.
const TICKS_PER_SECOND: u64 = 100;

pub(super) fn describe() {
    describe_counter!(
        "process_cpu_seconds_total",
        Unit::Seconds,
        "Processor time of this process."
    );
    describe_gauge!(
        "process_resident_memory_bytes",
        Unit::Bytes,
        "Memory of this process."
    );
    describe_gauge!(
        "process_open_fds",
        Unit::Count,
        "File descriptors of this process."
    );
    describe_gauge!(
        "process_max_fds",
        Unit::Count,
        "File descriptors that this process may have."
    );
    describe_gauge!("process_threads", Unit::Count, "Threads of this process.");
}

/// Looks at what the system says now.
pub(super) fn collect() {
    if let Some(ticks) = read("stat").as_deref().and_then(processor_ticks) {
        counter!("process_cpu_seconds_total").absolute(ticks / TICKS_PER_SECOND);
    }
    if let Some(status) = read("status") {
        if let Some(kibibytes) = field(&status, "VmRSS:") {
            gauge!("process_resident_memory_bytes").set(kibibytes * 1024.0);
        }
        if let Some(threads) = field(&status, "Threads:") {
            gauge!("process_threads").set(threads);
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the directory that is being read.
        gauge!("process_open_fds").set(open.count().saturating_sub(1) as f64);
    }
    if let Some(most) = most_files() {
        gauge!("process_max_fds").set(most as f64);
    }
}

/// How many files this process may have open, if the system says.
pub(crate) fn most_files() -> Option<usize> {
    let limits = read("limits")?;
    Some(field(&limits, "Max open files")? as usize)
}

fn read(name: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/self/{name}")).ok()
}

/// Time in user and in system mode. The program's name stands before, in brackets, and may hold anything.
fn processor_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    Some(times.next()?.parse::<u64>().ok()? + times.next()?.parse::<u64>().ok()?)
}

/// The first number of the line that begins so.
fn field(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_is_no_field() {
        let stat = "42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 12 0 1 2 3";
        assert_eq!(processor_ticks(stat), Some(300));
        assert_eq!(processor_ticks("42 (a"), None);
    }

    #[test]
    fn fields_are_found_by_their_names() {
        let status = "Name:\tx\nVmRSS:\t  1024 kB\nThreads:\t7\n";
        assert_eq!(field(status, "VmRSS:"), Some(1024.0));
        assert_eq!(field(status, "Threads:"), Some(7.0));
        let limits = "Max open files            1024                 4096                 files\n";
        assert_eq!(field(limits, "Max open files"), Some(1024.0));
        assert_eq!(
            field("Max open files   unlimited\n", "Max open files"),
            None
        );
    }
}
