//! CREATE VIEW and what is said of views afterwards.

use datafusion::sql::sqlparser::ast::{
    AlterTable, AlterTableOperation, CreateTableOptions, CreateView, Expr, Query, RenameTableNameKind, SetExpr,
    Spanned, SqlOption,
};

use crate::db::Transaction;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::expr::ParameterTypes;
use crate::model::{CheckOption, CollectionKind, RelationName, SchemaId, View, ViewColumn, ViewUse};
use crate::sql::analyze::analyzer::analyze_view;
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::definition::DataDefinition;
use crate::sql::parse::names::{folded, relation_name};
use crate::sql::parse::view_text::{byte_of, is_alter_view, is_set_schema, view_text};
use crate::sql::pg_catalog::{find_stored, plain_view, view_query};
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::write::write_target::{located, new_name, plain_name, target_schema};
use crate::types::ColumnType;

/// A view to be made.
pub struct ViewRequest {
    name: RelationName,
    /// It reads temporary relations, though it is not declared so.
    becomes_temporary: bool,
    or_replace: bool,
    columns: Vec<ViewColumn>,
    query: String,
    uses: Vec<ViewUse>,
    check: Option<CheckOption>,
    security_invoker: bool,
}

/// A change of a view.
pub enum ViewChange {
    Rename { view: RelationName, to: String },
    RenameColumn { view: RelationName, from: String, to: String },
    SetCheck { view: RelationName, check: Option<CheckOption> },
}

/// The query of a view that is made, as it is kept.
pub struct KeptQuery {
    /// `*` written out, and what a session's path and settings decide about.
    pub text: String,
    pub uses: Vec<ViewUse>,
    pub plan: ReadPlan,
    pub reads_temporary: bool,
    /// WITH NO DATA.
    pub is_empty: bool,
    /// The types of its columns, where the walk finds them.
    types: Vec<Option<ColumnType>>,
    check: Option<CheckOption>,
}

impl KeptQuery {
    /// The query of a statement, planned as well.
    ///
    /// # Errors
    /// 42P02 for a parameter, 42601 for SELECT INTO, 0A000 for what is not offered; as [`analyze_view`] and [`plan_query`].
    pub fn of(create: &CreateView, parameters: &mut ParameterTypes, context: &PlanContext<'_>) -> Result<KeptQuery> {
        if parameters.count() > 0 {
            return Err(Error::new(ErrorKind::UndefinedParameter, "there is no parameter $1"));
        }
        if matches!(create.query.body.as_ref(), SetExpr::Select(select) if select.into.is_some()) {
            return Err(Error::syntax("views must not contain SELECT INTO", None));
        }
        let Some(text) = view_text(context.text) else {
            return Err(Error::internal("CREATE VIEW has no query"));
        };
        let (analysis, notes) = analyze_view(&create.query, parameters, context)?;
        check_read(&notes.uses(), &create.query, context)?;
        let plan = plan_query(&create.query, parameters, context)?;
        let mut query = context.text.get(text.query.clone()).unwrap_or_default().to_string();
        for (start, end, words) in notes.replacements() {
            let place = |location| byte_of(context.text, location).and_then(|byte| byte.checked_sub(text.query.start));
            let (Some(start), Some(end)) = (place(start), place(end)) else {
                return Err(Error::internal("a part of the query is not in its text"));
            };
            // In front of a name there is nothing that would give way to its schema.
            if query.get(start..end).is_none_or(|part| !(part.is_empty() || part.ends_with(['*', '\'', '$']))) {
                return Err(Error::internal("a * or a literal of the query stands elsewhere in its text"));
            }
            query.replace_range(start..end, &words);
        }
        Ok(KeptQuery {
            text: query,
            reads_temporary: reads_temporary(&notes.uses(), context),
            uses: notes.uses(),
            plan,
            is_empty: text.is_empty,
            types: analysis.columns.into_iter().map(|column| column.ty).collect(),
            check: text.check,
        })
    }
}

/// Plans CREATE VIEW. Its query is planned as well, so that what is wrong with it is told now.
///
/// # Errors
/// 42701 for two columns of one name, 42601 for more names than columns and for clauses that are not PostgreSQL's, 42P02 for a
/// parameter, 0A000 for what is not offered; as [`analyze_view`] and [`plan_query`].
pub fn plan_create_view(
    create: &CreateView,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<ViewRequest> {
    check_form(create)?;
    let mut name = new_name(&create.name, create.temporary, context)?;
    let kept = KeptQuery::of(create, parameters, context)?;
    let becomes_temporary = !name.schema.is_temporary() && kept.reads_temporary;
    if becomes_temporary {
        name = new_name(&create.name, true, context)?;
    }
    let KeptQuery { text: query, uses, plan, types, check: checked, .. } = kept;
    let mut columns: Vec<ViewColumn> = Vec::with_capacity(types.len());
    let outputs = plan.columns();
    if create.columns.len() > outputs.len() {
        return Err(Error::syntax("CREATE VIEW specifies more column names than columns", None));
    }
    for (place, output) in outputs.iter().enumerate() {
        let given = create.columns.get(place).map(|column| folded(&column.name));
        let name = given.unwrap_or_else(|| output.name.clone());
        if columns.iter().any(|column| column.name == name) {
            let message = format!("column \"{name}\" specified more than once");
            return Err(Error::new(ErrorKind::DuplicateColumn, message));
        }
        // What the walk finds, it finds again whenever the view is read.
        let found = types.get(place).cloned().flatten();
        columns.push(ViewColumn { name, ty: found.unwrap_or_else(|| output.ty.clone()) });
    }
    let (check, security_invoker) = options(create)?;
    let check = check.or(checked);
    if check.is_some()
        && let Err(reason) = plain_view(&create.query)
    {
        let message = "WITH CHECK OPTION is supported only on automatically updatable views";
        return Err(Error::new(ErrorKind::Unsupported, message).with_hint(reason));
    }
    Ok(ViewRequest {
        name,
        becomes_temporary,
        or_replace: create.or_replace,
        columns,
        query,
        uses,
        check,
        security_invoker,
    })
}

/// Statements on secrets are known by the name of their collection, and kept out of logs by that; and a query in KNIRVQL does not say
/// which collections it reads.
fn check_read(uses: &[ViewUse], query: &Query, context: &PlanContext<'_>) -> Result<()> {
    let catalog = context.view.catalog();
    let read = uses.iter().filter_map(|used| catalog.collection_by_id(used.relation));
    if read.into_iter().any(|collection| collection.kind == CollectionKind::Auth) {
        return Err(Error::unsupported(
            "a view cannot read secrets",
            "SELECT from auth itself: statements that name it are shown to nobody.",
        ));
    }
    if query.to_string().to_lowercase().contains("knirvql(") {
        return Err(Error::unsupported("knirvql() is not offered in a view", "Write the query in SQL."));
    }
    Ok(())
}

fn reads_temporary(uses: &[ViewUse], context: &PlanContext<'_>) -> bool {
    let catalog = context.view.catalog();
    let schema = |used: &ViewUse| match catalog.collection_by_id(used.relation) {
        Some(collection) => Some(collection.schema),
        None => catalog.view_by_id(used.relation).map(|view| view.schema),
    };
    uses.iter().filter_map(schema).any(SchemaId::is_temporary)
}

/// # Errors
/// 42601.
fn check_form(create: &CreateView) -> Result<()> {
    const FORM: &str = "CREATE [OR REPLACE] VIEW name [(columns)] [WITH (options)] AS query";
    check_no_foreign_clauses(create, FORM)?;
    match create.if_not_exists {
        true => Err(Error::syntax("this form of CREATE VIEW is not PostgreSQL's", None).with_hint(FORM)),
        false => Ok(()),
    }
}

/// Clauses of other databases are no PostgreSQL.
///
/// # Errors
/// 42601, with the form that is.
pub fn check_no_foreign_clauses(create: &CreateView, form: &str) -> Result<()> {
    let CreateView {
        or_replace: _,
        name: _,
        columns,
        query: _,
        options: _,
        or_alter,
        materialized: _,
        secure,
        name_before_not_exists,
        cluster_by,
        comment,
        with_no_schema_binding,
        if_not_exists: _,
        temporary: _,
        copy_grants,
        to,
        params,
    } = create;
    let foreign = [*or_alter, *secure, *name_before_not_exists, *with_no_schema_binding, *copy_grants];
    let has_types = columns.iter().any(|column| column.data_type.is_some() || column.options.is_some());
    let others = !cluster_by.is_empty() || comment.is_some() || to.is_some() || params.is_some() || has_types;
    if foreign.contains(&true) || others {
        return Err(Error::syntax("this form of CREATE VIEW is not PostgreSQL's", None).with_hint(form));
    }
    Ok(())
}

/// The options behind WITH.
fn options(create: &CreateView) -> Result<(Option<CheckOption>, bool)> {
    let list = match &create.options {
        CreateTableOptions::None => return Ok((None, false)),
        CreateTableOptions::With(list) => list,
        _ => return Err(Error::syntax("options of a view stand behind WITH", None)),
    };
    let (mut check, mut is_invoker) = (None, false);
    for option in list {
        let (name, value) = match option {
            SqlOption::KeyValue { key, value } => (folded(key), option_text(value)),
            SqlOption::Ident(name) => (folded(name), "true".to_string()),
            _ => return Err(Error::syntax("this option of a view is not PostgreSQL's", None)),
        };
        match (name.as_str(), value.as_str()) {
            ("check_option", "local") => check = Some(CheckOption::Local),
            ("check_option", "cascaded") => check = Some(CheckOption::Cascaded),
            ("check_option", _) => {
                let message = "invalid value for enum option \"check_option\": ".to_string() + &value;
                let error = Error::new(ErrorKind::InvalidParameterValue, message);
                return Err(error.with_detail("Valid values are \"local\" and \"cascaded\"."));
            }
            ("security_invoker", "true" | "on" | "1" | "yes") => is_invoker = true,
            ("security_invoker", "false" | "off" | "0" | "no") => is_invoker = false,
            ("security_barrier", "false" | "off" | "0" | "no") => {}
            ("security_invoker" | "security_barrier", _) => {
                return Err(Error::unsupported(
                    format!("the option {name} = {value} is not offered"),
                    "A view is no barrier: what it leaves out may show in errors of functions in a condition.",
                ));
            }
            _ => {
                let message = format!("unrecognized parameter \"{name}\"");
                return Err(Error::new(ErrorKind::InvalidParameterValue, message));
            }
        }
    }
    Ok((check, is_invoker))
}

fn option_text(value: &Expr) -> String {
    value.to_string().trim_matches('\'').to_ascii_lowercase()
}

impl ViewRequest {
    pub fn name(&self) -> &RelationName {
        &self.name
    }

    /// Makes the view, or gives the one that is there another query.
    ///
    /// # Errors
    /// 42P07; 42809 for a name of what is no view; 42P16 for a query that does not show the columns of before; as
    /// [`Transaction::put_view`].
    pub fn create(&self, transaction: &mut Transaction) -> Result<()> {
        if self.becomes_temporary {
            transaction.notices.push(Notice::new(format!("view \"{}\" will be a temporary view", self.name)));
        }
        let catalog = transaction.catalog();
        let known = catalog.view(&self.name).filter(|_| self.or_replace).cloned();
        if known.is_none() && catalog.is_taken(&self.name) {
            let (kind, message) = match self.or_replace {
                true => (ErrorKind::WrongObjectType, format!("\"{}\" is not a view", self.name)),
                false => (ErrorKind::DuplicateTable, format!("relation \"{}\" already exists", self.name)),
            };
            return Err(Error::new(kind, message));
        }
        if let Some(known) = &known {
            self.check_columns(known)?;
        }
        let id = known.map_or_else(|| transaction.new_id(), |known| known.id);
        transaction.put_view(View {
            id,
            schema: self.name.schema,
            name: self.name.name.clone(),
            columns: self.columns.clone(),
            query: self.query.clone(),
            uses: self.uses.clone(),
            check: self.check,
            security_invoker: self.security_invoker,
        })
    }

    fn check_columns(&self, known: &View) -> Result<()> {
        let refused = |message: String| Error::new(ErrorKind::InvalidTableDefinition, message);
        if self.columns.len() < known.columns.len() {
            return Err(refused("cannot drop columns from view".to_string()));
        }
        for (old, new) in known.columns.iter().zip(&self.columns) {
            if old.name != new.name {
                let message = format!("cannot change name of view column \"{}\" to \"{}\"", old.name, new.name);
                let hint = "Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.";
                return Err(refused(message).with_hint(hint));
            }
            if !is_same_type(&old.ty, &new.ty) {
                let message =
                    format!("cannot change data type of view column \"{}\" from {} to {}", old.name, old.ty, new.ty);
                return Err(refused(message));
            }
        }
        Ok(())
    }
}

/// Whether two types are one but for a dimension that was learned.
fn is_same_type(old: &ColumnType, new: &ColumnType) -> bool {
    old.with_dimension(None) == new.with_dimension(None)
}

/// Plans ALTER VIEW, and ALTER TABLE of what is a view; `None` for a table.
///
/// # Errors
/// 42P01 for a view that is not there, 42809 for ALTER VIEW of what is none and for a change that views have not, 42703 for a
/// column that is not there.
pub fn plan_alter_view(alter: &AlterTable, context: &PlanContext<'_>) -> Result<Option<DataDefinition>> {
    let says_view = is_alter_view(context.text);
    let tag = if says_view { "ALTER VIEW" } else { "ALTER TABLE" };
    let catalog = context.view.catalog();
    let at = |error| located(error, context.text, alter.name.span().start);
    let name = find_stored(&alter.name, context)?;
    let Some(view) = name.as_ref().and_then(|name| catalog.view(name)) else {
        if !says_view {
            return Ok(None);
        }
        let plain = relation_name(&alter.name)?.1;
        return match (name.is_some(), alter.if_exists) {
            (true, _) => Err(at(Error::new(ErrorKind::WrongObjectType, format!("\"{plain}\" is not a view")))),
            (false, true) => {
                let notices = vec![Notice::new(format!("relation \"{plain}\" does not exist, skipping"))];
                Ok(Some(DataDefinition::Nothing { tag, notices }))
            }
            (false, false) => {
                Err(at(Error::new(ErrorKind::UndefinedTable, format!("relation \"{plain}\" does not exist"))))
            }
        };
    };
    let (name, view) = (view.name.as_str(), view.relation());
    let change = match alter.operations.as_slice() {
        [AlterTableOperation::RenameTable { table_name }] => {
            let (RenameTableNameKind::To(to) | RenameTableNameKind::As(to)) = table_name;
            if is_set_schema(context.text) {
                let (relation, schema) = (view, target_schema(to, context)?);
                return Ok(Some(DataDefinition::SetSchema { relation, schema, tag }));
            }
            ViewChange::Rename { view, to: plain_name(to, context)? }
        }
        [AlterTableOperation::RenameColumn { old_column_name, new_column_name }] => {
            let (from, to) = (folded(old_column_name), folded(new_column_name));
            ViewChange::RenameColumn { view, from, to }
        }
        [AlterTableOperation::SetOptionsParens { options }] => match options.as_slice() {
            [SqlOption::KeyValue { key, value }] if folded(key) == "check_option" => {
                match option_text(value).as_str() {
                    "local" => ViewChange::SetCheck { view, check: Some(CheckOption::Local) },
                    "cascaded" => ViewChange::SetCheck { view, check: Some(CheckOption::Cascaded) },
                    _ => return Err(not_of_views(name)),
                }
            }
            _ => return Err(not_of_views(name)),
        },
        _ => return Err(not_of_views(name)),
    };
    Ok(Some(DataDefinition::AlterView { change, tag }))
}

fn not_of_views(name: &str) -> Error {
    let message = format!("this change cannot be performed on relation \"{name}\"");
    let error = Error::new(ErrorKind::WrongObjectType, message);
    error.with_detail("This operation is not supported for views.").with_hint(
        "RENAME TO, RENAME COLUMN and SET (check_option = ...) are; CREATE OR REPLACE VIEW changes the query.",
    )
}

impl ViewChange {
    /// Makes the change.
    ///
    /// # Errors
    /// 42P01 for a view that is gone, 42703 and 42701 for its columns; as [`Transaction::rename_view`] and
    /// [`Transaction::put_view`].
    pub fn make(&self, transaction: &mut Transaction) -> Result<()> {
        let (ViewChange::Rename { view: name, .. }
        | ViewChange::RenameColumn { view: name, .. }
        | ViewChange::SetCheck { view: name, .. }) = self;
        let Some(view) = transaction.catalog().view(name).cloned() else {
            return Err(Error::new(ErrorKind::UndefinedTable, format!("relation \"{name}\" does not exist")));
        };
        let mut changed = (*view).clone();
        match self {
            ViewChange::Rename { to, .. } => {
                changed.name.clone_from(to);
                transaction.rename_view(&view, changed)
            }
            ViewChange::RenameColumn { from, to, .. } => {
                if view.columns.iter().any(|column| column.name == *to) {
                    let message = format!("column \"{to}\" of relation \"{name}\" already exists");
                    return Err(Error::new(ErrorKind::DuplicateColumn, message));
                }
                let Some(column) = changed.columns.iter_mut().find(|column| column.name == *from) else {
                    let message = format!("column \"{from}\" does not exist");
                    return Err(Error::new(ErrorKind::UndefinedColumn, message));
                };
                column.name.clone_from(to);
                transaction.rename_view(&view, changed)
            }
            ViewChange::SetCheck { check, .. } => {
                if let Err(reason) = plain_view(&view_query(&view)?) {
                    let message = "WITH CHECK OPTION is supported only on automatically updatable views";
                    return Err(Error::new(ErrorKind::Unsupported, message).with_hint(reason));
                }
                changed.check = *check;
                transaction.put_view(changed)
            }
        }
    }
}
