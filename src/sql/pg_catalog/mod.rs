//! PostgreSQL's system catalogs and information schema, made from the collections a statement sees.
//!
//! A statement names `pg_class`; [`schema`] hands DataFusion a schema whose `table` builds just that relation as a small
//! batch: `relation` knows the columns PostgreSQL 18 gives it (`columns.txt`), `relations`, `types`, `cluster`, `views` and
//! `information` fill in the rows. A relation nobody fills is empty with the right columns. OIDs (`oids`) follow from the
//! numbers of collections and columns, so that they survive a restart. [`rewrite`] turns what psql, drivers and tools send
//! into what the planner takes; `definitions` writes the text of indexes, constraints and defaults. `lookup` finds the relations that statements name. `set_functions` are
//! functions that return the rows of a catalog.
//!
//! The schema `nebulus` shows what [`NetworkTable`](crate::db::NetworkTable) knows of networks in the same way.
//!
//! The catalogs are read-only. Rows of data and privileges beyond one owner are left to others.

mod cluster;
mod comments;
mod constraint_views;
mod constraints;
mod definitions;
mod dependencies;
mod domains;
mod information;
mod kept_texts;
mod locks;
mod lookup;
mod names;
mod oids;
mod plain_view;
mod procedures;
mod relation;
mod relations;
mod roles;
mod schema;
mod sequences;
mod set_functions;
mod statistics;
mod types;
mod user_types;
mod views;

pub use cluster::extension_oid;
pub use comments::comment_on;
pub use constraints::constraint_definition;
pub use definitions::{index_column, index_definition};
pub use lookup::{
    Meant, find_by_path, find_in_definition, find_relation, find_stored, find_user_type, full_name, is_in_schema,
    is_visible, made_type_named, meant_domain, meant_type, named_object, path_of, planner_name, type_of_oid,
    type_place, written_name, written_type,
};
pub use names::{
    check_database, check_schema, class_name, find_class, find_namespace, find_type, is_in_made_schema, namespace_name,
};
pub use oids::{Object, schema_oid};
pub use plain_view::{PlainView, plain_view, view_query};
pub use procedures::{find as find_procedure, function_signature, procedure_name};
pub use roles::{permissions, permissions_on, target_of};

pub use relations::columns;

pub use schema::schema;
pub use sequences::{sequence_of, sequence_table};
pub use set_functions::{is_set_function, set_function};
pub use user_types::{find_any_type, is_type_visible, shown_type, type_named};
pub use views::view_definition;
