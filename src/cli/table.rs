//! Rows as text: the aligned table that psql prints, and the plain form that scripts read.
//!
//! Pure. Numbers stand on the right, a cell of several lines continues with `+`, control characters are shown as `\x1B`
//! so that stored text cannot steer a terminal. A cell over the wanted width is cut and ends in `…`.

/// One cell; `None` is NULL.
pub type Cell = Option<String>;

/// A result of one statement.
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The table as psql aligns it, with the `(n rows)` line. `width_max`: characters a cell may have, if limited.
    pub fn aligned(&self, width_max: Option<usize>) -> String {
        let cells: Vec<Vec<Vec<String>>> =
            self.rows.iter().map(|row| row.iter().map(|cell| lines(cell, width_max)).collect()).collect();
        let widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(column, name)| {
                let widest = cells.iter().filter_map(|row| row.get(column)).flatten().map(|line| chars(line)).max();
                chars(name).max(widest.unwrap_or(0))
            })
            .collect();
        let numeric: Vec<bool> = (0..self.columns.len()).map(|column| self.is_numeric(column)).collect();

        let mut text = String::new();
        let header: Vec<String> = self.columns.iter().zip(&widths).map(|(name, width)| centred(name, *width)).collect();
        text.push_str(&header.join("|"));
        text.push('\n');
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
        text.push_str(&rule.join("+"));
        text.push('\n');
        for row in &cells {
            push_row(&mut text, row, &widths, &numeric);
        }
        let plural = if self.rows.len() == 1 { "" } else { "s" };
        text.push_str(&format!("({} row{plural})\n", self.rows.len()));
        text
    }

    /// The values alone, a row a line, separated by tabs: what `psql -At` gives.
    pub fn plain(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(|cell| cell.as_deref().unwrap_or("")).collect();
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        text
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut values = self.rows.iter().filter_map(|row| row.get(column)?.as_deref()).peekable();
        values.peek().is_some() && values.all(|value| value.parse::<f64>().is_ok())
    }
}

/// Writes one row, which takes as many lines as its tallest cell.
fn push_row(text: &mut String, row: &[Vec<String>], widths: &[usize], numeric: &[bool]) {
    let height = row.iter().map(Vec::len).max().unwrap_or(1);
    for line in 0..height {
        for (column, ((cell, width), numeric)) in row.iter().zip(widths).zip(numeric).enumerate() {
            let value = cell.get(line).map_or("", String::as_str);
            let padding = " ".repeat(width.saturating_sub(chars(value)));
            let continues = line + 1 < cell.len();
            let last = column + 1 == widths.len();
            text.push(' ');
            match (numeric, last && !continues) {
                (true, _) => text.extend([padding.as_str(), value]),
                (false, true) => text.push_str(value),
                (false, false) => text.extend([value, padding.as_str()]),
            }
            if continues {
                text.push('+');
            } else if !last {
                text.push(' ');
            }
            if !last {
                text.push('|');
            }
        }
        text.push('\n');
    }
}

/// The lines of a cell, cut to the wanted width, with control characters made visible.
fn lines(cell: &Cell, width_max: Option<usize>) -> Vec<String> {
    let value = cell.as_deref().unwrap_or("");
    let cut = match width_max {
        Some(width) if chars(value) > width => {
            let kept: String = value.chars().take(width.saturating_sub(1)).collect();
            format!("{kept}…")
        }
        _ => value.to_string(),
    };
    cut.split('\n').map(visible).collect()
}

fn visible(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for character in line.chars() {
        match character {
            '\t' => text.push_str("    "),
            '\r' => text.push_str("\\r"),
            control if control.is_control() => text.push_str(&format!("\\x{:02X}", u32::from(control))),
            other => text.push(other),
        }
    }
    text
}

fn centred(name: &str, width: usize) -> String {
    let spare = width.saturating_sub(chars(name));
    let left = spare / 2;
    format!(" {}{name}{} ", " ".repeat(left), " ".repeat(spare - left))
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str], rows: &[&[Option<&str>]]) -> Table {
        Table {
            columns: columns.iter().map(ToString::to_string).collect(),
            rows: rows.iter().map(|row| row.iter().map(|cell| cell.map(str::to_string)).collect()).collect(),
        }
    }

    #[test]
    fn aligned_is_what_psql_prints() {
        let table = table(&["id", "n"], &[&[Some("redis"), Some("7")], &[Some("x"), None], &[None, Some("12.5")]]);
        assert_eq!(
            table.aligned(None),
            "  id   |  n   \n-------+------\n redis |    7\n x     |     \n       | 12.5\n(3 rows)\n"
        );
    }

    #[test]
    fn several_lines_continue_with_a_plus() {
        let table = table(&["plan", "x"], &[&[Some("Sort\n  Scan"), Some("a")]]);
        assert_eq!(table.aligned(None), "  plan  | x \n--------+---\n Sort  +| a\n   Scan | \n(1 row)\n");
    }

    #[test]
    fn long_cells_are_cut_and_controls_are_shown() {
        let table = table(&["v"], &[&[Some("[0.123456789]")], &[Some("\u{1b}[2J")]]);
        assert_eq!(table.aligned(Some(8)), "    v     \n----------\n [0.1234…\n \\x1B[2J\n(2 rows)\n");
    }

    #[test]
    fn plain_has_values_only() {
        let table = table(&["a", "b"], &[&[Some("1"), None], &[Some("2"), Some("x")]]);
        assert_eq!(table.plain(), "1\t\n2\tx\n");
    }
}
