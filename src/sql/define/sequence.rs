//! CREATE SEQUENCE and ALTER SEQUENCE.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{AlterTable, AlterTableOperation, ObjectName, RenameTableNameKind};

use crate::db::{Catalog, Transaction, no_schema};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{
    Collection, Numbering, RelationName, SchemaId, Sequence, SequenceCount, SequenceKind, SequenceNumbers,
    SequencePlace,
};
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::definition::{DataDefinition, skips};
use crate::sql::define::sequence_numbers::{check_within, numbers_of};
use crate::sql::parse::names::relation_name;
use crate::sql::parse::sequence_text::{SequenceText, sequence_text};
use crate::sql::parse::view_text::is_set_schema;
use crate::sql::pg_catalog::{Meant, check_schema, find_by_path, find_relation, find_stored, path_of};
use crate::sql::write::write_target::{new_name, plain_name, schema_named, target_schema};
use crate::statement::Privilege;
use crate::types::ColumnType;

/// A sequence to be made, or a change of one.
pub struct SequenceRequest {
    name: RelationName,
    given: SequenceText,
    owner: Option<Option<SequencePlace>>,
    /// Where SET SCHEMA moves it.
    schema: Option<SchemaId>,
    tag: &'static str,
}

/// Plans either statement.
///
/// # Errors
/// 42601 for what is no option, 22023 for numbers that contradict each other, 3F000, 42P01 and 42703 for a schema, a sequence and what
/// owns it that are not there, 42704 for a role and a type that are not; as [`new_name`].
pub fn plan_sequence(name: &ObjectName, temporary: bool, context: &PlanContext<'_>) -> Result<DataDefinition> {
    let given = sequence_text(context.text);
    if let Some(wrong) = &given.wrong {
        return Err(Error::syntax(format!("syntax error at or near \"{wrong}\""), None));
    }
    if given.is_alter && given.is_empty() {
        return Err(Error::syntax("syntax error at end of input", None));
    }
    if given.repeats {
        return Err(Error::syntax("conflicting or redundant options", None));
    }
    let relation = match given.is_alter {
        // PostgreSQL says no place in the text of it.
        false => new_name(name, temporary, context).map_err(Error::without_position)?,
        true => match changed_sequence(name, context) {
            Ok(relation) => relation,
            Err(error)
                if given.is_conditional
                    && matches!(error.kind(), ErrorKind::UndefinedTable | ErrorKind::UndefinedSchema) =>
            {
                let notice = Notice::new(format!("relation \"{}\" does not exist, skipping", relation_name(name)?.1));
                return Ok(DataDefinition::Nothing { tag: "ALTER SEQUENCE", notices: vec![notice] });
            }
            Err(error) => return Err(error),
        },
    };
    let owner = match &given.owner {
        None => None,
        Some(None) => Some(None),
        Some(Some(parts)) => Some(Some(owner_of(parts, context)?)),
    };
    let schema = given.schema.as_ref().map(|schema| schema_named(schema, context)).transpose()?;
    let tag = if given.is_alter { "ALTER SEQUENCE" } else { "CREATE SEQUENCE" };
    let request = SequenceRequest { name: relation, given, owner, schema, tag };
    if !request.given.is_alter {
        request.first_count(&request.numbers(None)?)?;
    }
    Ok(DataDefinition::Sequence(Box::new(request)))
}

/// The relation that ALTER SEQUENCE names.
fn changed_sequence(name: &ObjectName, context: &PlanContext<'_>) -> Result<RelationName> {
    check_schema(name, context)?;
    let (schema, plain) = relation_name(name)?;
    match find_relation(name, context)? {
        Some(Meant::Stored(relation)) => Ok(relation),
        Some(Meant::System(_)) => Err(Error::new(ErrorKind::WrongObjectType, format!("\"{plain}\" is not a sequence"))),
        None => Err(undefined(schema.as_deref(), &plain)),
    }
}

fn undefined(schema: Option<&str>, name: &str) -> Error {
    let written = schema.map_or_else(|| name.to_string(), |schema| format!("{schema}.{name}"));
    Error::new(ErrorKind::UndefinedTable, format!("relation \"{written}\" does not exist"))
}

/// Plans ALTER TABLE of what is a sequence; `None` for anything else.
///
/// # Errors
/// 42809 for a change that sequences have not; 3F000 for a schema that is not there.
pub fn plan_alter_of_sequence(alter: &AlterTable, context: &PlanContext<'_>) -> Result<Option<DataDefinition>> {
    let found = find_stored(&alter.name, context)?;
    let Some(name) = found.filter(|name| context.view.catalog().is_sequence(name)) else { return Ok(None) };
    let tag = "ALTER TABLE";
    Ok(Some(match alter.operations.as_slice() {
        [AlterTableOperation::RenameTable { table_name }] => {
            let (RenameTableNameKind::To(to) | RenameTableNameKind::As(to)) = table_name;
            if is_set_schema(context.text) {
                DataDefinition::SetSchema { relation: name, schema: target_schema(to, context)?, tag }
            } else {
                let rename = Some(plain_name(to, context)?);
                let given = SequenceText { is_alter: true, rename, ..SequenceText::default() };
                let request = SequenceRequest { name, given, owner: None, schema: None, tag };
                DataDefinition::Sequence(Box::new(request))
            }
        }
        [AlterTableOperation::OwnerTo { new_owner }] => {
            return Err(Error::internal(format!("OWNER TO {new_owner} is another statement")));
        }
        _ => {
            let message = format!("this change cannot be performed on relation \"{name}\"");
            let error = Error::new(ErrorKind::WrongObjectType, message);
            return Err(error.with_detail("This operation is not supported for sequences."));
        }
    }))
}

/// The column that a sequence goes with.
fn owner_of(parts: &[String], context: &PlanContext<'_>) -> Result<SequencePlace> {
    let (schema, table, column) = match parts {
        [table, column] => (None, table, column),
        [schema, table, column] | [_, schema, table, column] => (Some(schema.as_str()), table, column),
        _ => {
            let error = Error::syntax("invalid OWNED BY option", None);
            return Err(error.with_hint("Specify OWNED BY table.column or OWNED BY NONE."));
        }
    };
    let (catalog, path) = (context.view.catalog(), path_of(context));
    if let Some(schema) = schema.filter(|schema| catalog.schema(schema, path.own()).is_none()) {
        return Err(no_schema(schema));
    }
    let relation = match find_by_path(schema, table, &path, catalog) {
        Some(Meant::Stored(relation)) => relation,
        Some(Meant::System(_)) => {
            let message = format!("permission denied: \"{table}\" is a system catalog");
            return Err(Error::new(ErrorKind::InsufficientPrivilege, message));
        }
        None => return Err(undefined(schema, table)),
    };
    context.notes.note_schema(relation.schema);
    let found = catalog.collection(&relation).filter(|collection| collection.materialized.is_none());
    let Some(collection) = found else {
        let message = format!("sequence cannot be owned by relation \"{table}\"");
        let detail = format!("This operation is not supported for {}.", kinds_of(&relation, catalog));
        return Err(Error::new(ErrorKind::WrongObjectType, message).with_detail(detail));
    };
    let Some(position) = collection.column(column) else {
        let message = format!("column \"{column}\" of relation \"{table}\" does not exist");
        return Err(Error::new(ErrorKind::UndefinedColumn, message));
    };
    context.notes.touch_collection(collection, Privilege::Own);
    Ok((collection.id, collection.column_id(position)?))
}

/// What messages call the like of a relation.
fn kinds_of(relation: &RelationName, catalog: &Catalog) -> &'static str {
    if catalog.collection(relation).is_some_and(|collection| collection.materialized.is_some()) {
        "materialized views"
    } else if catalog.collection(relation).is_some() {
        "tables"
    } else if catalog.index_by_name(relation).is_some() {
        "indexes"
    } else if catalog.is_sequence(relation) {
        "sequences"
    } else {
        "views"
    }
}

impl SequenceRequest {
    pub fn name(&self) -> &RelationName {
        &self.name
    }

    /// A change of the sequence that an identity column has.
    pub fn of_identity(name: RelationName, given: SequenceText) -> SequenceRequest {
        SequenceRequest { name, given, owner: None, schema: None, tag: "ALTER TABLE" }
    }

    /// Makes the sequence or changes it; the command tag.
    ///
    /// # Errors
    /// 42P07, 42P01, 42809 and 22023 for a sequence that is there, is not, is none, and numbers that contradict what it has; 0A000
    /// for another type or owner of a column's own sequence; as [`Transaction::put_sequence`] and [`Transaction::set_schema`].
    pub fn make(&self, transaction: &mut Transaction) -> Result<&'static str> {
        if self.given.is_alter {
            self.alter(transaction)?;
            return Ok(self.tag);
        }
        if self.given.is_conditional && skips(&self.name, transaction) {
            return Ok(self.tag);
        }
        let (id, numbers, owner) = (transaction.new_id(), self.numbers(None)?, self.owner.flatten());
        let RelationName { schema, name } = self.name.clone();
        let made = Sequence { id, schema, name, numbers, owner, column: None };
        let (place, count) = (made.place(), self.first_count(&numbers)?);
        transaction.put_sequence(made)?;
        transaction.restart_sequence(place, count);
        Ok(self.tag)
    }

    /// How far a new sequence has come: RESTART counts for one as well.
    fn first_count(&self, numbers: &SequenceNumbers) -> Result<SequenceCount> {
        let last = self.given.restart.flatten().unwrap_or(numbers.start);
        check_within("RESTART", last, numbers)?;
        Ok(SequenceCount { last, is_called: false })
    }

    fn alter(&self, transaction: &mut Transaction) -> Result<()> {
        if !transaction.catalog().is_sequence(&self.name) {
            return Err(self.no_sequence(transaction.catalog()));
        }
        if let Some(schema) = self.schema {
            return transaction.set_schema(&self.name, schema);
        }
        if let Some(known) = transaction.catalog().sequence(&self.name).cloned() {
            let mut changed = (*known).clone();
            changed.numbers = self.numbers(Some(&known.numbers))?;
            changed.owner = self.owner.unwrap_or(changed.owner);
            if let Some(name) = &self.given.rename {
                changed.name.clone_from(name);
            }
            self.restart(&changed, &known.numbers, transaction)?;
            return if changed == *known { Ok(()) } else { transaction.put_sequence(changed) };
        }
        let found = transaction.catalog().column_sequence(&self.name);
        match found.map(|(collection, position)| (Arc::clone(collection), position)) {
            Some((collection, position)) => self.alter_of_column(&collection, position, transaction),
            None => Ok(()),
        }
    }

    /// What the statement names is no sequence, or gone since it was planned.
    fn no_sequence(&self, catalog: &Catalog) -> Error {
        let name = &self.name;
        if !catalog.is_taken(name) {
            return undefined(None, &name.name);
        }
        if self.given.is_alone() {
            return Error::new(ErrorKind::WrongObjectType, format!("\"{name}\" is not a sequence"));
        }
        let detail = format!("This operation is not supported for {}.", kinds_of(name, catalog));
        let error = Error::new(ErrorKind::WrongObjectType, format!("cannot open relation \"{name}\""));
        error.with_detail(detail)
    }

    /// Has the sequence go on from another number where that is said, and checks where it goes on otherwise.
    fn restart(&self, changed: &Sequence, known: &SequenceNumbers, transaction: &mut Transaction) -> Result<()> {
        let Some(restart) = self.given.restart else {
            let bounds = |numbers: &SequenceNumbers| (numbers.min, numbers.max);
            if bounds(known) != bounds(&changed.numbers) {
                check_within("RESTART", transaction.view().sequence_count(changed)?.last, &changed.numbers)?;
            }
            return Ok(());
        };
        let last = restart.unwrap_or(changed.numbers.start);
        check_within("RESTART", last, &changed.numbers)?;
        transaction.restart_sequence(changed.place(), SequenceCount { last, is_called: false });
        Ok(())
    }

    /// Changes the numbers of a column's own sequence.
    fn alter_of_column(
        &self,
        collection: &Arc<Collection>,
        position: usize,
        transaction: &mut Transaction,
    ) -> Result<()> {
        let Some(sequence) = Sequence::of_column(collection, position) else { return Ok(()) };
        let keeps_owner = self.owner.is_none_or(|owner| owner == sequence.owner);
        let keeps_type = match &self.given.ty {
            None => true,
            Some(ty) => ColumnType::parse(ty)? == sequence.numbers.kind.ty(),
        };
        if !keeps_owner && collection.columns.get(position).is_some_and(|column| column.identity().is_some()) {
            let detail = format!("Sequence \"{}\" is linked to table \"{}\".", self.name, collection.name);
            let error = Error::new(ErrorKind::Unsupported, "cannot change ownership of identity sequence");
            return Err(error.with_detail(detail));
        }
        if !keeps_owner || !keeps_type {
            return Err(Error::unsupported(
                format!("sequence \"{}\" is a column's own and keeps its type and owner", self.name),
                "CREATE SEQUENCE, and give the column nextval('...') for a default.",
            ));
        }
        let numbers = numbers_of(&self.given.numbers, sequence.numbers.kind, Some(&sequence.numbers))?;
        let changed = Sequence { numbers, ..sequence.clone() };
        self.restart(&changed, &sequence.numbers, transaction)?;
        if numbers != sequence.numbers {
            transaction.set_numbering(collection, position, Numbering::of(&numbers));
        }
        match &self.given.rename {
            Some(name) => transaction.rename_own_sequence(collection, position, name),
            None => Ok(()),
        }
    }

    /// The numbers that the options ask for, of a sequence that has others now.
    fn numbers(&self, known: Option<&SequenceNumbers>) -> Result<SequenceNumbers> {
        let kind = match &self.given.ty {
            None => known.map_or(SequenceKind::Int8, |known| known.kind),
            Some(ty) => SequenceKind::of(&ColumnType::parse(ty)?).ok_or_else(|| {
                let message = "sequence type must be smallint, integer, or bigint";
                Error::new(ErrorKind::InvalidParameterValue, message)
            })?,
        };
        numbers_of(&self.given.numbers, kind, known)
    }
}
