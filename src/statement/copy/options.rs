//! What the options of COPY mean, and which go together. `syntax` reads them.

use crate::error::{Error, ErrorKind, Result};
use crate::model::Collection;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyFormat {
    Text,
    Csv,
    Binary,
}

/// How rows are written.
#[derive(Clone, Debug)]
pub struct CopyOptions {
    pub format: CopyFormat,
    pub delimiter: u8,
    pub null: String,
    pub header: bool,
    pub quote: u8,
    pub escape: u8,
    /// CSV out: columns whose values always stand in quotes.
    pub force_quote: Forced,
    /// CSV in: columns in which what looks like NULL is a text.
    pub force_not_null: Forced,
    /// CSV in: columns in which what looks like NULL is NULL even in quotes.
    pub force_null: Forced,
}

/// The columns that an option names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Forced {
    #[default]
    None,
    All,
    Named(Vec<String>),
    /// By position in a row, once the columns are known.
    Known(Vec<bool>),
}

impl Forced {
    /// Whether the column at a position of a row is one of them.
    pub fn has(&self, position: usize) -> bool {
        match self {
            Forced::None | Forced::Named(_) => false,
            Forced::All => true,
            Forced::Known(list) => list.get(position).copied().unwrap_or(false),
        }
    }

    /// # Errors
    /// 42703 for a column that is nowhere, 22023 (PostgreSQL: 42P10) for one that the COPY leaves out.
    fn find(&mut self, option: &str, columns: &[&str], table: Option<&Collection>) -> Result<()> {
        let Forced::Named(names) = self else { return Ok(()) };
        if let Some(name) = names.iter().find(|name| !columns.contains(&name.as_str())) {
            let undefined = |message| Error::new(ErrorKind::UndefinedColumn, message);
            return Err(match table {
                Some(table) if table.column(name).is_some() => {
                    let message = format!("{option} column \"{name}\" not referenced by COPY");
                    Error::new(ErrorKind::InvalidParameterValue, message)
                }
                Some(table) => undefined(format!("column \"{name}\" of relation \"{}\" does not exist", table.name)),
                None => undefined(format!("column \"{name}\" does not exist")),
            });
        }
        *self = Forced::Known(columns.iter().map(|column| names.iter().any(|name| name == column)).collect());
        Ok(())
    }
}

impl CopyOptions {
    /// Finds the columns that options name among those of a row; `table` is where they come from, unless it is a query.
    ///
    /// # Errors
    /// 42703 and 22023 for one that is not there.
    pub fn find_columns(&mut self, columns: &[&str], table: Option<&Collection>) -> Result<()> {
        self.force_quote.find("FORCE_QUOTE", columns, table)?;
        self.force_not_null.find("FORCE_NOT_NULL", columns, table)?;
        self.force_null.find("FORCE_NULL", columns, table)
    }
}

/// The options that a statement gives, as they are written.
#[derive(Default)]
pub struct GivenOptions {
    pub format: Option<CopyFormat>,
    pub freeze: Option<bool>,
    pub delimiter: Option<String>,
    pub null: Option<String>,
    pub header: Option<bool>,
    pub quote: Option<String>,
    pub escape: Option<String>,
    pub encoding: Option<String>,
    pub force_quote: Option<Forced>,
    pub force_not_null: Option<Forced>,
    pub force_null: Option<Forced>,
}

impl GivenOptions {
    /// The options, with the defaults of their format.
    ///
    /// # Errors
    /// 42601, 22023 and 0A000 for those that contradict one another or the direction.
    pub fn checked(self, is_out: bool) -> Result<CopyOptions> {
        let format = self.format.unwrap_or(CopyFormat::Text);
        let is_csv = format == CopyFormat::Csv;
        let header = self.header.unwrap_or(false);
        if format == CopyFormat::Binary && (self.delimiter.is_some() || self.null.is_some() || header) {
            return Err(Error::syntax("cannot specify DELIMITER, NULL or HEADER in BINARY mode", None));
        }
        if !is_csv && (self.quote.is_some() || self.escape.is_some()) {
            return Err(Error::syntax("COPY QUOTE and ESCAPE require CSV mode", None));
        }
        if let Some(encoding) = &self.encoding {
            check_encoding(encoding)?;
        }
        // The name of an option that is given, whether it needs CSV, and whether COPY TO takes it.
        let given = [
            (self.freeze == Some(true), "FREEZE", false, false),
            (self.force_quote.is_some(), "FORCE_QUOTE", true, true),
            (self.force_not_null.is_some(), "FORCE_NOT_NULL", true, false),
            (self.force_null.is_some(), "FORCE_NULL", true, false),
        ];
        for (_, option, needs_csv, is_for_out) in given.into_iter().filter(|(is_given, ..)| *is_given) {
            if needs_csv && !is_csv {
                return Err(Error::new(ErrorKind::Unsupported, format!("COPY {option} requires CSV mode")));
            }
            if is_for_out != is_out {
                let message = format!("COPY {option} cannot be used with COPY {}", if is_out { "TO" } else { "FROM" });
                let kind = if is_out { ErrorKind::InvalidParameterValue } else { ErrorKind::Unsupported };
                return Err(Error::new(kind, message));
            }
        }
        let quote = self.quote.map_or(Ok(b'"'), |quote| single_byte(&quote, "quote"))?;
        let delimiter = match self.delimiter {
            Some(delimiter) => single_byte(&delimiter, "delimiter")?,
            None if is_csv => b',',
            None => b'\t',
        };
        let options = CopyOptions {
            format,
            delimiter,
            null: self.null.unwrap_or_else(|| if is_csv { String::new() } else { "\\N".to_string() }),
            header,
            quote,
            escape: self.escape.map_or(Ok(quote), |escape| single_byte(&escape, "escape"))?,
            force_quote: self.force_quote.unwrap_or_default(),
            force_not_null: self.force_not_null.unwrap_or_default(),
            force_null: self.force_null.unwrap_or_default(),
        };
        if options.delimiter == options.quote && is_csv {
            return Err(Error::new(ErrorKind::InvalidParameterValue, "COPY delimiter and quote must be different"));
        }
        if options.null.contains(['\n', '\r']) || matches!(options.delimiter, b'\n' | b'\r' | b'\\') {
            return Err(Error::new(
                ErrorKind::InvalidParameterValue,
                "COPY delimiter and null representation cannot use newline, carriage return or backslash as delimiter",
            ));
        }
        Ok(options)
    }
}

fn check_encoding(name: &str) -> Result<()> {
    match name.to_ascii_lowercase().as_str() {
        "utf8" | "utf-8" | "unicode" => Ok(()),
        _ => Err(Error::unsupported(format!("COPY in encoding \"{name}\" is not offered"), "Send UTF8.")),
    }
}

fn single_byte(text: &str, what: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err(Error::new(ErrorKind::Unsupported, format!("COPY {what} must be a single one-byte character"))),
    }
}
