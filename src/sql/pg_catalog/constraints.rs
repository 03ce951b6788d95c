//! Constraints: the list of them, their rows in `pg_constraint`, and their texts.

use crate::db::{Catalog, SearchPath};
use crate::model::{Check, CheckTime, Collection, ForeignKey, Index, UniqueKey};
use crate::sql::pg_catalog::definitions::column_list;
use crate::sql::pg_catalog::domains::{domain_constraint, domain_constraints};
use crate::sql::pg_catalog::kept_texts::expression_in;
use crate::sql::pg_catalog::lookup::shown_name;
use crate::sql::pg_catalog::oids;
use crate::sql::pg_catalog::relation::{CatalogRow, numbers, oid, text};
use crate::types::Value;

/// One constraint of a collection.
#[derive(Clone, Debug)]
pub struct Constraint<'a> {
    pub oid: u32,
    pub name: String,
    pub kind: ConstraintKind<'a>,
    /// Positions of the columns.
    pub columns: Vec<usize>,
}

/// What a constraint says.
#[derive(Clone, Copy, Debug)]
pub enum ConstraintKind<'a> {
    PrimaryKey,
    Unique(&'a Index),
    Check(&'a Check),
    Foreign(&'a ForeignKey),
}

impl ConstraintKind<'_> {
    /// What the standard calls it.
    pub fn name(self) -> &'static str {
        match self {
            ConstraintKind::PrimaryKey => "PRIMARY KEY",
            ConstraintKind::Unique(_) => "UNIQUE",
            ConstraintKind::Check(_) => "CHECK",
            ConstraintKind::Foreign(_) => "FOREIGN KEY",
        }
    }

    pub fn is_key(self) -> bool {
        matches!(self, ConstraintKind::PrimaryKey | ConstraintKind::Unique(_))
    }

    /// When it is checked.
    pub fn timing(self) -> CheckTime {
        match self {
            ConstraintKind::Foreign(key) => key.timing,
            ConstraintKind::PrimaryKey | ConstraintKind::Unique(_) | ConstraintKind::Check(_) => CheckTime::Statement,
        }
    }

    fn letter(self) -> &'static str {
        match self {
            ConstraintKind::PrimaryKey => "p",
            ConstraintKind::Unique(_) => "u",
            ConstraintKind::Check(_) => "c",
            ConstraintKind::Foreign(_) => "f",
        }
    }

    fn is_validated(self) -> bool {
        match self {
            ConstraintKind::PrimaryKey | ConstraintKind::Unique(_) => true,
            ConstraintKind::Check(check) => check.validated,
            ConstraintKind::Foreign(key) => key.validated,
        }
    }
}

/// The constraints of a collection, the primary key first.
pub fn constraints(collection: &Collection) -> Vec<Constraint<'_>> {
    let mut all = Vec::new();
    if !collection.primary_key.is_empty() {
        all.push(Constraint {
            oid: oids::constraint_oid(collection.id),
            name: collection.primary_key_name(),
            kind: ConstraintKind::PrimaryKey,
            columns: collection.primary_key.clone(),
        });
    }
    for index in &collection.indexes {
        if index.is_constraint() {
            let (oid, name) = (oids::constraint_oid(index.id), index.name.clone());
            let columns = index.kind.key_positions().into_iter().flatten().collect();
            all.push(Constraint { oid, name, kind: ConstraintKind::Unique(index), columns });
        }
    }
    for check in &collection.checks {
        let (oid, columns) = (oids::constraint_oid(check.id), collection.positions_of(&check.columns));
        all.push(Constraint { oid, name: check.name.clone(), kind: ConstraintKind::Check(check), columns });
    }
    for key in &collection.foreign_keys {
        let (oid, columns) = (oids::constraint_oid(key.id), collection.positions_of(&key.columns));
        all.push(Constraint { oid, name: key.name.clone(), kind: ConstraintKind::Foreign(key), columns });
    }
    all
}

/// The rows of `pg_constraint`.
pub fn constraint(catalog: &Catalog) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for collection in catalog.collections() {
        rows.extend(constraints(collection).iter().map(|constraint| row(catalog, collection, constraint)));
        rows.extend((0..collection.columns.len()).filter_map(|position| not_null_row(collection, position)));
    }
    rows.extend(domain_constraints(catalog));
    rows
}

/// A column that is never NULL, as the constraint that PostgreSQL makes of it.
fn not_null_row(collection: &Collection, position: usize) -> Option<CatalogRow> {
    let column = collection.columns.get(position)?;
    if !column.not_null && !collection.primary_key.contains(&position) {
        return None;
    }
    Some(vec![
        ("oid", oid(oids::column_oid(collection, position))),
        ("conname", text(format!("{}_{}_not_null", collection.name, column.name))),
        ("connamespace", oid(oids::schema_oid(collection.schema))),
        ("contype", text("n")),
        ("conenforced", Value::Bool(true)),
        ("convalidated", Value::Bool(true)),
        ("conrelid", oid(collection.oid())),
        ("conislocal", Value::Bool(true)),
        ("conkey", numbers([oids::attribute_number(Some(collection), position)])),
        ("confupdtype", text(" ")),
        ("confdeltype", text(" ")),
        ("confmatchtype", text(" ")),
    ])
}

fn row(catalog: &Catalog, collection: &Collection, constraint: &Constraint<'_>) -> CatalogRow {
    let Constraint { oid: own, name, kind, columns } = constraint;
    let index = match kind {
        ConstraintKind::PrimaryKey => oids::primary_key_oid(collection),
        ConstraintKind::Unique(index) => index.id.oid(),
        ConstraintKind::Check(_) => 0,
        ConstraintKind::Foreign(key) => unique_key(catalog, key).map_or(0, |(_, oid)| oid),
    };
    let timing = kind.timing();
    let mut row = vec![
        ("oid", oid(*own)),
        ("conname", text(name)),
        ("connamespace", oid(oids::schema_oid(collection.schema))),
        ("contype", text(kind.letter())),
        ("condeferrable", Value::Bool(timing.is_deferrable())),
        ("condeferred", Value::Bool(timing == CheckTime::Deferred)),
        ("conenforced", Value::Bool(true)),
        ("convalidated", Value::Bool(kind.is_validated())),
        ("conrelid", oid(collection.oid())),
        ("conindid", oid(index)),
        ("conislocal", Value::Bool(true)),
        ("connoinherit", Value::Bool(!matches!(kind, ConstraintKind::Check(_)))),
        ("conkey", numbers(columns.iter().map(|column| oids::attribute_number(Some(collection), *column)))),
    ];
    let parent = match kind {
        ConstraintKind::Foreign(key) => catalog.collection_by_id(key.parent).map(|parent| (key, parent)),
        _ => None,
    };
    match parent {
        None => row.extend(["confupdtype", "confdeltype", "confmatchtype"].map(|name| (name, text(" ")))),
        Some((key, parent)) => {
            let theirs = parent.positions_of(&key.parent_columns);
            row.extend([
                ("confrelid", oid(parent.oid())),
                ("confupdtype", text(key.on_update.letter())),
                ("confdeltype", text(key.on_delete.letter())),
                ("confmatchtype", text("s")),
                ("confkey", numbers(theirs.iter().map(|column| oids::attribute_number(Some(parent), *column)))),
            ]);
        }
    }
    if let ConstraintKind::Check(check) = kind {
        row.push(("conbin", text(&check.expression)));
    }
    row
}

/// The constraint or index that a foreign key refers to: its name and the OID of its index.
pub fn unique_key(catalog: &Catalog, key: &ForeignKey) -> Option<(String, u32)> {
    let parent = catalog.collection_by_id(key.parent)?;
    match parent.unique_key_over(&key.parent_columns)?.0 {
        UniqueKey::Primary => Some((parent.primary_key_name(), oids::primary_key_oid(parent))),
        UniqueKey::Index(index) => {
            let index = parent.index(index)?;
            Some((index.name.clone(), index.id.oid()))
        }
    }
}

/// The text of the constraint of that OID.
pub fn constraint_definition(catalog: &Catalog, path: &SearchPath, oid: u32, is_pretty: bool) -> Option<String> {
    let of_table = catalog.collections().find_map(|collection| {
        let constraint = constraints(collection).into_iter().find(|constraint| constraint.oid == oid)?;
        definition((catalog, path), collection, &constraint, is_pretty)
    });
    of_table.or_else(|| domain_constraint(oid, is_pretty, path, catalog))
}

fn definition(
    (catalog, path): (&Catalog, &SearchPath),
    collection: &Collection,
    constraint: &Constraint<'_>,
    is_pretty: bool,
) -> Option<String> {
    let mut written = match constraint.kind {
        ConstraintKind::PrimaryKey | ConstraintKind::Unique(_) => {
            let nulls = match constraint.kind {
                ConstraintKind::Unique(index) if index.kind.counts_nulls() => " NULLS NOT DISTINCT",
                _ => "",
            };
            format!("{}{nulls} ({})", constraint.kind.name(), column_list(collection, &constraint.columns))
        }
        ConstraintKind::Check(check) => {
            let condition = expression_in(&check.expression, path, catalog);
            if is_pretty { format!("CHECK ({condition})") } else { format!("CHECK (({condition}))") }
        }
        ConstraintKind::Foreign(key) => {
            let parent = catalog.collection_by_id(key.parent)?;
            let own = column_list(collection, &constraint.columns);
            let theirs = column_list(parent, &parent.positions_of(&key.parent_columns));
            let name = shown_name(&parent.relation(), path, catalog);
            let mut written = format!("FOREIGN KEY ({own}) REFERENCES {name}({theirs})");
            for (event, action) in [("UPDATE", key.on_update), ("DELETE", key.on_delete)] {
                if action.letter() != "a" {
                    written.push_str(&format!(" ON {event} {}", action.name()));
                }
            }
            written
        }
    };
    match constraint.kind.timing() {
        CheckTime::Statement => {}
        CheckTime::Deferrable => written.push_str(" DEFERRABLE"),
        CheckTime::Deferred => written.push_str(" DEFERRABLE INITIALLY DEFERRED"),
    }
    if !constraint.kind.is_validated() {
        written.push_str(" NOT VALID");
    }
    Some(written)
}

/// Whether triggers would stand on a collection in PostgreSQL: those of foreign keys, which clients ask for first.
pub fn has_references(catalog: &Catalog, collection: &Collection) -> bool {
    !collection.foreign_keys.is_empty() || !catalog.references_to(collection.id).is_empty()
}
