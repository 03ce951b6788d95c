//! What COMMENT ON has said: `pg_description`, and the functions that read it.

use crate::db::Catalog;
use crate::model::{CollectionId, CommentedPart, Comments};
use crate::sql::pg_catalog::oids::{self, DATABASE_OID, NAMESPACE_PUBLIC};
use crate::sql::pg_catalog::relation::{CatalogRow, oid, text};
use crate::types::Value;

/// The catalogs whose objects have comments, by OID.
pub const CLASS_CATALOG: u32 = 1259;
pub const NAMESPACE_CLASS: u32 = 2615;
const DATABASE_CLASS: u32 = 1262;
pub const EXTENSION_CATALOG: u32 = 3079;

/// A comment with what it is on: catalog, object, and column or 0.
struct Described<'a> {
    catalog: u32,
    object: u32,
    column: i32,
    text: &'a str,
}

/// What the parts of a relation are in the catalogs; parts that are gone are left out.
fn described<'a>(catalog: &Catalog, relation: CollectionId, comments: &'a Comments) -> Vec<Described<'a>> {
    let collection = catalog.collection_by_id(relation);
    let place = |part: CommentedPart| match (part, collection) {
        (CommentedPart::Relation, _) => Some((CLASS_CATALOG, relation.oid(), 0)),
        (CommentedPart::Column(id), Some(collection)) => {
            collection.position_of(id).map(|_| (CLASS_CATALOG, relation.oid(), i32::from(id.attribute())))
        }
        (CommentedPart::Column(id), None) => Some((CLASS_CATALOG, relation.oid(), i32::from(id.attribute()))),
        (CommentedPart::Index(id), Some(collection)) if id == relation => {
            Some((CLASS_CATALOG, oids::primary_key_oid(collection), 0))
        }
        (CommentedPart::Index(id), Some(collection)) => {
            collection.index(id).map(|index| (CLASS_CATALOG, index.id.oid(), 0))
        }
        (CommentedPart::Sequence(id), Some(collection)) => {
            collection.position_of(id).map(|position| (CLASS_CATALOG, oids::column_oid(collection, position), 0))
        }
        (CommentedPart::Schema, _) if relation == Comments::OF_NODE => Some((NAMESPACE_CLASS, NAMESPACE_PUBLIC, 0)),
        (CommentedPart::Schema, _) => Some((NAMESPACE_CLASS, relation.oid(), 0)),
        (CommentedPart::Database, _) => Some((DATABASE_CLASS, DATABASE_OID, 0)),
        (CommentedPart::Extension(number), _) => Some((EXTENSION_CATALOG, number, 0)),
        (CommentedPart::Index(_) | CommentedPart::Sequence(_), None) => None,
    };
    let found = comments.iter().filter_map(|(part, text)| Some((place(part)?, text)));
    found.map(|((catalog, object, column), text)| Described { catalog, object, column, text }).collect()
}

/// The rows of `pg_description`, or of `pg_shdescription`.
pub fn descriptions(catalog: &Catalog, is_shared: bool) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for (relation, comments) in catalog.comments() {
        for Described { catalog, object, column, text: said } in described(catalog, relation, comments) {
            if (catalog == DATABASE_CLASS) != is_shared {
                continue;
            }
            let mut row = vec![("objoid", oid(object)), ("classoid", oid(catalog)), ("description", text(said))];
            if !is_shared {
                row.push(("objsubid", Value::Int4(column)));
            }
            rows.push(row);
        }
    }
    rows
}

/// The comment on an object or, from 1, a column of it; of the catalog of that name where one is given.
pub fn comment_on(catalog: &Catalog, object: u32, column: i32, of: Option<&str>) -> Option<String> {
    let wanted = match of {
        None => None,
        Some("pg_class") => Some(CLASS_CATALOG),
        Some("pg_namespace") => Some(NAMESPACE_CLASS),
        Some("pg_database") => Some(DATABASE_CLASS),
        Some("pg_extension") => Some(EXTENSION_CATALOG),
        Some(_) => return None,
    };
    let find = |relation: CollectionId, comments: &Comments| {
        let all = described(catalog, relation, comments);
        let mut fitting = all.into_iter().filter(|each| {
            each.object == object && each.column == column && wanted.is_none_or(|wanted| wanted == each.catalog)
        });
        fitting.next().map(|each| each.text.to_string())
    };
    let relation = CollectionId::of_oid(object);
    let own = catalog.comments_on(relation).and_then(|comments| find(relation, comments));
    // Indexes and sequences are described with their table.
    own.or_else(|| catalog.comments().find_map(|(relation, comments)| find(relation, comments)))
}
