//! Where a name without a schema is looked for, and where a new relation goes: PostgreSQL's `search_path`.
//!
//! As there, a session's temporary relations come first and `pg_catalog` next, unless the setting names them; schemas that are not
//! there are passed over.

use crate::db::catalog::catalog::Catalog;
use crate::db::catalog::schemas::SchemaPlace;
use crate::model::{RelationName, RelationRef, SchemaId};
use crate::settings::Settings;

/// The schemas that a statement looks for names in, in this order.
#[derive(Clone, Debug)]
pub struct SearchPath {
    places: Vec<SchemaPlace>,
    /// How many of them the setting does not name.
    implied: usize,
    /// The one with the temporary relations of the session.
    own: SchemaId,
}

impl SearchPath {
    /// The path of a session.
    pub fn of(settings: &Settings, catalog: &Catalog) -> SearchPath {
        let own = SchemaId::Temporary(settings.backend_id);
        let mut named: Vec<SchemaPlace> = Vec::new();
        for name in settings.search_path() {
            if let Some(place) = catalog.schema(&name, own)
                && !named.contains(&place)
            {
                named.push(place);
            }
        }
        let implied = [SchemaPlace::Stored(own), SchemaPlace::System("pg_catalog")];
        let mut places: Vec<SchemaPlace> = implied.into_iter().filter(|place| !named.contains(place)).collect();
        let implied = places.len();
        places.extend(named);
        SearchPath { places, implied, own }
    }

    /// The path in which stored definitions are read: what they name elsewhere, they name with its schema.
    pub fn of_definitions(settings: &Settings) -> SearchPath {
        let places = vec![SchemaPlace::System("pg_catalog"), SchemaPlace::Stored(SchemaId::Public)];
        SearchPath { places, implied: 1, own: SchemaId::Temporary(settings.backend_id) }
    }

    pub fn places(&self) -> &[SchemaPlace] {
        &self.places
    }

    /// Those that the setting names.
    pub fn named(&self) -> &[SchemaPlace] {
        self.places.get(self.implied..).unwrap_or_default()
    }

    /// The schema with the session's temporary relations.
    pub fn own(&self) -> SchemaId {
        self.own
    }

    /// Where a relation goes that is made without a schema; `None` where the path has no place for it.
    pub fn creation(&self) -> Option<SchemaPlace> {
        self.named().first().copied()
    }

    /// Whether a name without a schema finds this relation, a table, view or index.
    pub fn finds(&self, relation: RelationRef<'_>, catalog: &Catalog) -> bool {
        self.find(relation.name, catalog).is_some_and(|found| RelationRef::from(&found) == relation)
    }

    /// The stored relation that a name without a schema means.
    pub fn find(&self, name: &str, catalog: &Catalog) -> Option<RelationName> {
        let schemas = self.places.iter().filter_map(|place| match place {
            SchemaPlace::Stored(schema) => Some(*schema),
            SchemaPlace::System(_) => None,
        });
        let mut found = schemas.filter(|schema| catalog.is_taken(RelationRef { schema: *schema, name }));
        found.next().map(|schema| RelationName::new(schema, name))
    }
}
