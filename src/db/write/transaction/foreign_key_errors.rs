//! What violates a foreign key, as PostgreSQL reports it: the key, the table and the constraint.

use crate::error::{Error, ErrorKind};
use crate::model::{Collection, ColumnId, ForeignKey};
use crate::types::Value;

/// 23503 for a row whose key nobody has.
pub(super) fn not_present(
    child: &Collection,
    foreign_key: &ForeignKey,
    parent: &Collection,
    values: &[Value],
) -> Error {
    let (table, name) = (&child.name, &foreign_key.name);
    let message = format!("insert or update on table \"{table}\" violates foreign key constraint \"{name}\"");
    let key = shown_key(child, &foreign_key.columns, values);
    Error::new(ErrorKind::ForeignKeyViolation, message)
        .with_detail(format!("Key {key} is not present in table \"{}\".", parent.name))
        .of_constraint(child, name)
}

/// 23503 for a key that rows refer to when the statement, or the transaction, ends.
pub(super) fn still_referenced(
    child: &Collection,
    foreign_key: &ForeignKey,
    parent: &Collection,
    values: &[Value],
) -> Error {
    let (table, name) = (&child.name, &foreign_key.name);
    let message = format!(
        "update or delete on table \"{}\" violates foreign key constraint \"{name}\" on table \"{table}\"",
        parent.name
    );
    let key = shown_key(parent, &foreign_key.parent_columns, values);
    Error::new(ErrorKind::ForeignKeyViolation, message)
        .with_detail(format!("Key {key} is still referenced from table \"{table}\"."))
        .of_constraint(child, name)
}

/// 23001 for one that may not go at all while rows refer to it.
pub(super) fn restricted(child: &Collection, foreign_key: &ForeignKey, parent: &Collection, values: &[Value]) -> Error {
    let (table, name) = (&child.name, &foreign_key.name);
    let message = format!(
        "update or delete on table \"{}\" violates RESTRICT setting of foreign key constraint \"{name}\" on table \
         \"{table}\"",
        parent.name
    );
    let key = shown_key(parent, &foreign_key.parent_columns, values);
    Error::new(ErrorKind::RestrictViolation, message)
        .with_detail(format!("Key {key} is referenced from table \"{table}\"."))
        .of_constraint(child, name)
}

fn shown_key(collection: &Collection, columns: &[ColumnId], values: &[Value]) -> String {
    let positions = collection.positions_of(columns);
    let names: Vec<&str> = positions
        .iter()
        .filter_map(|position| collection.columns.get(*position))
        .map(|column| column.name.as_str())
        .collect();
    let shown: Vec<String> = values.iter().map(Value::to_text).collect();
    format!("({})=({})", names.join(", "), shown.join(", "))
}
