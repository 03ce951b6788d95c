//! COPY, planned: which columns, in which format (`options`). `copy_in` takes rows, `copy_out` gives them, `text_format`
//! and `binary_format` are the formats.

use std::sync::Arc;

use bytes::BytesMut;
use datafusion::sql::sqlparser::ast::{CopySource, Ident, ObjectName, Query, Spanned, Statement};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::model::{Collection, CollectionKind};
use crate::sql::arrow::context::PlanContext;
use crate::sql::copy::copy_in::CopyIn;
use crate::sql::copy::copy_out::CopyOut;
use crate::sql::copy::options::{CopyFormat, CopyOptions};
use crate::sql::copy::syntax::read_options;
use crate::sql::parse::names::{folded, last_part};
use crate::sql::parse::parse::parse;
use crate::sql::pg_catalog::check_schema;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::relational::collection_table::FACTS_VIEW;
use crate::sql::write::insert::Defaults;
use crate::sql::write::write_target::{WritePlace, located, writable_table};
use crate::types::{ColumnType, Value, quote_identifier};

/// The binary forms of values, which belong to the wire.
#[derive(Clone, Copy)]
pub struct BinaryCodec {
    pub decode: fn(&ColumnType, &[u8]) -> Result<Value>,
    /// Appends the value without its length; never asked for NULL.
    pub encode: fn(&Value, &ColumnType, &mut BytesMut) -> Result<()>,
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
    fn new(plan: ReadPlan, mut options: CopyOptions, table: Option<&Collection>) -> Result<CopyOutPlan> {
        let columns = plan.columns();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        options.find_columns(&names, table)?;
        Ok(CopyOutPlan { plan, options })
    }

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

/// A planned COPY, in its direction.
pub enum CopyPlan {
    In(CopyInPlan),
    Out(CopyOutPlan),
}

/// Plans a COPY, to the client where `to` says so.
///
/// # Errors
/// 42601 and 22023 for its options, 42P01 and 42703 for what is not there, and those of planning its query.
pub fn plan_copy(
    source: &CopySource,
    to: bool,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<CopyPlan> {
    let mut options = read_options(context.text, to)?;
    match (source, to) {
        (CopySource::Query(_), false) => {
            Err(Error::syntax("COPY FROM takes a table, not a query", None).with_hint("INSERT ... SELECT"))
        }
        (CopySource::Query(query), true) => {
            let plan = plan_query(query, parameters, context)?;
            Ok(CopyPlan::Out(CopyOutPlan::new(plan, options, None)?))
        }
        (CopySource::Table { table_name, columns }, true) => {
            let query = table_query(table_name, columns, context)?;
            let plan = plan_query(&query, parameters, context)?;
            let table = last_part(table_name).and_then(|name| context.view.catalog().collection(&name));
            Ok(CopyPlan::Out(CopyOutPlan::new(plan, options, table.map(Arc::as_ref))?))
        }
        (CopySource::Table { table_name, columns }, false) => {
            let collection = writable_table(table_name, context)?;
            let columns = target_columns(columns, &collection, context)?;
            let names: Vec<&str> =
                columns.iter().map(|position| WritePlace::Column(*position).name(&collection)).collect();
            options.find_columns(&names, Some(&collection))?;
            let defaults = Defaults::plan(&collection, context)?;
            Ok(CopyPlan::In(CopyInPlan(Arc::new(CopyTarget { collection, columns, options, defaults }))))
        }
    }
}

fn target_columns(names: &[Ident], collection: &Collection, context: &PlanContext<'_>) -> Result<Vec<usize>> {
    if names.is_empty() {
        return Ok((0..collection.columns.len()).collect());
    }
    let mut positions = Vec::with_capacity(names.len());
    for name in names {
        match WritePlace::of(collection, name, context)? {
            WritePlace::Column(position) if positions.contains(&position) => {
                let message = format!("column \"{}\" specified more than once", folded(name));
                return Err(Error::new(ErrorKind::DuplicateColumn, message));
            }
            WritePlace::Column(position) => positions.push(position),
            WritePlace::Stage => return Err(Error::unsupported("COPY cannot set _stage", "UPDATE it afterwards.")),
        }
    }
    Ok(positions)
}

/// The query behind COPY table TO.
fn table_query(table: &ObjectName, columns: &[Ident], context: &PlanContext<'_>) -> Result<Query> {
    let name = last_part(table).unwrap_or_default();
    check_schema(table).map_err(|error| located(error, context.text, table.span().start))?;
    // A view is read as a table is; what can be written is known to be a table.
    let columns: Vec<String> = if columns.is_empty() && name != FACTS_VIEW {
        let collection = writable_table(table, context)?;
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
