//! CREATE TABLE: columns, their types and constraints, as a collection.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, ColumnDef, ColumnOption, CreateTable, Expr, GeneratedAs, Ident, IndexColumn, TableConstraint,
    UnaryOperator, UniqueConstraint,
};

use crate::db::{Cancel, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::model::{
    Collection, CollectionId, CollectionKind, Column, ColumnDomain, Computation, DefaultValue, Index, IndexKind,
    IndexOrigin, OnCommit, RelationName, RelationRef,
};
use crate::sql::analyze::declared_type::declared_type;
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::check::CheckRequest;
use crate::sql::define::computed::{computation, expression_of};
use crate::sql::define::drawn_default::{drawn_default, of_default, qualify_sequences};
use crate::sql::define::foreign_key::ForeignKeyRequest;
use crate::sql::define::identity::{check_clauses, make_identity};
use crate::sql::define::index::{check_ordered, generated_name, plain_column};
use crate::sql::define::index_keys::unique_kind;
use crate::sql::define::like::Likeness;
use crate::sql::define::one_row::check_of_one_row;
use crate::sql::parse::identity_text::sequence_name;
use crate::sql::parse::names::folded;
use crate::sql::parse::table_text::{LikeClause, table_text};
use crate::sql::parse::unread;
use crate::sql::read::read_plan::ReadPlan;
use crate::sql::write::kept_expression::kept_default;
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::write_target::{WritePlace, located};
use crate::types::ColumnType;

/// A table to be made.
pub struct TableRequest {
    pub name: RelationName,
    on_commit: OnCommit,
    columns: Vec<Column>,
    primary_key: Vec<usize>,
    /// Positions of each unique constraint, with its name where one is given.
    unique: Vec<PlannedUnique>,
    /// Other indexes, of another table that it is made like.
    indexes: Vec<IndexKind>,
    checks: Vec<CheckRequest>,
    pub foreign_keys: Vec<ForeignKeyRequest>,
}

/// A UNIQUE constraint.
struct PlannedUnique {
    name: Option<String>,
    positions: Vec<usize>,
    kind: IndexKind,
}

/// One column of CREATE TABLE or ADD COLUMN.
pub struct PlannedColumn {
    pub column: Column,
    pub is_primary_key: bool,
    /// Present for UNIQUE, with the constraint's name where it has one.
    pub unique: Option<(Option<String>, UniqueConstraint)>,
}

/// Makes a column generated whose expression is not read yet.
fn mark_computed(table: &mut Collection, position: usize) {
    if let Some(column) = table.columns.get_mut(position) {
        let nothing = Computation { text: String::new(), columns: Vec::new(), is_virtual: false };
        column.default = Some(DefaultValue::Computed(Box::new(nothing)));
    }
}

/// The constraints behind a column, which are read once all columns are known.
///
/// # Errors
/// As [`CheckRequest::plan`] and [`ForeignKeyRequest::plan`].
pub fn column_constraints(
    definition: &ColumnDef,
    table: &Collection,
    context: &PlanContext<'_>,
) -> Result<(Vec<CheckRequest>, Vec<ForeignKeyRequest>)> {
    let column = folded(&definition.name);
    let (mut checks, mut foreign_keys) = (Vec::new(), Vec::new());
    for option in &definition.options {
        let place = (option.name.as_ref(), Some(column.as_str()));
        match &option.option {
            ColumnOption::Check(check) => checks.push(CheckRequest::plan(check, place.0, true, table, context)?),
            ColumnOption::ForeignKey(key) => {
                foreign_keys.push(ForeignKeyRequest::plan(key, place, true, table, context)?)
            }
            _ => {}
        }
    }
    Ok((checks, foreign_keys))
}

/// Plans CREATE TABLE with its columns and constraints.
///
/// # Errors
/// 42701 for a column that is named twice, 42703 for one that a key names and that is not there, 42601 for a second primary
/// key, 42704 for a key of a type without an order, 0A000 for EXCLUDE and the like; as [`plan_column`], [`CheckRequest::plan`] and
/// [`ForeignKeyRequest::plan`].
pub fn plan_table(
    table: &CreateTable,
    (name, on_commit): (RelationName, OnCommit),
    context: &PlanContext<'_>,
) -> Result<TableRequest> {
    let mut request = TableRequest {
        name,
        on_commit,
        columns: Vec::new(),
        primary_key: Vec::new(),
        unique: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
    };
    let likes = table_text(context.text).likes;
    for (place, definition) in table.columns.iter().enumerate() {
        request.add_like(&likes.iter().filter(|like| like.place == place).collect::<Vec<_>>(), context)?;
        let planned = plan_column(definition, &request.name.name, context)?;
        let position = request.columns.len();
        if request.columns.iter().any(|column| column.name == planned.column.name) {
            let message = format!("column \"{}\" specified more than once", planned.column.name);
            let error = Error::new(ErrorKind::DuplicateColumn, message);
            return Err(located(error, context.text, definition.name.span.start));
        }
        if planned.is_primary_key {
            request.set_primary_key(vec![position])?;
        }
        if let Some((name, unique)) = planned.unique {
            let kind = unique_kind(&unique, vec![position]);
            request.unique.push(PlannedUnique { name, positions: vec![position], kind });
        }
        request.columns.push(planned.column);
    }
    let rest: Vec<&LikeClause> = likes.iter().filter(|like| like.place >= table.columns.len()).collect();
    request.add_like(&rest, context)?;
    for constraint in &table.constraints {
        match constraint {
            TableConstraint::PrimaryKey(key) => {
                unread::primary_key(key)?;
                let positions = request.positions(&key.columns, context)?;
                request.set_primary_key(positions)?;
            }
            TableConstraint::Unique(unique) => {
                unread::unique(unique)?;
                let positions = request.positions(&unique.columns, context)?;
                let kind = unique_kind(unique, positions.clone());
                request.unique.push(PlannedUnique { name: unique.name.as_ref().map(folded), positions, kind });
            }
            // They are read once all columns are known.
            TableConstraint::ForeignKey(_) | TableConstraint::Check(_) => {}
            _ => {
                return Err(Error::unsupported(
                    "this constraint is not offered",
                    "PRIMARY KEY, UNIQUE, CHECK and FOREIGN KEY are.",
                ));
            }
        }
    }
    request.plan_constraints(table, context)?;
    for position in request.primary_key.clone() {
        if let Some(column) = request.columns.get_mut(position) {
            column.not_null = true;
        }
    }
    for position in request.primary_key.iter().chain(request.unique.iter().flat_map(|unique| &unique.positions)) {
        if let Some(column) = request.columns.get(*position) {
            check_ordered(column)?;
        }
    }
    Ok(request)
}

/// One column of `table`.
///
/// # Errors
/// 0A000 for what a column here cannot be, 42601 for clauses that contradict each other.
pub fn plan_column(definition: &ColumnDef, table: &str, context: &PlanContext<'_>) -> Result<PlannedColumn> {
    let name = folded(&definition.name);
    let at = |error| located(error, context.text, definition.name.span.start);
    let declared = declared_type(&definition.data_type, context).map_err(at)?;
    let mut planned = PlannedColumn { column: Column::new(name, declared.ty), is_primary_key: false, unique: None };
    planned.column.domain = declared.domain.map(|ty| ColumnDomain { id: ty.id, ty: Some(ty) });
    if declared.is_serial {
        planned.column.not_null = true;
        planned.column.default = Some(DefaultValue::Sequence);
    }
    let options: Vec<&ColumnOption> = definition.options.iter().map(|option| &option.option).collect();
    check_clauses(table, &planned.column, declared.is_serial, &options).map_err(at)?;
    for option in &definition.options {
        match &option.option {
            ColumnOption::Null => {}
            ColumnOption::NotNull => planned.column.not_null = true,
            ColumnOption::PrimaryKey(key) => {
                unread::primary_key(key).map_err(at)?;
                planned.is_primary_key = true;
                planned.column.not_null = true;
            }
            ColumnOption::Unique(unique) => {
                unread::unique(unique).map_err(at)?;
                planned.unique = Some((option.name.as_ref().map(folded), unique.clone()));
            }
            ColumnOption::Default(expr) => {
                planned.column.default = plan_default(expr, &planned.column, context)?;
            }
            ColumnOption::Generated {
                generated_as: generated_as @ (GeneratedAs::Always | GeneratedAs::ByDefault),
                sequence_options,
                generation_expr: None,
                generation_expr_mode: None,
                generated_keyword: true,
            } => {
                let is_always = matches!(generated_as, GeneratedAs::Always);
                let options = sequence_options.as_deref().unwrap_or_default();
                make_identity(&mut planned.column, is_always, options).map_err(at)?;
                planned.column.sequence = sequence_name(context.text, definition.name.span.start);
            }
            ColumnOption::Collation(name) => {
                let collation = name.to_string().trim_matches('"').to_ascii_lowercase();
                if !matches!(collation.as_str(), "c" | "posix" | "default" | "ucs_basic" | "pg_catalog.default") {
                    return Err(at(Error::unsupported(
                        format!("collation {name} is not offered"),
                        "Text is ordered by its code points, as with COLLATE \"C\".",
                    )));
                }
            }
            // `column_constraints` reads them.
            ColumnOption::ForeignKey(_) | ColumnOption::Check(_) => {}
            // `computation` reads it once all columns are known.
            ColumnOption::Generated { generation_expr: Some(_), generated_keyword: true, .. } => {}
            ColumnOption::Generated { .. } => {
                return Err(at(Error::syntax("this form of a generated column is not PostgreSQL's", None)
                    .with_hint("name type GENERATED ALWAYS AS (expression) [STORED | VIRTUAL]")));
            }
            other => return Err(at(Error::unsupported(format!("\"{other}\" is not offered"), "Leave it out."))),
        }
    }
    Ok(planned)
}

/// A DEFAULT clause, checked against the column's type. NULL is none.
///
/// # Errors
/// 0A000 for one that names columns or holds a subquery, 42803 for an aggregate or a window, 42601 for what needs parentheses;
/// as [`Compiler::assign`] and [`Compiler::finish`].
pub fn plan_default(expr: &Expr, column: &Column, context: &PlanContext<'_>) -> Result<Option<DefaultValue>> {
    let text = expr.to_string();
    if text.eq_ignore_ascii_case("null") {
        return Ok(None);
    }
    check_default(expr)?;
    if let Some(drawn) = drawn_default(expr, column, context)? {
        return Ok(Some(drawn));
    }
    let alone = Collection::new(CollectionId(0), "", CollectionKind::Table, vec![column.clone()]);
    let mut parameters = ParameterTypes::default();
    let mut compiler = Compiler::new(&alone, "", Visible::Nothing, &mut parameters, context);
    compiler.assign(expr, WritePlace::Column(0)).map_err(|error| match error.kind() {
        ErrorKind::UndefinedColumn => {
            Error::unsupported("a default cannot name columns", "Use a constant or a function.")
        }
        ErrorKind::DatatypeMismatch => of_default(&error),
        _ => error,
    })?;
    compiler.finish().map_err(|error| match error.kind() {
        ErrorKind::DatatypeMismatch => of_default(&error),
        _ => error,
    })?;
    let mut kept = kept_default(expr, &column.ty, context)?;
    qualify_sequences(&mut kept, context);
    Ok(Some(DefaultValue::Expression(kept.to_string())))
}

/// # Errors
/// 42803 for an aggregate, 0A000 for a subquery, 42601 for what PostgreSQL takes there in parentheses alone.
fn check_default(expr: &Expr) -> Result<()> {
    let needs_parentheses = match expr {
        Expr::BinaryOp { op, .. } => matches!(op, BinaryOperator::And | BinaryOperator::Or),
        Expr::UnaryOp { op, .. } => *op == UnaryOperator::Not,
        Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. }
        | Expr::SimilarTo { .. }
        | Expr::AtTimeZone { .. }
        | Expr::IsNull(_)
        | Expr::IsNotNull(_) => true,
        _ => false,
    };
    if needs_parentheses {
        return Err(Error::syntax(format!("the default {expr} needs parentheses around it"), None));
    }
    check_of_one_row(expr, "DEFAULT expression", "Use a constant or a function.")
}

impl TableRequest {
    /// Adds what LIKE clauses bring along.
    fn add_like(&mut self, likes: &[&LikeClause], context: &PlanContext<'_>) -> Result<()> {
        for like in likes {
            let Likeness { columns, primary_key, unique, indexes } = Likeness::of(like, context)?;
            let first = self.columns.len();
            for column in columns {
                if self.columns.iter().any(|known| known.name == column.name) {
                    let message = format!("column \"{}\" specified more than once", column.name);
                    return Err(Error::new(ErrorKind::DuplicateColumn, message));
                }
                self.columns.push(column);
            }
            let behind = |positions: Vec<usize>| positions.into_iter().map(|at| first + at).collect::<Vec<_>>();
            if !primary_key.is_empty() {
                self.set_primary_key(behind(primary_key))?;
            }
            self.unique.extend(unique.into_iter().map(|positions| {
                let positions = behind(positions);
                let kind = IndexKind::Ordered { columns: positions.clone(), unique: true };
                PlannedUnique { name: None, positions, kind }
            }));
            self.indexes.extend(indexes.into_iter().map(|kind| match kind {
                IndexKind::Ordered { columns, unique } => IndexKind::Ordered { columns: behind(columns), unique },
                IndexKind::Nearest { column, operator_class, m, ef_construction, lists } => {
                    IndexKind::Nearest { column: first + column, operator_class, m, ef_construction, lists }
                }
                other @ (IndexKind::Fact { .. } | IndexKind::Keys(_)) => other,
            }));
        }
        Ok(())
    }

    fn set_primary_key(&mut self, positions: Vec<usize>) -> Result<()> {
        if !self.primary_key.is_empty() {
            let message = format!("multiple primary keys for table \"{}\" are not allowed", self.name);
            return Err(Error::new(ErrorKind::InvalidTableDefinition, message));
        }
        self.primary_key = positions;
        Ok(())
    }

    /// Reads what the columns and the table are bound by.
    fn plan_constraints(&mut self, table: &CreateTable, context: &PlanContext<'_>) -> Result<()> {
        let mut whole =
            Collection::new(CollectionId(0), self.name.name.as_str(), CollectionKind::Table, self.columns.clone());
        whole.schema = self.name.schema;
        for (position, definition) in table.columns.iter().enumerate() {
            // One that is not read yet is known for what it is.
            if expression_of(definition)?.is_some() {
                mark_computed(&mut whole, position);
            }
        }
        for (position, definition) in table.columns.iter().enumerate() {
            if let Some(computed) = computation(definition, position, &whole, context)?
                && let Some(column) = self.columns.get_mut(position)
            {
                column.default = Some(DefaultValue::Computed(Box::new(computed)));
            }
        }
        for definition in &table.columns {
            let (checks, foreign_keys) = column_constraints(definition, &whole, context)?;
            self.checks.extend(checks);
            self.foreign_keys.extend(foreign_keys);
        }
        for constraint in &table.constraints {
            match constraint {
                TableConstraint::Check(check) => {
                    self.checks.push(CheckRequest::plan(check, None, true, &whole, context)?);
                }
                TableConstraint::ForeignKey(key) => {
                    self.foreign_keys.push(ForeignKeyRequest::plan(key, (None, None), true, &whole, context)?);
                }
                _ => {}
            }
        }
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

    /// Makes the table, with numbers of its own.
    ///
    /// # Errors
    /// As [`Transaction::create_collection`], [`CheckRequest::add`] and [`ForeignKeyRequest::add`].
    pub fn create(&self, transaction: &mut Transaction, cancel: &Cancel) -> Result<()> {
        transaction.create_collection(self.collection(transaction))?;
        self.checks.iter().try_for_each(|check| check.add(&self.name, transaction, cancel))?;
        self.foreign_keys.iter().try_for_each(|key| key.add(&self.name, transaction, cancel))
    }

    /// Whether a name is the table's, or taken in its schema.
    fn takes(&self, name: &str, transaction: &Transaction) -> bool {
        name == self.name.name || transaction.catalog().is_taken(RelationRef { schema: self.name.schema, name })
    }

    fn collection(&self, transaction: &Transaction) -> Collection {
        let (id, columns) = (transaction.new_id(), self.columns.clone());
        let mut collection = Collection {
            primary_key: self.primary_key.clone(),
            schema: self.name.schema,
            on_commit: self.on_commit,
            ..Collection::new(id, self.name.name.as_str(), CollectionKind::Table, columns)
        };
        for PlannedUnique { name, positions, kind } in &self.unique {
            let names: Vec<&str> =
                positions.iter().filter_map(|at| self.columns.get(*at)).map(|column| column.name.as_str()).collect();
            let name = name.clone().unwrap_or_else(|| {
                generated_name(&self.name.name, &names, "key", &|name| {
                    self.takes(name, transaction) || collection.indexes.iter().any(|index| index.name == name)
                })
            });
            let (id, origin) = (transaction.new_id(), IndexOrigin::Constraint);
            collection.indexes.push(Index::new(id, name, kind.clone(), origin));
        }
        for kind in &self.indexes {
            let keys = kind.key_positions().into_iter();
            let names: Vec<&str> = keys
                .map(|at| at.and_then(|at| self.columns.get(at)).map_or("expr", |column| column.name.as_str()))
                .collect();
            let name = generated_name(&self.name.name, &names, "idx", &|name| {
                self.takes(name, transaction) || collection.indexes.iter().any(|index| index.name == name)
            });
            let (id, origin) = (transaction.new_id(), IndexOrigin::Statement);
            collection.indexes.push(Index::new(id, name, kind.clone(), origin));
        }
        collection
    }
}

/// The columns of a table made of a query's result.
///
/// # Errors
/// 42701 for two columns of one name, 42601 for more names than columns.
pub fn table_of_query(plan: &ReadPlan, names: &[String]) -> Result<Vec<Column>> {
    let mut columns: Vec<Column> = Vec::new();
    let outputs = plan.columns();
    if names.len() > outputs.len() {
        return Err(Error::syntax("too many column names were specified", None));
    }
    for (place, output) in outputs.iter().enumerate() {
        let name = names.get(place).unwrap_or(&output.name);
        if columns.iter().any(|column| column.name == *name) {
            let message = format!("column \"{name}\" specified more than once");
            return Err(Error::new(ErrorKind::DuplicateColumn, message));
        }
        let ty = match &output.ty {
            ColumnType::Unknown | ColumnType::Reg(_) | ColumnType::CatalogChar | ColumnType::Name => ColumnType::Text,
            ColumnType::Oid => ColumnType::Int8,
            other => other.clone(),
        };
        columns.push(Column::new(name.clone(), ty));
    }
    Ok(columns)
}
