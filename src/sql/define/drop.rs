//! DROP: tables, views, sequences and indexes go; what this server never has of a kind cannot be there, so that IF EXISTS skips it with a notice.

use datafusion::sql::sqlparser::ast::{
    DropFunction, FunctionDesc, ObjectName, ObjectType, OperateFunctionArg, Spanned, Statement,
};

use crate::db::{SequenceUses, Transaction, constraint_needs_index, no_schema};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{CollectionId, RelationName};
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::definition::DataDefinition;
use crate::sql::define::drawn_default::uses_of;
use crate::sql::define::schema::plan_drop_schema;
use crate::sql::define::user_type::plan_drop_types;
use crate::sql::parse::names::{folded, relation_name};
use crate::sql::pg_catalog::{Object, find_procedure, find_stored, named_object, path_of};
use crate::sql::write::write_target::{check_user_schema, located, new_name};
use crate::statement::Privilege;
use crate::types::ColumnType;

/// Types whose names are words of the standard, which PostgreSQL's parser replaces by those of its own types.
const KEYWORD_TYPES: &[&str] = &[
    "bit",
    "boolean",
    "char",
    "character",
    "dec",
    "decimal",
    "double",
    "float",
    "int",
    "integer",
    "interval",
    "json",
    "numeric",
    "real",
    "smallint",
    "bigint",
    "time",
    "timestamp",
    "varchar",
];

/// Tables, views or indexes to be dropped.
pub struct DropRequest {
    /// What the statement calls them.
    kind: &'static str,
    names: Vec<RelationName>,
    if_exists: bool,
    /// Along with the views that read them, and the foreign keys that refer to them.
    cascade: bool,
    /// What was skipped already.
    skipped: Vec<Notice>,
    /// Of sequences: what names them.
    uses: Vec<(RelationName, SequenceUses)>,
}

impl DropRequest {
    /// What is dropped.
    pub fn names(&self) -> &[RelationName] {
        &self.names
    }

    fn uses(&self, sequence: &RelationName) -> SequenceUses {
        let found = self.uses.iter().find(|(name, _)| name == sequence);
        found.map(|(_, uses)| uses.clone()).unwrap_or_default()
    }

    /// Drops them; the command tag.
    ///
    /// # Errors
    /// 42P01 and 42704 for what is not there, 42501 for a default collection, 55006 for one that is attached to a network, 2BP01
    /// where views read them, and for one that others refer to.
    pub fn execute(&self, transaction: &mut Transaction) -> Result<&'static str> {
        transaction.notices.extend(self.skipped.iter().cloned());
        let mut found = Vec::new();
        for name in &self.names {
            let catalog = transaction.catalog();
            let is_there = match self.kind {
                "index" => catalog.index_by_name(name).is_some(),
                "view" => catalog.view(name).is_some(),
                "sequence" => catalog.is_sequence(name),
                _ => catalog.collection(name).is_some(),
            };
            if is_there || !self.if_exists {
                found.push(name);
            } else {
                transaction.notices.push(skipping(&format!("{} \"{name}\"", self.kind)));
            }
        }
        let catalog = transaction.catalog();
        let relations = found.iter().filter_map(|name| match self.kind {
            "view" => catalog.view(*name).map(|view| view.id),
            "table" | "materialized view" => catalog.collection(*name).map(|collection| collection.id),
            _ => None,
        });
        let relations: Vec<CollectionId> = relations.collect();
        transaction.drop_above(&relations, self.cascade)?;
        for name in found {
            match self.kind {
                "index" => transaction.drop_index(name, self.cascade)?,
                "view" => transaction.drop_view(name)?,
                "materialized view" => transaction.drop_materialized(name)?,
                "sequence" => transaction.drop_sequence(name, &self.uses(name), self.cascade)?,
                _ => transaction.drop_collection(name, &relations, self.cascade)?,
            }
        }
        Ok(match self.kind {
            "index" => "DROP INDEX",
            "view" => "DROP VIEW",
            "sequence" => "DROP SEQUENCE",
            "materialized view" => "DROP MATERIALIZED VIEW",
            _ => "DROP TABLE",
        })
    }
}

/// Plans a statement that drops something; `None` for one that drops nothing of the kinds known here.
///
/// # Errors
/// 42P01, 42704, 42883 and 3F000 for what is not there and not dropped IF EXISTS, 42809 for an object of another kind, 2BP01
/// for one that others or the server need, 0A000 for what is there and stays, 42501 for a schema of the system, 42601 for a
/// trigger without its table.
pub fn plan_drop(statement: &Statement, context: &PlanContext<'_>) -> Result<Option<DataDefinition>> {
    let definition = match statement {
        Statement::Drop { object_type, if_exists, names, cascade, .. } => {
            let absent = |tag, describe: Describe| Absent { tag, describe }.plan(names, *if_exists, context);
            match object_type {
                ObjectType::Table => relations("table", names, (*if_exists, *cascade), context)?,
                ObjectType::Index => relations("index", names, (*if_exists, *cascade), context)?,
                ObjectType::View => relations("view", names, (*if_exists, *cascade), context)?,
                ObjectType::MaterializedView => relations("materialized view", names, (*if_exists, *cascade), context)?,
                ObjectType::Sequence => relations("sequence", names, (*if_exists, *cascade), context)?,
                ObjectType::Type => plan_drop_types(names, (*if_exists, *cascade), context)?,
                ObjectType::Schema => plan_drop_schema(names, (*if_exists, *cascade), context)?,
                ObjectType::Collation => absent("DROP COLLATION", collation_fate)?,
                ObjectType::Database => absent("DROP DATABASE", database_fate)?,
                _ => return Ok(None),
            }
        }
        Statement::DropExtension(extension) => {
            let names: Vec<ObjectName> =
                extension.names.iter().map(|name| ObjectName::from(vec![name.clone()])).collect();
            Absent { tag: "DROP EXTENSION", describe: extension_fate }.plan(&names, extension.if_exists, context)?
        }
        Statement::DropFunction(DropFunction { if_exists, func_desc, .. }) => {
            functions("function", "DROP FUNCTION", func_desc, *if_exists)?
        }
        Statement::DropProcedure { if_exists, proc_desc, .. } => {
            functions("procedure", "DROP PROCEDURE", proc_desc, *if_exists)?
        }
        Statement::DropTrigger(trigger) => {
            let (_, name) = relation_name(&trigger.trigger_name)?;
            let Some(table) = &trigger.table_name else {
                return Err(Error::syntax("DROP TRIGGER needs ON", None).with_hint("DROP TRIGGER name ON table"));
            };
            of_relation("trigger", &name, table, trigger.if_exists, "DROP TRIGGER", context)?
        }
        Statement::DropPolicy(policy) => {
            let name = folded(&policy.name);
            of_relation("policy", &name, &policy.table_name, policy.if_exists, "DROP POLICY", context)?
        }
        _ => return Ok(None),
    };
    Ok(Some(definition))
}

/// The notice that something is not there to be dropped.
fn skipping(what: &str) -> Notice {
    Notice::new(format!("{what} does not exist, skipping"))
}

/// Something with a row in `pg_class`.
fn relations(
    kind: &'static str,
    names: &[ObjectName],
    (if_exists, cascade): (bool, bool),
    context: &PlanContext<'_>,
) -> Result<DataDefinition> {
    let mut request =
        DropRequest { kind, names: Vec::new(), if_exists, cascade, skipped: Vec::new(), uses: Vec::new() };
    let (catalog, path) = (context.view.catalog(), path_of(context));
    for name in names {
        let at = |error| located(error, context.text, name.span().start);
        let (schema, plain) = relation_name(name)?;
        if let Some(schema) = schema.filter(|schema| catalog.schema(schema, path.own()).is_none()) {
            match if_exists {
                true => request.skipped.push(skipping(&format!("schema \"{schema}\""))),
                false => return Err(at(no_schema(&schema))),
            }
            continue;
        }
        check_user_schema(name, context)?;
        let found = named_object(name, context)?.filter(Object::is_user_made);
        match found {
            Some(object) if object.kind_name() != kind => return Err(at(wrong_kind(&plain, kind, &object))),
            Some(Object::PrimaryKey(collection)) => {
                return Err(at(constraint_needs_index(&plain, &collection.name)));
            }
            Some(Object::MemoryFacts) => {
                return Err(at(dependent(format!(
                    "cannot drop view {plain} because it is required by the database system"
                ))));
            }
            Some(object) => {
                if let Object::Table(collection) = &object {
                    context.notes.touch_collection(collection, Privilege::Own);
                }
                if kind == "sequence" {
                    request.uses.push((object.relation(), uses_of(&object.relation(), context)));
                }
                request.names.push(object.relation());
            }
            // Looked for again when the statement runs.
            None if if_exists => request.names.push(new_name(name, false, context)?),
            None => {
                let code = if kind == "index" { ErrorKind::UndefinedObject } else { ErrorKind::UndefinedTable };
                return Err(at(Error::new(code, format!("{kind} \"{plain}\" does not exist"))));
            }
        }
    }
    Ok(DataDefinition::Drop(request))
}

fn wrong_kind(name: &str, wanted: &str, object: &Object) -> Error {
    let article = if wanted == "index" { "an" } else { "a" };
    let kind = object.kind_name();
    Error::new(ErrorKind::WrongObjectType, format!("\"{name}\" is not {article} {wanted}")).with_hint(format!(
        "Use DROP {} to remove {} {kind}.",
        kind.to_uppercase(),
        if kind == "index" { "an" } else { "a" }
    ))
}

fn dependent(message: String) -> Error {
    Error::new(ErrorKind::DependentObjects, message)
}

/// What there is of something that a name means.
enum Fate {
    /// Nothing, in the words of a notice; and the error where IF EXISTS is missing.
    Absent(String, Error),
    /// It is there and stays.
    Kept(Error),
}

type Describe = fn(&ObjectName, &PlanContext<'_>) -> Result<Fate>;

/// A kind of which nobody can make anything here.
struct Absent {
    tag: &'static str,
    describe: Describe,
}

impl Absent {
    fn plan(&self, names: &[ObjectName], if_exists: bool, context: &PlanContext<'_>) -> Result<DataDefinition> {
        let mut notices = Vec::new();
        for name in names {
            match (self.describe)(name, context)? {
                Fate::Absent(what, _) if if_exists => notices.push(skipping(&what)),
                Fate::Absent(_, error) | Fate::Kept(error) => return Err(error),
            }
        }
        Ok(DataDefinition::Nothing { tag: self.tag, notices })
    }
}

fn absent(what: String, kind: ErrorKind) -> Fate {
    let error = Error::new(kind, format!("{what} does not exist"));
    Fate::Absent(what, error)
}

fn extension_fate(name: &ObjectName, _: &PlanContext<'_>) -> Result<Fate> {
    let (_, plain) = relation_name(name)?;
    Ok(match plain.as_str() {
        "vector" | "plpgsql" => {
            Fate::Kept(Error::unsupported("DROP EXTENSION is not offered", "What vector offers is built in."))
        }
        _ => absent(format!("extension \"{plain}\""), ErrorKind::UndefinedObject),
    })
}

fn collation_fate(name: &ObjectName, _: &PlanContext<'_>) -> Result<Fate> {
    let (_, plain) = relation_name(name)?;
    Ok(match plain.to_ascii_lowercase().as_str() {
        "default" | "c" | "posix" | "ucs_basic" => Fate::Kept(dependent(format!(
            "cannot drop collation {plain} because it is required by the database system"
        ))),
        _ => absent(format!("collation \"{plain}\""), ErrorKind::UndefinedObject),
    })
}

fn database_fate(name: &ObjectName, _: &PlanContext<'_>) -> Result<Fate> {
    let (_, plain) = relation_name(name)?;
    let kept = Error::unsupported("DROP DATABASE is not offered", "A data directory is one database, nebulus.");
    Ok(if plain == "nebulus" {
        Fate::Kept(kept)
    } else {
        absent(format!("database \"{plain}\""), ErrorKind::UndefinedDatabase)
    })
}

/// A trigger or policy of a table, of which there is none.
fn of_relation(
    kind: &str,
    name: &str,
    table: &ObjectName,
    if_exists: bool,
    tag: &'static str,
    context: &PlanContext<'_>,
) -> Result<DataDefinition> {
    let (_, plain) = relation_name(table)?;
    let found = find_stored(table, context)?;
    let is_there = found.is_some_and(|relation| context.view.catalog().collection(&relation).is_some());
    let fate = if is_there {
        let error =
            Error::new(ErrorKind::UndefinedObject, format!("{kind} \"{name}\" for table \"{plain}\" does not exist"));
        Fate::Absent(format!("{kind} \"{name}\" for relation \"{plain}\""), error)
    } else {
        absent(format!("relation \"{plain}\""), ErrorKind::UndefinedTable)
    };
    match fate {
        Fate::Absent(what, _) if if_exists => Ok(DataDefinition::Nothing { tag, notices: vec![skipping(&what)] }),
        Fate::Absent(_, error) | Fate::Kept(error) => Err(error),
    }
}

/// Functions are built in or not there; which arguments they take makes no difference to that.
fn functions(kind: &str, tag: &'static str, list: &[FunctionDesc], if_exists: bool) -> Result<DataDefinition> {
    let mut notices = Vec::new();
    for FunctionDesc { name, args } in list {
        let (_, plain) = relation_name(name)?;
        let written = |types: &dyn Fn(&OperateFunctionArg) -> String| -> String {
            args.iter().flatten().map(types).collect::<Vec<_>>().join(",")
        };
        if find_procedure(&plain).is_some() {
            let list = written(&|argument| shown_type(argument, false));
            let message = format!("cannot drop {kind} {plain}({list}) because it is required by the database system");
            return Err(dependent(message));
        }
        if !if_exists {
            let message = match args {
                None => format!("could not find a {kind} named \"{plain}\""),
                Some(_) => {
                    format!("{kind} {plain}({}) does not exist", written(&|argument| shown_type(argument, false)))
                }
            };
            return Err(Error::new(ErrorKind::UndefinedFunction, message));
        }
        notices.push(skipping(&format!("{kind} {plain}({})", written(&|argument| shown_type(argument, true)))));
    }
    Ok(DataDefinition::Nothing { tag, notices })
}

/// The type of an argument: as it is shown, or as PostgreSQL's parser keeps it, which expands the words of the standard.
fn shown_type(argument: &OperateFunctionArg, as_parsed: bool) -> String {
    let written = argument.data_type.to_string();
    let Ok(ty) = ColumnType::parse(&written) else { return written };
    if !as_parsed {
        return ty.to_string();
    }
    let lower = written.to_lowercase();
    let word = lower.split(['(', '[']).next().unwrap_or_default().trim();
    // What is no keyword of the grammar stays as it was written.
    match KEYWORD_TYPES.iter().any(|keyword| word == *keyword || word.starts_with(&format!("{keyword} "))) {
        true => format!("pg_catalog.{}", ty.internal_name()),
        false => lower,
    }
}
