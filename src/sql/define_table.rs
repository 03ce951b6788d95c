//! CREATE TABLE: columns, their types and constraints, as a collection.

use datafusion::sql::sqlparser::ast::{
    ColumnDef, ColumnOption, CreateTable, CreateTableOptions, GeneratedAs, Ident, IndexColumn, TableConstraint,
};

use crate::db::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, CollectionKind, Column, ColumnType, DefaultValue, Index, IndexKind};
use crate::sql::context::PlanContext;
use crate::sql::define_index::{check_ordered, generated_name, plain_column};
use crate::sql::parameters::ParameterTypes;
use crate::sql::read::ReadPlan;
use crate::sql::row_compile::{Compiler, Visible};
use crate::sql::scope::folded;
use crate::sql::target::{Place, located};
use crate::sql::type_of::declared_type;

/// A table to be made.
pub struct TableRequest {
    pub name: String,
    columns: Vec<Column>,
    primary_key: Vec<usize>,
    /// Positions of each unique constraint, with its name where one is given.
    unique: Vec<(Option<String>, Vec<usize>)>,
}

/// One column of CREATE TABLE or ADD COLUMN.
pub struct PlannedColumn {
    pub column: Column,
    pub is_primary_key: bool,
    /// Present for UNIQUE, with the constraint's name where it has one.
    pub unique: Option<Option<String>>,
}

pub fn plan_table(table: &CreateTable, name: String, context: &PlanContext<'_>) -> Result<TableRequest> {
    refuse(table)?;
    let mut request = TableRequest { name, columns: Vec::new(), primary_key: Vec::new(), unique: Vec::new() };
    for definition in &table.columns {
        let planned = plan_column(definition, context)?;
        let position = request.columns.len();
        if request.columns.iter().any(|column| column.name == planned.column.name) {
            let message = format!("column \"{}\" specified more than once", planned.column.name);
            let error = Error::new(ErrorKind::DuplicateColumn, message);
            return Err(located(error, context.text, definition.name.span.start));
        }
        if planned.is_primary_key {
            request.set_primary_key(vec![position])?;
        }
        if let Some(name) = planned.unique {
            request.unique.push((name, vec![position]));
        }
        request.columns.push(planned.column);
    }
    for constraint in &table.constraints {
        match constraint {
            TableConstraint::PrimaryKey(key) => {
                let positions = request.positions(&key.columns, context)?;
                request.set_primary_key(positions)?;
            }
            TableConstraint::Unique(unique) => {
                let positions = request.positions(&unique.columns, context)?;
                request.unique.push((unique.name.as_ref().map(folded), positions));
            }
            TableConstraint::ForeignKey(_) => return Err(no_foreign_keys()),
            TableConstraint::Check(_) => return Err(no_checks()),
            _ => return Err(Error::unsupported("this constraint is not offered", "PRIMARY KEY and UNIQUE are.")),
        }
    }
    for position in request.primary_key.clone() {
        if let Some(column) = request.columns.get_mut(position) {
            column.not_null = true;
        }
    }
    for position in request.primary_key.iter().chain(request.unique.iter().flat_map(|(_, positions)| positions)) {
        if let Some(column) = request.columns.get(*position) {
            check_ordered(column)?;
        }
    }
    Ok(request)
}

/// # Errors
/// 0A000 for what a table here cannot be.
fn refuse(table: &CreateTable) -> Result<()> {
    if table.temporary {
        return Err(Error::unsupported("temporary tables are not offered", "Make a table and drop it afterwards."));
    }
    if table.inherits.is_some() || table.partition_by.is_some() || table.partition_of.is_some() {
        return Err(Error::unsupported("inheritance and partitions are not offered", "Make one table."));
    }
    if table.like.is_some() || table.clone.is_some() {
        return Err(Error::unsupported("CREATE TABLE LIKE is not offered", "Write out the columns."));
    }
    if table.external || table.or_replace {
        return Err(Error::syntax("this form of CREATE TABLE is not PostgreSQL's", None)
            .with_hint("CREATE TABLE [IF NOT EXISTS] name (columns)"));
    }
    match &table.table_options {
        CreateTableOptions::None => Ok(()),
        // Storage parameters tune PostgreSQL's heap.
        CreateTableOptions::With(_) => Ok(()),
        _ => Err(Error::syntax("these table options are not PostgreSQL's", None)),
    }
}

fn no_foreign_keys() -> Error {
    Error::unsupported(
        "foreign keys are not offered",
        "Peers write on their own, so nobody could enforce one: check references in queries.",
    )
}

fn no_checks() -> Error {
    Error::unsupported("CHECK constraints are not offered", "Check values in the application.")
}

pub fn plan_column(definition: &ColumnDef, context: &PlanContext<'_>) -> Result<PlannedColumn> {
    let name = folded(&definition.name);
    let at = |error| located(error, context.text, definition.name.span.start);
    let declared = declared_type(&definition.data_type).map_err(at)?;
    let mut planned = PlannedColumn {
        column: Column { name, ty: declared.ty, not_null: false, default: None },
        is_primary_key: false,
        unique: None,
    };
    if declared.is_serial {
        planned.column.not_null = true;
        planned.column.default = Some(DefaultValue::Sequence);
    }
    for option in &definition.options {
        match &option.option {
            ColumnOption::Null => {}
            ColumnOption::NotNull => planned.column.not_null = true,
            ColumnOption::PrimaryKey(_) => {
                planned.is_primary_key = true;
                planned.column.not_null = true;
            }
            ColumnOption::Unique(_) => planned.unique = Some(option.name.as_ref().map(folded)),
            ColumnOption::Default(expr) => {
                planned.column.default = plan_default(expr, &planned.column, context)?;
            }
            ColumnOption::Generated {
                generated_as: generated_as @ (GeneratedAs::Always | GeneratedAs::ByDefault),
                generation_expr: None,
                ..
            } => {
                let is_always = matches!(generated_as, GeneratedAs::Always);
                make_identity(&mut planned.column, is_always).map_err(at)?;
            }
            ColumnOption::Identity(_) => make_identity(&mut planned.column, false).map_err(at)?,
            ColumnOption::Collation(name) => {
                let collation = name.to_string().trim_matches('"').to_ascii_lowercase();
                if !matches!(collation.as_str(), "c" | "posix" | "default" | "ucs_basic" | "pg_catalog.default") {
                    return Err(at(Error::unsupported(
                        format!("collation {name} is not offered"),
                        "Text is ordered by its code points, as with COLLATE \"C\".",
                    )));
                }
            }
            ColumnOption::ForeignKey(_) => return Err(at(no_foreign_keys())),
            ColumnOption::Check(_) => return Err(at(no_checks())),
            ColumnOption::Generated { .. } => {
                return Err(at(Error::unsupported("computed columns are not offered", "Compute them in queries.")));
            }
            other => return Err(at(Error::unsupported(format!("\"{other}\" is not offered"), "Leave it out."))),
        }
    }
    Ok(planned)
}

/// Makes an identity column of one of whole numbers.
fn make_identity(column: &mut Column, is_always: bool) -> Result<()> {
    if !column.ty.is_integer() {
        let message = "identity column type must be smallint, integer, or bigint";
        return Err(Error::new(ErrorKind::InvalidParameterValue, message));
    }
    column.not_null = true;
    column.default = Some(if is_always { DefaultValue::Identity } else { DefaultValue::Sequence });
    Ok(())
}

/// A DEFAULT clause, checked against the column's type. NULL is none.
pub fn plan_default(
    expr: &datafusion::sql::sqlparser::ast::Expr,
    column: &Column,
    context: &PlanContext<'_>,
) -> Result<Option<DefaultValue>> {
    let text = expr.to_string();
    if text.eq_ignore_ascii_case("null") {
        return Ok(None);
    }
    let alone = Collection {
        id: CollectionId(0),
        name: String::new(),
        kind: CollectionKind::Table,
        columns: vec![column.clone()],
        primary_key: Vec::new(),
        indexes: Vec::new(),
    };
    let mut parameters = ParameterTypes::default();
    let mut compiler = Compiler::new(&alone, "", Visible::Nothing, &mut parameters, context);
    compiler.assign(expr, Place::Column(0)).map_err(|error| match error.kind() {
        ErrorKind::UndefinedColumn => {
            Error::unsupported("a default cannot name columns", "Use a constant or a function.")
        }
        _ => error,
    })?;
    compiler.finish()?;
    Ok(Some(DefaultValue::Expression(text)))
}

impl TableRequest {
    fn set_primary_key(&mut self, positions: Vec<usize>) -> Result<()> {
        if !self.primary_key.is_empty() {
            return Err(Error::syntax(
                format!("multiple primary keys for table \"{}\" are not allowed", self.name),
                None,
            ));
        }
        self.primary_key = positions;
        Ok(())
    }

    fn positions(&self, columns: &[IndexColumn], context: &PlanContext<'_>) -> Result<Vec<usize>> {
        let mut positions = Vec::with_capacity(columns.len());
        for column in columns {
            let ident: &Ident = plain_column(column)?;
            let name = folded(ident);
            let Some(position) = self.columns.iter().position(|known| known.name == name) else {
                let message = format!("column \"{name}\" named in key does not exist");
                let error = Error::new(ErrorKind::UndefinedColumn, message);
                return Err(located(error, context.text, ident.span.start));
            };
            if positions.contains(&position) {
                let message = format!("column \"{name}\" appears twice in a key");
                return Err(Error::new(ErrorKind::DuplicateColumn, message));
            }
            positions.push(position);
        }
        Ok(positions)
    }

    /// The collection, with numbers of its own.
    pub fn collection(&self, transaction: &Transaction) -> Collection {
        let mut collection = Collection {
            id: transaction.new_id(),
            name: self.name.clone(),
            kind: CollectionKind::Table,
            columns: self.columns.clone(),
            primary_key: self.primary_key.clone(),
            indexes: Vec::new(),
        };
        for (name, positions) in &self.unique {
            let names: Vec<&str> =
                positions.iter().filter_map(|at| self.columns.get(*at)).map(|column| column.name.as_str()).collect();
            let name = name.clone().unwrap_or_else(|| {
                generated_name(&self.name, &names, "key", &|name| {
                    name == self.name
                        || transaction.catalog().is_taken(name)
                        || collection.indexes.iter().any(|index| index.name == name)
                })
            });
            let kind = IndexKind::Ordered { columns: positions.clone(), unique: true };
            collection.indexes.push(Index { id: transaction.new_id(), name, kind });
        }
        collection
    }
}

/// The columns of a table made of a query's result.
pub fn table_of_query(plan: &ReadPlan) -> Result<Vec<Column>> {
    let mut columns: Vec<Column> = Vec::new();
    for output in plan.columns().iter() {
        if columns.iter().any(|column| column.name == output.name) {
            return Err(Error::new(
                ErrorKind::DuplicateColumn,
                format!("column \"{}\" specified more than once", output.name),
            ));
        }
        let ty = match &output.ty {
            ColumnType::Unknown | ColumnType::Reg(_) | ColumnType::CatalogChar | ColumnType::Name => ColumnType::Text,
            ColumnType::Oid => ColumnType::Int8,
            other => other.clone(),
        };
        columns.push(Column { name: output.name.clone(), ty, not_null: false, default: None });
    }
    Ok(columns)
}
