//! COPY, planned: which columns, in which format. `copy_in` takes rows, `copy_out` gives them, `copy_text` and
//! `copy_binary` are the formats.

use std::sync::Arc;

use bytes::BytesMut;
use datafusion::sql::sqlparser::ast::{
    CopyLegacyCsvOption, CopyLegacyOption, CopyOption, CopySource, Ident, ObjectName, Query, Statement,
};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionKind, ColumnType, Value, quote_identifier};
use crate::sql::context::PlanContext;
use crate::sql::copy_in::CopyIn;
use crate::sql::copy_out::CopyOut;
use crate::sql::insert::Defaults;
use crate::sql::names::last_part;
use crate::sql::parameters::ParameterTypes;
use crate::sql::parse::parse;
use crate::sql::plan::Action;
use crate::sql::read::{ReadPlan, plan_query};
use crate::sql::scope::folded;
use crate::sql::table::FACTS_VIEW;
use crate::sql::target::{Place, writable};

/// The binary forms of values, which belong to the wire.
#[derive(Clone, Copy)]
pub struct BinaryCodec {
    pub decode: fn(&ColumnType, &[u8]) -> Result<Value>,
    /// Appends the value without its length; never asked for NULL.
    pub encode: fn(&Value, &ColumnType, &mut BytesMut) -> Result<()>,
}

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
}

/// A planned COPY … FROM STDIN.
pub struct CopyInPlan(Arc<CopyTarget>);

/// Where copied rows go.
pub struct CopyTarget {
    pub collection: Arc<Collection>,
    /// Positions of the columns that a row has, in its order.
    pub columns: Vec<usize>,
    pub options: CopyOptions,
    pub defaults: Defaults,
}

/// A planned COPY … TO STDOUT.
pub struct CopyOutPlan {
    pub plan: ReadPlan,
    pub options: CopyOptions,
}

impl CopyInPlan {
    pub fn collection(&self) -> &Arc<Collection> {
        &self.0.collection
    }

    /// How many columns a row has.
    pub fn column_count(&self) -> usize {
        self.0.columns.len()
    }

    pub fn is_binary(&self) -> bool {
        self.0.options.format == CopyFormat::Binary
    }

    /// Begins taking rows.
    pub fn start(&self, codec: BinaryCodec) -> CopyIn {
        CopyIn::new(Arc::clone(&self.0), codec)
    }
}

impl CopyOutPlan {
    pub fn column_count(&self) -> usize {
        self.plan.columns().len()
    }

    pub fn is_binary(&self) -> bool {
        self.options.format == CopyFormat::Binary
    }

    /// Begins writing rows; the rows themselves come from `plan`.
    pub fn start(&self, codec: BinaryCodec) -> CopyOut {
        CopyOut::new(self.plan.columns(), self.options.clone(), codec)
    }
}

pub fn plan_copy(
    source: &CopySource,
    to: bool,
    options: &[CopyOption],
    legacy: &[CopyLegacyOption],
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Action> {
    let options = read_options(options, legacy)?;
    match (source, to) {
        (CopySource::Query(_), false) => {
            Err(Error::syntax("COPY FROM takes a table, not a query", None).with_hint("INSERT ... SELECT"))
        }
        (CopySource::Query(query), true) => {
            let plan = plan_query(query, parameters, context)?;
            Ok(Action::CopyOut(CopyOutPlan { plan, options }))
        }
        (CopySource::Table { table_name, columns }, true) => {
            let query = table_query(table_name, columns, context)?;
            let plan = plan_query(&query, parameters, context)?;
            Ok(Action::CopyOut(CopyOutPlan { plan, options }))
        }
        (CopySource::Table { table_name, columns }, false) => {
            let collection = writable(table_name, context)?;
            let columns = target_columns(columns, &collection, context)?;
            let defaults = Defaults::plan(&collection, context)?;
            Ok(Action::CopyIn(CopyInPlan(Arc::new(CopyTarget { collection, columns, options, defaults }))))
        }
    }
}

fn target_columns(names: &[Ident], collection: &Collection, context: &PlanContext<'_>) -> Result<Vec<usize>> {
    if names.is_empty() {
        return Ok((0..collection.columns.len()).collect());
    }
    let mut positions = Vec::with_capacity(names.len());
    for name in names {
        match Place::of(collection, name, context)? {
            Place::Column(position) if positions.contains(&position) => {
                let message = format!("column \"{}\" specified more than once", folded(name));
                return Err(Error::new(ErrorKind::DuplicateColumn, message));
            }
            Place::Column(position) => positions.push(position),
            Place::Stage => return Err(Error::unsupported("COPY cannot set _stage", "UPDATE it afterwards.")),
        }
    }
    Ok(positions)
}

/// The query behind COPY table TO.
fn table_query(table: &ObjectName, columns: &[Ident], context: &PlanContext<'_>) -> Result<Query> {
    let name = last_part(table).unwrap_or_default();
    // A view is read as a table is; what can be written is known to be a table.
    let columns: Vec<String> = if columns.is_empty() && name != FACTS_VIEW {
        let collection = writable(table, context)?;
        if collection.kind == CollectionKind::Auth {
            return Err(Error::new(ErrorKind::InsufficientPrivilege, "secrets are not copied as a whole")
                .with_hint("COPY (SELECT ...) TO STDOUT says which ones."));
        }
        collection.columns.iter().map(|column| quote_identifier(&column.name)).collect()
    } else if columns.is_empty() {
        vec!["*".to_string()]
    } else {
        columns.iter().map(|column| quote_identifier(&folded(column))).collect()
    };
    let text = format!("SELECT {} FROM {table}", columns.join(", "));
    match parse(&text)?.statement {
        Some(Statement::Query(query)) => Ok(*query),
        _ => Err(Error::internal("COPY of a table is no query")),
    }
}

/// # Errors
/// 42601 and 22023 for options that contradict one another, 0A000 for those that are not offered.
fn read_options(options: &[CopyOption], legacy: &[CopyLegacyOption]) -> Result<CopyOptions> {
    let mut format = CopyFormat::Text;
    let (mut delimiter, mut null, mut header) = (None, None, false);
    let (mut quote, mut escape) = (None, None);
    for option in options {
        match option {
            CopyOption::Format(name) => format = read_format(&folded(name))?,
            CopyOption::Delimiter(character) => delimiter = Some(*character),
            CopyOption::Null(text) => null = Some(text.clone()),
            CopyOption::Header(on) => header = *on,
            CopyOption::Quote(character) => quote = Some(*character),
            CopyOption::Escape(character) => escape = Some(*character),
            CopyOption::Freeze(_) => {}
            CopyOption::Encoding(name) => check_encoding(name)?,
            other => return Err(Error::unsupported(format!("COPY option {other} is not offered"), "Leave it out.")),
        }
    }
    for option in legacy {
        match option {
            CopyLegacyOption::Binary => format = CopyFormat::Binary,
            CopyLegacyOption::Delimiter(character) => delimiter = Some(*character),
            CopyLegacyOption::Null(text) => null = Some(text.clone()),
            CopyLegacyOption::Header => header = true,
            CopyLegacyOption::Csv(list) => {
                format = CopyFormat::Csv;
                for each in list {
                    match each {
                        CopyLegacyCsvOption::Header => header = true,
                        CopyLegacyCsvOption::Quote(character) => quote = Some(*character),
                        CopyLegacyCsvOption::Escape(character) => escape = Some(*character),
                        other => {
                            let message = format!("COPY option {other} is not offered");
                            return Err(Error::unsupported(message, "Leave it out."));
                        }
                    }
                }
            }
            other => return Err(Error::syntax(format!("COPY option {other} is not PostgreSQL's"), None)),
        }
    }
    let is_csv = format == CopyFormat::Csv;
    if format == CopyFormat::Binary && (delimiter.is_some() || null.is_some() || header) {
        return Err(Error::syntax("cannot specify DELIMITER, NULL or HEADER in BINARY mode", None));
    }
    if !is_csv && (quote.is_some() || escape.is_some()) {
        return Err(Error::syntax("COPY QUOTE and ESCAPE require CSV mode", None));
    }
    let quote = single_byte(quote.unwrap_or('"'), "quote")?;
    let options = CopyOptions {
        format,
        delimiter: single_byte(delimiter.unwrap_or(if is_csv { ',' } else { '\t' }), "delimiter")?,
        null: null.unwrap_or_else(|| if is_csv { String::new() } else { "\\N".to_string() }),
        header,
        quote,
        escape: escape.map_or(Ok(quote), |escape| single_byte(escape, "escape"))?,
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

fn read_format(name: &str) -> Result<CopyFormat> {
    match name {
        "text" => Ok(CopyFormat::Text),
        "csv" => Ok(CopyFormat::Csv),
        "binary" => Ok(CopyFormat::Binary),
        _ => Err(Error::new(ErrorKind::InvalidParameterValue, format!("COPY format \"{name}\" not recognized"))),
    }
}

fn check_encoding(name: &str) -> Result<()> {
    match name.to_ascii_lowercase().as_str() {
        "utf8" | "utf-8" | "unicode" => Ok(()),
        _ => Err(Error::unsupported(format!("COPY in encoding \"{name}\" is not offered"), "Send UTF8.")),
    }
}

fn single_byte(character: char, what: &str) -> Result<u8> {
    u8::try_from(character).ok().filter(u8::is_ascii).ok_or_else(|| {
        Error::new(ErrorKind::InvalidParameterValue, format!("COPY {what} must be a single one-byte character"))
    })
}
