//! The last lines of the log, for the console's page on them.
//!
//! What is logged holds no statement's values and no secrets; superusers read it.

use std::collections::VecDeque;
use std::io::{Result as IoResult, Write};
use std::sync::Arc;

use parking_lot::Mutex;

/// Lines that are kept.
const LINES_MAX: usize = 1000;
/// Bytes of a line that are kept.
const LINE_BYTES_MAX: usize = 2000;

/// The last lines of the log. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct LogLines(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<String>,
    /// Lines that have come so far.
    count: u64,
}

/// Takes what is written as one event of the log.
pub struct LogEntry(LogLines);

impl LogLines {
    /// What the next event is written to.
    pub fn entry(&self) -> LogEntry {
        LogEntry(self.clone())
    }

    /// The lines behind the first `seen` ones, as far as they are kept, and the number of lines before them.
    pub fn after(&self, seen: u64) -> (u64, Vec<String>) {
        let kept = self.0.lock();
        let gone = kept.count.saturating_sub(kept.lines.len() as u64);
        // A page that was open before the server started anew has seen more than there is.
        let first = if seen > kept.count { gone } else { seen.max(gone) };
        let skipped = usize::try_from(first - gone).unwrap_or(usize::MAX);
        (first, kept.lines.iter().skip(skipped).cloned().collect())
    }

    fn push(&self, line: String) {
        let mut kept = self.0.lock();
        if kept.lines.len() == LINES_MAX {
            kept.lines.pop_front();
        }
        kept.lines.push_back(line);
        kept.count += 1;
    }
}

impl Write for LogEntry {
    fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
        let text = without_colours(&String::from_utf8_lossy(bytes));
        for line in text.lines().filter(|line| !line.is_empty()) {
            let end = line.floor_char_boundary(LINE_BYTES_MAX);
            let cut = line.get(..end).unwrap_or_default();
            self.0.push(if end < line.len() { format!("{cut}…") } else { cut.to_string() });
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> IoResult<()> {
        Ok(())
    }
}

/// The text without the escapes that colour it in a terminal.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or(part, |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept() {
        let log = LogLines::default();
        writeln!(log.entry(), "one").expect("it takes everything");
        let event = format!("two\nthree {}\n", "é".repeat(LINE_BYTES_MAX));
        log.entry().write_all(event.as_bytes()).expect("it takes everything");
        let (first, lines) = log.after(1);
        assert!(first == 1 && lines.len() == 2 && lines[0] == "two" && lines[1].len() <= LINE_BYTES_MAX + "…".len());
        assert_eq!(without_colours("\u{1b}[2mtime\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m started"), "time  INFO started");
        assert_eq!(log.after(3), (3, Vec::new()));
        assert_eq!(log.after(7).1.len(), 3, "they are of a server that has ended");
        for number in 0..LINES_MAX {
            writeln!(log.entry(), "{number}").expect("it takes everything");
        }
        let (first, lines) = log.after(0);
        assert!(first == 3 && lines.len() == LINES_MAX && lines[0] == "0");
    }
}
