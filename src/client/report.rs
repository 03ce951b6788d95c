//! Errors of a server, shown the way psql shows them.

use tokio_postgres::error::{DbError, ErrorPosition};

use crate::error::{Error, ErrorKind};

/// A line of a statement that is longer than this is shown in part, around the place of the error.
const ERROR_LINE_CHARS_MAX: usize = 72;

/// The text of an error with its causes, as one line.
pub fn reason(error: &tokio_postgres::Error) -> String {
    if let Some(report) = error.as_db_error() {
        return report.message().to_string();
    }
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// An error of the server, or of the connection to it, as one of this program.
pub fn failure(error: &tokio_postgres::Error) -> Error {
    let failed = Error::new(ErrorKind::Io, reason(error));
    let Some(report) = error.as_db_error() else { return failed };
    let failed = report.detail().map_or(failed.clone(), |detail| failed.with_detail(detail));
    match report.hint() {
        Some(hint) => failed.with_hint(hint),
        None => failed,
    }
}

/// What psql prints for an error of the server: `ERROR:`, the line with a caret, `DETAIL:`, `HINT:`.
pub fn describe(report: &DbError, statement: &str) -> String {
    let mut lines = vec![format!("{}:  {}", report.severity(), report.message())];
    if let Some(ErrorPosition::Original(position)) = report.position()
        && let Ok(position) = usize::try_from(*position)
    {
        lines.extend(caret(statement, position).into_iter().flatten());
    }
    if let Some(detail) = report.detail() {
        lines.push(format!("DETAIL:  {detail}"));
    }
    if let Some(hint) = report.hint() {
        lines.push(format!("HINT:  {hint}"));
    }
    lines.join("\n")
}

/// The line that holds the 1-based character `position`, and a caret below it; a long line is cut on both sides.
fn caret(statement: &str, position: usize) -> Option<[String; 2]> {
    let before = position.checked_sub(1)?;
    let mut start = 0;
    for (index, line) in statement.split('\n').enumerate() {
        let chars = line.chars().count();
        if before <= start + chars {
            let column = before - start;
            let skipped =
                if chars <= ERROR_LINE_CHARS_MAX { 0 } else { column.saturating_sub(ERROR_LINE_CHARS_MAX / 2) };
            let shown: String = line.chars().skip(skipped).take(ERROR_LINE_CHARS_MAX).collect();
            let head = if skipped > 0 { "..." } else { "" };
            let tail = if skipped + ERROR_LINE_CHARS_MAX < chars { "..." } else { "" };
            let prefix = format!("LINE {}: {head}", index + 1);
            let indent = prefix.chars().count() + column - skipped;
            return Some([format!("{prefix}{}{tail}", shown.replace('\t', " ")), format!("{:indent$}^", "")]);
        }
        start += chars + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_character() {
        let [line, mark] = caret("SELECT 1\nFROM nowhere", 15).expect("the position is inside");
        assert_eq!(line, "LINE 2: FROM nowhere");
        assert_eq!(mark.find('^'), line.find("nowhere"));
    }

    #[test]
    fn a_long_line_is_cut_around_the_position() {
        let statement = format!("GET MEMORY SIMILAR TO [{}] LIMITED 10", "0.25, ".repeat(100));
        let at = statement.find("LIMITED").expect("it is there");
        let [line, mark] = caret(&statement, at + 1).expect("the position is inside");
        assert!(line.starts_with("LINE 1: ...") && line.chars().count() < 100, "{line}");
        assert_eq!(mark.find('^'), line.find("LIMITED"));
    }

    #[test]
    fn a_position_outside_the_statement_has_no_caret() {
        assert!(caret("SELECT", 0).is_none());
        assert!(caret("SELECT", 8).is_none());
        assert!(caret("SELECT", 7).is_some(), "one past the end is where the input broke off");
    }
}
