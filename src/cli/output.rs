//! The forms in which a result is printed. Pure.

use tokio_postgres::types::Type;

use crate::cli::table::{Cell, Table};
use crate::error::Result;

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns, as psql prints them
    Table,
    /// Comma-separated values with a line of names, as COPY writes them
    Csv,
    /// An array of objects for each result
    Json,
    /// An object a line
    Jsonl,
    /// Values only, separated by tabs
    Plain,
}

impl Format {
    /// Whether it wants to know the types of the columns.
    pub fn needs_types(self) -> bool {
        matches!(self, Format::Json | Format::Jsonl)
    }

    /// The text of a result. `width_max`: characters that a cell of a table may have, if limited. Columns beyond `types` are
    /// taken for text.
    ///
    /// # Errors
    /// None but of the JSON writer, which fails on nothing that a server sends.
    pub fn print(self, table: &Table, types: &[Type], width_max: Option<usize>) -> Result<String> {
        Ok(match self {
            Format::Table => table.aligned(width_max) + "\n",
            Format::Plain => table.plain(),
            Format::Csv => csv(table),
            Format::Json => {
                let rows: Vec<String> = objects(table, types)?;
                if rows.is_empty() { "[]\n".to_string() } else { format!("[{}]\n", rows.join(",\n ")) }
            }
            Format::Jsonl => objects(table, types)?.into_iter().map(|row| row + "\n").collect(),
        })
    }
}

fn csv(table: &Table) -> String {
    let names = table.columns.iter().map(|name| csv_value(name));
    let mut text = names.collect::<Vec<String>>().join(",") + "\n";
    for row in &table.rows {
        let values = row.iter().map(|cell| cell.as_deref().map_or_else(String::new, csv_value));
        text.push_str(&values.collect::<Vec<String>>().join(","));
        text.push('\n');
    }
    text
}

/// NULL is nothing at all, so that an empty text needs its quotes.
fn csv_value(value: &str) -> String {
    let is_plain = !value.is_empty() && value != "\\." && !value.contains([',', '"', '\n', '\r']);
    if is_plain { value.to_string() } else { format!("\"{}\"", value.replace('"', "\"\"")) }
}

fn objects(table: &Table, types: &[Type]) -> Result<Vec<String>> {
    let names: Vec<String> = table.columns.iter().map(|name| json_text(name)).collect::<Result<_>>()?;
    let object = |row: &Vec<Cell>| {
        let members = names.iter().zip(row).enumerate().map(|(column, (name, cell))| {
            json_value(cell.as_deref(), types.get(column)).map(|value| format!("{name}: {value}"))
        });
        members.collect::<Result<Vec<String>>>().map(|members| format!("{{{}}}", members.join(", ")))
    };
    table.rows.iter().map(object).collect()
}

fn json_text(text: &str) -> Result<String> {
    serde_json::to_string(text).map_err(|error| crate::error::Error::internal(error.to_string()))
}

/// Numbers stay as many digits as they have, which is why they are not read.
fn json_value(cell: Option<&str>, ty: Option<&Type>) -> Result<String> {
    let (Some(text), Some(ty)) = (cell, ty) else {
        return cell.map_or_else(|| Ok("null".to_string()), json_text);
    };
    let is_number = [Type::INT2, Type::INT4, Type::INT8, Type::OID, Type::FLOAT4, Type::FLOAT8, Type::NUMERIC];
    let may_be_json = is_number.contains(ty) || [Type::JSON, Type::JSONB].contains(ty) || ty.name() == "vector";
    match text {
        "t" if *ty == Type::BOOL => Ok("true".to_string()),
        "f" if *ty == Type::BOOL => Ok("false".to_string()),
        // NaN and Infinity are no numbers in JSON.
        _ if may_be_json && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => Ok(text.to_string()),
        _ => json_text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let row = |cells: [Option<&str>; 3]| cells.map(|cell| cell.map(str::to_string)).to_vec();
        Table {
            columns: ["id", "n", "j"].map(str::to_string).to_vec(),
            rows: vec![
                row([Some("a,\"b\""), Some("12345678901234567890.10"), Some("{\"x\": [1, null]}")]),
                row([Some(""), Some("NaN"), None]),
            ],
        }
    }

    #[test]
    fn csv_tells_null_from_an_empty_text() {
        let text = Format::Csv.print(&table(), &[], None).expect("text");
        let expected = "id,n,j\n\"a,\"\"b\"\"\",12345678901234567890.10,\"{\"\"x\"\": [1, null]}\"\n\"\",NaN,\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn json_keeps_digits_and_documents() {
        let types = [Type::TEXT, Type::NUMERIC, Type::JSONB];
        let text = Format::Jsonl.print(&table(), &types, None).expect("text");
        let expected = "{\"id\": \"a,\\\"b\\\"\", \"n\": 12345678901234567890.10, \"j\": {\"x\": [1, null]}}\n\
                        {\"id\": \"\", \"n\": \"NaN\", \"j\": null}\n";
        assert_eq!(text, expected);
        let array = Format::Json.print(&table(), &types, None).expect("text");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&array).expect("JSON").as_array().map(Vec::len), Some(2));
        let empty = Table { columns: vec!["a".to_string()], rows: Vec::new() };
        assert_eq!(Format::Json.print(&empty, &types, None).expect("text"), "[]\n");
    }
}
