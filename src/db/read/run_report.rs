//! How a query went: what EXPLAIN ANALYZE shows besides the plan, since only running it tells.

use parking_lot::Mutex;

use crate::db::read::column_reading::{ColumnReading, SelectedRows};
use crate::vector::{SearchWay, SelectedSearch};

/// Lines about a run, noted while it goes on.
#[derive(Debug, Default)]
pub(crate) struct RunReport(Mutex<Vec<String>>);

impl RunReport {
    /// Notes what columns said of a filter.
    pub fn note_selection(&self, reading: &ColumnReading, selected: &SelectedRows) {
        let (rows, patch) = (reading.columns.live().count(), reading.patch.len());
        let rest = if selected.has_rest { ", the rest of the filter on each of them" } else { "" };
        let conditions = match selected.conditions {
            1 => "1 condition".to_string(),
            conditions => format!("{conditions} conditions"),
        };
        self.note(format!("Columns: {} of {rows} rows by {conditions}{rest}", selected.count));
        self.note(format!("Rows Read One by One: {} ({patch} changed since)", selected.by_row.len()));
    }

    /// Notes how the nearest of selected rows were found.
    pub fn note_search(&self, search: &SelectedSearch) {
        let way = match search.way {
            SearchWay::Exact => "every selected row measured",
            SearchWay::Walk => "graph walked among selected rows",
        };
        let (measured, rejected) = (search.measured, search.rejected);
        self.note(format!("Search: {way} (measured: {measured}, rejected: {rejected})"));
    }

    /// Notes a line.
    pub fn note(&self, line: String) {
        self.0.lock().push(line);
    }

    /// Begins anew: what was tried before is given up.
    pub fn clear(&self) {
        self.0.lock().clear();
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().clone()
    }
}
