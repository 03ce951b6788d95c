//! Where a name without a schema is looked for, and where a new relation goes: PostgreSQL's `search_path`.
//!
//! As there, a session's temporary relations come first and `pg_catalog` next, unless the setting names them; schemas that are not
//! there are passed over. So is `"$user"` where it means the server's own schema `nebulus`, in which nobody may make anything.

use crate::db::catalog::catalog::Catalog;
use crate::db::catalog::schemas::SchemaPlace;
use crate::model::{RelationName, RelationRef, SchemaId};
use crate::settings::{SessionIdentity, Settings, identifiers};

/// What stands for a schema of the user's name.
const OF_USER: &str = "$user";
const CATALOG: SchemaPlace = SchemaPlace::System("pg_catalog");

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
        let named = match settings.search_path() {
            None => vec![SchemaPlace::Stored(SchemaId::Public)],
            Some(text) => named(text, settings, catalog),
        };
        let mut places = Vec::with_capacity(named.len() + 2);
        if catalog.has_relations(own) && !named.contains(&SchemaPlace::Stored(own)) {
            places.push(SchemaPlace::Stored(own));
        }
        if !named.contains(&CATALOG) {
            places.push(CATALOG);
        }
        let implied = places.len();
        places.extend(named);
        SearchPath { places, implied, own }
    }

    /// The path in which stored definitions are read: what they name elsewhere, they name with its schema.
    pub fn of_definitions() -> SearchPath {
        let places = vec![CATALOG, SchemaPlace::Stored(SchemaId::Public)];
        SearchPath { places, implied: 1, own: SchemaId::Public }
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

/// The schemas of a setting that are there, each once.
fn named(text: &str, settings: &Settings, catalog: &Catalog) -> Vec<SchemaPlace> {
    let own = SchemaId::Temporary(settings.backend_id);
    let mut places: Vec<SchemaPlace> = Vec::new();
    for name in identifiers(text).unwrap_or_default() {
        let place = match name == OF_USER {
            true => catalog
                .schema(&catalog.role_name(settings.identity().current), own)
                .filter(|place| matches!(place, SchemaPlace::Stored(_))),
            false => catalog.schema(&name, own),
        };
        places.extend(place.filter(|place| !places.contains(place)));
    }
    places
}

/// What must be the same for the names of a statement to mean the same again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamesSeen {
    /// `search_path`; `None` for the default one.
    path: Option<String>,
    /// Which change of names was the last one; `None` where all were found in `public` by the default path, in which nothing but
    /// a temporary relation can come before them.
    version: Option<(u64, u64)>,
    /// For whom: functions tell who asks, and `$user` means another schema for another role.
    identity: SessionIdentity,
}

impl NamesSeen {
    /// Notes what names are found by; `is_beyond` says that some are of other schemas than `public`.
    pub fn new(settings: &Settings, catalog: &Catalog, is_beyond: bool) -> NamesSeen {
        let path = settings.search_path().map(str::to_string);
        let version = (is_beyond || path.is_some()).then(|| version(settings, catalog));
        let version = version.or_else(|| of_temporary(settings, catalog));
        NamesSeen { path, version, identity: *settings.identity() }
    }

    /// Whether the names mean the same by these settings and this catalog.
    pub fn hold(&self, settings: &Settings, catalog: &Catalog) -> bool {
        let is_same = match self.version {
            None => of_temporary(settings, catalog).is_none(),
            Some(seen) => seen == version(settings, catalog),
        };
        is_same && self.identity == *settings.identity() && self.path.as_deref() == settings.search_path()
    }
}

fn version(settings: &Settings, catalog: &Catalog) -> (u64, u64) {
    catalog.names_version(SchemaId::Temporary(settings.backend_id))
}

/// The version where the session has temporary relations.
fn of_temporary(settings: &Settings, catalog: &Catalog) -> Option<(u64, u64)> {
    catalog.has_relations(SchemaId::Temporary(settings.backend_id)).then(|| version(settings, catalog))
}
