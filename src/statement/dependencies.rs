//! What a plan is made of: which objects the statement touches, and what must not change for the plan to hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::db::Catalog;
use crate::model::{Collection, CollectionId, RoleId, SchemaId};

/// An object that a statement touches, and what it does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    pub object: TouchedObject,
    pub privilege: Privilege,
    /// Whose rights count, where a view is read with those of its owner; `None` for whoever runs the statement.
    pub by: Option<RoleId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TouchedObject {
    /// A collection, view or sequence.
    Collection(CollectionId),
    /// A relation of the system.
    System { schema: &'static str, name: &'static str },
    /// The catalog as a whole: what is made or dropped in it.
    Catalog,
    /// The networks of this node.
    Networks,
    /// Logins.
    Roles,
}

/// What a statement does to an object, in the terms of GRANT; what only an owner may do is `Own`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    Select,
    Insert,
    Update,
    Delete,
    Truncate,
    References,
    Maintain,
    Create,
    Own,
}

/// What must not have changed for a plan to hold.
#[derive(Clone, Debug, Default)]
pub enum DependsOn {
    #[default]
    Nothing,
    /// These collections, as they were.
    Collections(Vec<Arc<Collection>>),
    /// The catalog, as it was.
    Catalog(Arc<Catalog>),
    /// The moment in which it was made: it holds something of the view that it was planned with.
    Moment,
}

impl DependsOn {
    /// Whether a plan still holds with this catalog.
    pub fn is_current(&self, catalog: &Arc<Catalog>) -> bool {
        let is_same = |collection: &Arc<Collection>| {
            catalog.collection_by_id(collection.id).is_some_and(|now| Arc::ptr_eq(now, collection))
        };
        match self {
            DependsOn::Nothing => true,
            DependsOn::Collections(collections) => collections.iter().all(is_same),
            DependsOn::Catalog(before) => Arc::ptr_eq(before, catalog),
            DependsOn::Moment => false,
        }
    }

    fn and(self, other: DependsOn) -> DependsOn {
        match (self, other) {
            (DependsOn::Moment, _) | (_, DependsOn::Moment) => DependsOn::Moment,
            (catalog @ DependsOn::Catalog(_), _) | (_, catalog @ DependsOn::Catalog(_)) => catalog,
            (DependsOn::Nothing, other) | (other, DependsOn::Nothing) => other,
            (DependsOn::Collections(mut all), DependsOn::Collections(more)) => {
                all.extend(more);
                DependsOn::Collections(all)
            }
        }
    }
}

/// What planning notes of a statement. Plans inside of its plan note theirs here, too.
#[derive(Debug, Default)]
pub struct PlanNotes {
    noted: Mutex<(Vec<Touch>, DependsOn)>,
    /// It names relations of other schemas than `public`.
    names_others: AtomicBool,
}

impl PlanNotes {
    /// The statement does something to an object.
    pub fn touch(&self, object: TouchedObject, privilege: Privilege) {
        self.touch_as(object, privilege, None);
    }

    /// The statement does something to an object with the rights of a role, or with those of whoever runs it.
    pub fn touch_as(&self, object: TouchedObject, privilege: Privilege, by: Option<RoleId>) {
        let touch = Touch { object, privilege, by };
        let touches = &mut self.noted.lock().0;
        if !touches.contains(&touch) {
            touches.push(touch);
        }
    }

    /// The statement does something to a collection, and the plan holds while that is as it is.
    pub fn touch_collection(&self, collection: &Arc<Collection>, privilege: Privilege) {
        self.touch(TouchedObject::Collection(collection.id), privilege);
        self.depend_on(DependsOn::Collections(vec![Arc::clone(collection)]));
    }

    /// The plan holds as long as this does, besides what was noted before.
    pub fn depend_on(&self, what: DependsOn) {
        let noted = &mut self.noted.lock().1;
        *noted = std::mem::take(noted).and(what);
    }

    /// The statement names a relation of another schema than `public`.
    pub fn note_schema(&self, schema: SchemaId) {
        if !schema.is_public() {
            self.names_others.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it names relations of other schemas than `public`.
    pub fn names_others(&self) -> bool {
        self.names_others.load(Ordering::Relaxed)
    }

    /// What it touches, and what it depends on.
    pub fn into_parts(self) -> (Vec<Touch>, DependsOn) {
        self.noted.into_inner()
    }
}
