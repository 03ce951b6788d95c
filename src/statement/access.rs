//! Who may run a statement: its touches against what the catalog says of roles and privileges.
//!
//! It is looked at for every Execute, whatever its language, in the catalog that the statement sees; what was found is kept with the
//! plan, by the role and the last change of privileges. Definitions look for themselves when they are carried out.

use crate::db::{Catalog, SchemaPlace};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AclTarget, CollectionId, CollectionKind, ObjectKind, Permission, RoleId, SchemaId};
use crate::statement::dependencies::{Privilege, Touch, TouchedObject};

/// Relations of the system that a superuser alone reads.
const OF_SUPERUSERS: [&str; 2] = ["pg_authid", "pg_shadow"];
/// The schema that tells of networks and of what is staged.
const OF_NETWORKS: &str = "nebulus";

/// 42501 for an object of a kind.
pub fn permission_denied(kind: &str, name: &str) -> Error {
    Error::new(ErrorKind::InsufficientPrivilege, format!("permission denied for {kind} {name}"))
}

/// 42501 for whoever is no owner.
pub fn must_be_owner(kind: &str, name: &str) -> Error {
    Error::new(ErrorKind::InsufficientPrivilege, format!("must be owner of {kind} {name}"))
}

/// The kind and the name of an object, as messages have them.
pub fn described_object(catalog: &Catalog, object: CollectionId) -> (&'static str, String) {
    if let Some(collection) = catalog.collection_by_id(object) {
        (collection.kind_name(), collection.name.clone())
    } else if let Some(view) = catalog.view_by_id(object) {
        ("view", view.name.clone())
    } else if let Some(sequence) = catalog.sequence_by_id(object) {
        ("sequence", sequence.name.clone())
    } else if let Some(schema) = catalog.schema_by_id(object) {
        ("schema", schema.name.clone())
    } else if let Some(ty) = catalog.user_type_by_id(object) {
        ("type", ty.name().to_string())
    } else {
        ("object", object.oid().to_string())
    }
}

/// Refuses what somebody does not own.
///
/// # Errors
/// 42501.
pub fn check_owner_of(catalog: &Catalog, who: RoleId, object: CollectionId) -> Result<()> {
    if catalog.owns(who, object) {
        return Ok(());
    }
    let (kind, name) = described_object(catalog, object);
    Err(must_be_owner(kind, &name))
}

/// Refuses to make something in a schema.
///
/// # Errors
/// 42501.
pub fn check_creation(catalog: &Catalog, who: RoleId, schema: SchemaId) -> Result<()> {
    let (target, permission) = match Catalog::schema_object(schema) {
        Some(object) => (AclTarget::whole(ObjectKind::Schema, object), Permission::Create),
        None => (AclTarget::whole(ObjectKind::Database, crate::model::ObjectAcl::DATABASE), Permission::Temporary),
    };
    if catalog.may(who, target, permission) {
        return Ok(());
    }
    Err(match target.kind {
        ObjectKind::Schema => permission_denied("schema", &catalog.schema_name(schema)),
        _ => Error::new(
            ErrorKind::InsufficientPrivilege,
            "permission denied to create temporary tables in database \"nebulus\"",
        ),
    })
}

/// Refuses to look into a schema.
///
/// # Errors
/// 42501.
pub fn check_usage(catalog: &Catalog, who: RoleId, place: SchemaPlace) -> Result<()> {
    let is_open = match place {
        SchemaPlace::System(name) => name != OF_NETWORKS || catalog.is_superuser(who),
        SchemaPlace::Stored(schema) => Catalog::schema_object(schema)
            .is_none_or(|object| catalog.may(who, AclTarget::whole(ObjectKind::Schema, object), Permission::Usage)),
    };
    if is_open { Ok(()) } else { Err(permission_denied("schema", &catalog.place_name(place))) }
}

/// Refuses a privilege on a relation that somebody does not have.
///
/// # Errors
/// 42501.
pub fn check_relation(catalog: &Catalog, who: RoleId, object: CollectionId, permission: Permission) -> Result<()> {
    let is_secret = catalog.collection_by_id(object).is_some_and(|collection| collection.kind == CollectionKind::Auth);
    let is_sequence = catalog.sequence_by_id(object).is_some();
    let kind = if is_sequence { ObjectKind::Sequence } else { ObjectKind::Relation };
    let is_allowed = match is_secret {
        // Secrets are their owner's alone, whatever was granted.
        true => catalog.is_superuser(who),
        false => catalog.may(who, AclTarget::whole(kind, object), permission),
    };
    if is_allowed {
        return Ok(());
    }
    let (kind, name) = described_object(catalog, object);
    Err(permission_denied(kind, &name))
}

/// Whether somebody may run what touches these objects.
///
/// # Errors
/// 42501 with the first that it may not.
pub fn check_touches(touches: &[Touch], who: RoleId, catalog: &Catalog) -> Result<()> {
    for touch in touches {
        check_touch(touch, touch.by.unwrap_or(who), touch.by.is_some(), catalog)?;
    }
    Ok(())
}

fn check_touch(touch: &Touch, who: RoleId, is_below: bool, catalog: &Catalog) -> Result<()> {
    if catalog.is_superuser(who) {
        return Ok(());
    }
    match touch.object {
        TouchedObject::Collection(object) => {
            // What a view reads was found when it was made.
            if let Some(schema) = schema_of(catalog, object).filter(|_| !is_below) {
                check_usage(catalog, who, SchemaPlace::Stored(schema))?;
            }
            match touch.privilege.permission() {
                Some(permission) => check_relation(catalog, who, object, permission),
                None => check_owner_of(catalog, who, object),
            }
        }
        TouchedObject::System { schema, name } => {
            check_usage(catalog, who, SchemaPlace::System(schema))?;
            if OF_SUPERUSERS.contains(&name) {
                let kind = if name == "pg_shadow" { "view" } else { "table" };
                return Err(permission_denied(kind, name));
            }
            Ok(())
        }
        TouchedObject::Networks => Err(Error::new(ErrorKind::InsufficientPrivilege, "permission denied for networks")
            .with_detail("Networks, what is staged for them and backups are for roles with the SUPERUSER attribute.")),
        // Definitions and changes of roles look for themselves.
        TouchedObject::Catalog | TouchedObject::Roles => Ok(()),
    }
}

fn schema_of(catalog: &Catalog, object: CollectionId) -> Option<SchemaId> {
    let collection = catalog.collection_by_id(object).map(|collection| collection.schema);
    let view = || catalog.view_by_id(object).map(|view| view.schema);
    collection.or_else(view).or_else(|| catalog.sequence_by_id(object).map(|sequence| sequence.schema))
}

impl Privilege {
    /// What GRANT calls it; `None` for what an owner alone may do.
    fn permission(self) -> Option<Permission> {
        match self {
            Privilege::Select => Some(Permission::Select),
            Privilege::Insert => Some(Permission::Insert),
            Privilege::Update => Some(Permission::Update),
            Privilege::Delete => Some(Permission::Delete),
            Privilege::Truncate => Some(Permission::Truncate),
            Privilege::References => Some(Permission::References),
            Privilege::Maintain => Some(Permission::Maintain),
            Privilege::Create | Privilege::Own => None,
        }
    }
}
