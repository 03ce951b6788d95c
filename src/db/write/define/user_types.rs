//! Types inside a transaction: made, given labels and names, and dropped.
//!
//! Expressions are stored as texts, which know a type and a label by their names: what such a text may mean keeps its name.

use std::sync::Arc;

use crate::db::catalog::catalog::check_identifier;
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::catalog::user_types::StoredText;
use crate::db::catalog::view_rules::refuse_dependents;
use crate::db::state::cancel::Cancel;
use crate::db::write::define::views::cascade_notice;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{
    Collection, CollectionId, Column, DefaultValue, IndexKind, RelationName, RelationRef, SchemaId, UserType,
};
use crate::types::enum_type::{LabelPlace, check_label, first_labels, no_label, with_label};
use crate::types::limits::USER_TYPES_MAX;
use crate::types::{ColumnType, quote_identifier};

impl Transaction {
    /// Makes an enumerated type of labels in their order.
    ///
    /// # Errors
    /// 42710 for a name that is taken, 23505 for a label that is there twice, 42602 for one that is too long, 54000 for a name that is,
    /// for too many labels, and above `USER_TYPES_MAX`.
    pub fn create_enum(&mut self, name: &RelationName, labels: &[String]) -> Result<()> {
        self.check_type_name(name)?;
        if self.catalog().user_types().count() >= USER_TYPES_MAX {
            let message = format!("a database can have at most {USER_TYPES_MAX} types of its own");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let labels = first_labels(labels)?;
        self.note_schema(name.schema);
        let ty = UserType::new(self.new_id(), name.clone(), labels);
        let id = ty.id;
        self.change_catalog(CatalogChange::PutType(Arc::new(ty)));
        self.own(id);
        Ok(())
    }

    pub(in crate::db::write) fn check_type_name(&self, name: &RelationName) -> Result<()> {
        check_identifier(&name.name)?;
        let catalog = self.catalog();
        let is_taken =
            catalog.user_type(name).is_some() || catalog.collection(name).is_some() || catalog.view(name).is_some();
        if is_taken {
            return Err(type_exists(&name.name));
        }
        Ok(())
    }

    /// Refuses the name of a type for another relation that is there: PostgreSQL gives each a type of its name.
    ///
    /// # Errors
    /// 42710.
    pub(in crate::db::write) fn check_row_type(&self, name: RelationRef<'_>) -> Result<()> {
        match self.catalog().user_type(name) {
            Some(ty) => Err(type_exists(ty.name())),
            None => Ok(()),
        }
    }

    /// As [`Transaction::check_row_type`], for a relation that comes from another schema.
    ///
    /// # Errors
    /// 42710.
    pub(in crate::db::write) fn check_row_type_in(&self, schema: SchemaId, name: &str) -> Result<()> {
        if self.catalog().user_type(RelationRef { schema, name }).is_none() {
            return Ok(());
        }
        let place = self.catalog().schema_name(schema);
        let message = format!("type \"{name}\" already exists in schema \"{place}\"");
        Err(Error::new(ErrorKind::DuplicateObject, message))
    }

    /// The type of a name.
    pub(in crate::db::write) fn expect_type(&self, name: &RelationName) -> Result<Arc<UserType>> {
        let found = self.catalog().user_type(name).cloned();
        found.ok_or_else(|| Error::new(ErrorKind::UndefinedObject, format!("type \"{name}\" does not exist")))
    }

    /// The enumerated type of a name.
    fn expect_enum(&self, name: &RelationName) -> Result<Arc<UserType>> {
        let ty = self.expect_type(name)?;
        match ty.domain {
            None => Ok(ty),
            Some(_) => Err(Error::new(ErrorKind::WrongObjectType, format!("{} is not an enum", ty.name()))),
        }
    }

    /// Adds a label; with `if_not_exists` one that is there already is told to the client.
    ///
    /// # Errors
    /// 42704 for a type that is not there, 42710 for a label that is; 42602, 22023 and 54000 as for labels that find no place.
    pub fn add_label(
        &mut self,
        name: &RelationName,
        label: &str,
        (place, if_not_exists): (&LabelPlace, bool),
    ) -> Result<()> {
        let ty = self.expect_enum(name)?;
        check_label(label)?;
        if ty.definition.labels().iter().any(|known| known.name == label) {
            let message = format!("enum label \"{label}\" already exists");
            if !if_not_exists {
                return Err(Error::new(ErrorKind::DuplicateObject, message));
            }
            let report = Error::new(ErrorKind::DuplicateObject, format!("{message}, skipping"));
            self.notices.push(Notice::of(report));
            return Ok(());
        }
        let labels = with_label(ty.definition.labels(), label, place)?;
        self.change_catalog(CatalogChange::PutType(Arc::new(ty.with(ty.relation(), labels))));
        Ok(())
    }

    /// Gives a label another name.
    ///
    /// # Errors
    /// 42704 for a type that is not there, 22023 for a label that is not, 42710 for a name that another one has, 42602 for one that is too
    /// long; 0A000 where a stored expression may mean the label.
    pub fn rename_label(&mut self, name: &RelationName, from: &str, to: &str) -> Result<()> {
        let ty = self.expect_enum(name)?;
        check_label(to)?;
        let mut labels = ty.definition.labels().to_vec();
        let is_taken = labels.iter().any(|label| label.name == to);
        let label = labels.iter_mut().find(|label| label.name == from).ok_or_else(|| no_label(from))?;
        if is_taken {
            return Err(Error::new(ErrorKind::DuplicateObject, format!("enum label \"{to}\" already exists")));
        }
        label.name = to.to_string();
        let quoted = |label: &str| format!("'{}'", label.replace('\'', "''"));
        let written = quoted(from);
        self.rewrite_defaults(&ty, &|literal| if literal == written { quoted(to) } else { literal.to_string() });
        self.check_unwritten(&format!("enum label \"{from}\""), &|stored| may_have_label(stored.text, from))?;
        self.check_not_kept(&ty)?;
        self.change_catalog(CatalogChange::PutType(Arc::new(ty.with(ty.relation(), labels))));
        Ok(())
    }

    /// Refuses to rename a label that something stored may have been computed of: keys and conditions of indexes, and generated columns.
    fn check_not_kept(&self, ty: &UserType) -> Result<()> {
        for (table, column) in self.columns_of_type(ty.id) {
            let Some(id) = table.columns.iter().find(|known| known.name == column).map(|known| known.id) else {
                continue;
            };
            let is_computed = |column: &Column| column.computation().is_some_and(|known| known.columns.contains(&id));
            let computed = table.columns.iter().find(|column| is_computed(column)).map(|column| &column.name);
            let index =
                table.indexes.iter().find(|index| matches!(&index.kind, IndexKind::Keys(keys) if keys.names(id)));
            if let Some(name) = computed.or(index.map(|index| &index.name)) {
                let message = format!("cannot rename a label because \"{name}\" is computed of column \"{column}\"");
                let hint = format!("Drop \"{name}\", rename, and make it again.");
                return Err(Error::new(ErrorKind::Unsupported, message).with_hint(hint));
            }
        }
        Ok(())
    }

    /// Gives a type another name.
    ///
    /// # Errors
    /// 42704 for a type that is not there, 42710 for a name that is taken; 0A000 where a stored expression may name the type.
    pub fn rename_type(&mut self, name: &RelationName, to: &str) -> Result<()> {
        let ty = self.expect_type(name)?;
        let to = RelationName::new(name.schema, to);
        self.check_type_name(&to)?;
        self.rewrite_defaults(&ty, &str::to_string);
        let schema = self.catalog().schema_name(ty.schema).into_owned();
        self.check_unwritten(&format!("type \"{}\"", ty.name()), &|stored| names_type(stored, &schema, ty.name()))?;
        let labels = ty.definition.labels().to_vec();
        self.change_catalog(CatalogChange::PutType(Arc::new(ty.with(to, labels))));
        Ok(())
    }

    /// Defaults of columns of a type that are nothing but a label, with or without a cast, become that label alone, as `rename` has it.
    fn rewrite_defaults(&mut self, ty: &UserType, rename: &dyn Fn(&str) -> String) {
        for (table, column) in self.columns_of_type(ty.id) {
            let Some(table) = self.catalog().collection_by_id(table.id).cloned() else { continue };
            let mut changed = (*table).clone();
            let Some(column) = changed.columns.iter_mut().find(|known| known.name == column) else { continue };
            let Some(DefaultValue::Expression(text)) = &column.default else { continue };
            let Some(label) = plain_label(text).filter(|_| matches!(column.ty, ColumnType::Enum(_))) else { continue };
            column.default = Some(DefaultValue::Expression(rename(label)));
            self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        }
    }

    /// Refuses to rename what a stored expression may mean.
    fn check_unwritten(&self, what: &str, is_meant: &dyn Fn(&StoredText<'_>) -> bool) -> Result<()> {
        let catalog = Arc::clone(self.catalog());
        match catalog.stored_texts().into_iter().find(is_meant) {
            None => Ok(()),
            Some(StoredText { of, .. }) => {
                let error = Error::new(ErrorKind::Unsupported, format!("cannot rename {what} because {of} names it"));
                Err(error.with_hint(format!("Drop it, rename, and make it again: {of}.")))
            }
        }
    }

    /// Refuses another name for a schema whose types a stored expression may name with it.
    ///
    /// # Errors
    /// 0A000.
    pub(in crate::db::write) fn check_types_unwritten(&self, schema: SchemaId, name: &str) -> Result<()> {
        match self.catalog().user_types_in(schema).next() {
            Some(_) => self.check_unwritten(&format!("schema \"{name}\""), &|stored| names_word(stored.text, name)),
            None => Ok(()),
        }
    }

    /// Drops types, with `cascade` along with the columns of them.
    ///
    /// # Errors
    /// 42704 for a type that is not there; 2BP01 for one that columns or stored expressions need without `cascade`; 0A000 for stored
    /// expressions with it; as [`Transaction::drop_column`].
    pub fn drop_types(&mut self, names: &[RelationName], cascade: bool, cancel: &Cancel) -> Result<()> {
        let mut types = Vec::with_capacity(names.len());
        for name in names {
            types.push(self.expect_type(name)?);
        }
        let mut lines = Vec::new();
        for ty in &types {
            lines.extend(self.columns_needing(ty).into_iter().map(|(_, column, on)| (column, on)));
        }
        if !cascade {
            let what = match types.as_slice() {
                [ty] => self.described_type(ty),
                _ => "desired object(s)".to_string(),
            };
            let lines: Vec<String> = lines.iter().map(|(line, on)| format!("{line} depends on {on}")).collect();
            refuse_dependents(&what, &lines)?;
        }
        let gone: Vec<String> = lines.into_iter().map(|(line, _)| line).collect();
        self.notices.extend(cascade_notice(&gone));
        let told = self.notices.len();
        for ty in &types {
            for (table, column) in self.columns_of_type(ty.id) {
                if table.materialized.is_some() {
                    self.drop_above(&[table.id], true)?;
                    self.remove_view(table.id);
                    continue;
                }
                self.drop_above_column(&table.relation(), &column, true)?;
                self.drop_column(&table.relation(), &column, true, cancel)?;
            }
            let catalog = Arc::clone(self.catalog());
            let schema = catalog.schema_name(ty.schema);
            let is_named = |stored: &StoredText<'_>| names_type(stored, &schema, ty.name());
            if let Some(StoredText { of, .. }) = catalog.stored_texts().into_iter().find(is_named) {
                let message = format!("cannot drop {} because {of} names it", self.described_type(ty));
                return Err(Error::new(ErrorKind::DependentObjects, message).with_hint(format!("Drop {of} first.")));
            }
            self.change_catalog(CatalogChange::DropType(ty.id));
        }
        self.notices.truncate(told);
        Ok(())
    }

    /// The columns of a type, or of arrays of it, each with its table; tables in the order in which they were made.
    pub(in crate::db::write) fn columns_of_type(&self, ty: CollectionId) -> Vec<(Arc<Collection>, String)> {
        let mut found = Vec::new();
        for collection in self.catalog().collections() {
            let is_of = |column: &&Column| {
                UserType::id_of(&column.ty) == Some(ty) || column.domain.as_ref().is_some_and(|domain| domain.id == ty)
            };
            let columns = collection.columns.iter().filter(is_of);
            found.extend(columns.map(|column| (Arc::clone(collection), column.name.clone())));
        }
        found.sort_by_key(|(collection, _)| collection.id);
        found
    }

    /// The columns that need a type, those of arrays of it first: the table of each, what it is, and what it needs, as messages name them.
    pub(in crate::db::write) fn columns_needing(&self, ty: &UserType) -> Vec<(Arc<Collection>, String, String)> {
        let what = self.described_type(ty);
        let is_plain = |(table, name): &(Arc<Collection>, String)| {
            let column = table.column(name).and_then(|position| table.columns.get(position));
            !column.is_some_and(|column| matches!(column.ty, ColumnType::Array(_)) && column.domain.is_none())
        };
        let mut columns = self.columns_of_type(ty.id);
        columns.sort_by_key(is_plain);
        let described = columns.into_iter().map(|column| {
            let on = if is_plain(&column) { what.clone() } else { format!("{what}[]") };
            let (table, name) = column;
            let line = self.described_column(&table, &name);
            (table, line, on)
        });
        described.collect()
    }

    /// A type, as messages name it.
    pub(in crate::db::write) fn described_type(&self, ty: &UserType) -> String {
        let name = quote_identifier(ty.name());
        match ty.schema.is_public() {
            true => format!("type {name}"),
            false => format!("type {}.{name}", quote_identifier(&self.catalog().schema_name(ty.schema))),
        }
    }

    fn described_column(&self, table: &Collection, column: &str) -> String {
        format!("column {} of {}", quote_identifier(column), self.described(self.catalog(), table.id))
    }
}

/// The literal of an expression that is nothing else but its cast.
fn plain_label(text: &str) -> Option<&str> {
    let text = text.trim();
    let inner = text.strip_prefix('\'')?;
    let (mut end, mut quotes) = (None, inner.match_indices('\'').peekable());
    while let Some((at, _)) = quotes.next() {
        // Two of them are one of the label.
        if quotes.next_if(|(next, _)| *next == at + 1).is_none() {
            end = Some(at);
            break;
        }
    }
    let (literal, rest) = text.split_at_checked(end? + 2)?;
    let rest = rest.trim();
    let is_cast = rest.strip_prefix("::").is_some_and(|name| !name.contains(['\'', '(', ':']));
    (rest.is_empty() || is_cast).then_some(literal)
}

fn type_exists(name: &str) -> Error {
    Error::new(ErrorKind::DuplicateObject, format!("type \"{name}\" already exists"))
}

/// Whether a text has a name as a word of its own.
fn names_word(text: &str, name: &str) -> bool {
    has_word(text, name, &|_| true)
}

/// Whether a text may name a type of a schema: it has the name as a word of its own, and not behind that of another schema or a table.
/// In an expression types stand behind `::` and AS alone, but for the texts that functions and casts read as types.
fn names_type(stored: &StoredText<'_>, schema: &str, name: &str) -> bool {
    let schema = schema.to_lowercase();
    let is_anywhere = stored.is_query || ["regtype", "pg_input"].iter().any(|reader| stored.text.contains(reader));
    has_word(stored.text, name, &|before| {
        let before = before.strip_suffix('"').unwrap_or(before);
        let front = match before.strip_suffix('.').map(str::trim_end) {
            None => before,
            Some(front) => match front.trim_end_matches('"').strip_suffix(&schema) {
                Some(front) => front.trim_end_matches('"'),
                None => return false,
            },
        };
        is_anywhere || front.ends_with("::") || front.ends_with(" as ")
    })
}

/// Whether a text may have a label: alone in quotes, or in the text of an array.
fn may_have_label(text: &str, label: &str) -> bool {
    let inner = label.replace('\'', "''");
    // The text of an array writes some characters otherwise.
    let is_in_array = || text.contains('{') && (text.contains(&inner) || label.contains(['"', '\\']));
    text.contains(&format!("'{inner}'")) || is_in_array()
}

/// Whether a text has a name as a word of its own that what is before it, in small letters, lets be meant.
fn has_word(text: &str, name: &str, is_meant: &dyn Fn(&str) -> bool) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    // As a quoted identifier has it, each of its quotes twice.
    let (text, name) = (text.to_lowercase(), name.to_lowercase().replace('"', "\"\""));
    text.match_indices(&name).any(|(at, found)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + found.len()..).and_then(|after| after.chars().next());
        !before.chars().next_back().is_some_and(is_part) && !after.is_some_and(is_part) && is_meant(before)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_found_with_and_without_its_cast() {
        for (text, label) in [
            ("'a'", Some("'a'")),
            (" 'it''s'::mood ", Some("'it''s'")),
            ("'a'::\"my mood\"", Some("'a'")),
            ("'a'::text::mood", None),
            ("'a' || 'b'", None),
            ("upper('a')", None),
            ("'a", None),
        ] {
            assert_eq!(plain_label(text), label, "{text}");
        }
    }

    fn named(text: &str, is_query: bool, schema: &str, name: &str) -> bool {
        names_type(&StoredText { of: String::new(), text, is_query }, schema, name)
    }

    #[test]
    fn a_type_is_named_behind_a_cast_and_by_its_own_schema() {
        let texts = [
            ("x::mood", true, true),
            ("x::s.mood[]", true, true),
            ("x::\"S\".\"mood\"", true, true),
            ("CAST(x AS s.mood)", true, true),
            ("x::public.mood", false, false),
            ("t.mood > 1", false, false),
            ("mood <> 'sad'", false, true),
            ("x :: mood", false, true),
            ("'mood'::regtype", true, true),
            ("t.mood > 'a'::s.mood", true, true),
        ];
        for (text, in_expression, in_query) in texts {
            assert_eq!(named(text, false, "s", "mood"), in_expression, "{text}");
            assert_eq!(named(text, true, "s", "mood"), in_query, "{text}");
        }
        assert!(named("x::\"a\"\"b\"", false, "public", "a\"b"));
    }

    #[test]
    fn a_label_is_found_in_quotes_and_in_arrays() {
        for (text, is_there) in
            [("'sad'::mood", true), ("'{ok,sad}'::mood[]", true), ("sad > 1", false), ("'sadder'", false)]
        {
            assert_eq!(may_have_label(text, "sad"), is_there, "{text}");
        }
        assert!(may_have_label("'it''s'", "it's") && may_have_label("'{\"a\\\\b\"}'", "a\\b"));
    }

    #[test]
    fn a_name_is_found_as_a_word() {
        for (text, is_named) in
            [("'a'::mood", true), ("CAST(x AS \"Mood\")", true), ("moody > 1", false), ("public.mood 'a'", true)]
        {
            assert_eq!(names_word(text, "mood"), is_named, "{text}");
        }
    }
}
