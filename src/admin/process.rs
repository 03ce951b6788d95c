//! The process as the system sees it, under the names that Prometheus' own libraries use.

use crate::metrics::Page;

/// Clock ticks a second in `/proc/self/stat`; Linux shows them so whatever the kernel's own clock is.
const TICKS_PER_SECOND: f64 = 100.0;

/// Writes what the system says; nothing where it does not.
pub(super) fn write_process(page: &mut Page) {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    let status = read("status");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    if let Some(kilobytes) = resident.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok()) {
        page.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", kilobytes * 1024);
    }
    if let Some(ticks) = cpu_ticks(&read("stat")) {
        let seconds = ticks as f64 / TICKS_PER_SECOND;
        page.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", seconds);
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        page.gauge("process_open_fds", "Number of open file descriptors.", files.count());
    }
}

/// User and system time: the 14th and 15th field, the second one being a name in parentheses that may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_process_does_not_shift_the_fields() {
        let stat = "1 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 40 2 0 0 20";
        assert_eq!(cpu_ticks(stat), Some(42));
        assert_eq!(cpu_ticks("nonsense"), None);
    }
}
