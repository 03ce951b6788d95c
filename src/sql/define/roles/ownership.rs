//! ALTER … OWNER TO, REASSIGN OWNED and DROP OWNED.

use crate::db::{Cancel, Catalog, SchemaPlace, SearchPath, no_schema};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{
    AclTarget, CollectionId, CollectionKind, ObjectAcl, ObjectKind, Permission, RelationName, RelationRef, RoleId,
    SchemaId,
};
use crate::sql::define::roles::definition::Acting;
use crate::sql::parse::roles::role_text::{OwnedKind, RoleWord};
use crate::statement::{check_creation, check_owner_of, described_object, must_be_owner, permission_denied};

/// An object with an owner.
struct Owned {
    object: CollectionId,
    /// Where somebody has to be able to make the like; `None` for a schema.
    schema: Option<SchemaId>,
    /// The sequence of a column that is meant, whose owner is the table's.
    sequence: Option<String>,
}

/// ALTER … OWNER TO; the command tag.
///
/// # Errors
/// 42P01, 3F000 and 42704 for what is not there, 42809 for an object of another kind, 42501 for whoever may not, 0A000 for what stays the
/// first superuser's.
pub(super) fn set_owner(
    (kind, name, if_exists): (OwnedKind, &[String], bool),
    owner: &RoleWord,
    acting: &mut Acting<'_>,
) -> Result<&'static str> {
    let tag = match kind {
        OwnedKind::Table => "ALTER TABLE",
        OwnedKind::View => "ALTER VIEW",
        OwnedKind::MaterializedView => "ALTER MATERIALIZED VIEW",
        OwnedKind::Sequence => "ALTER SEQUENCE",
        OwnedKind::Schema => "ALTER SCHEMA",
        OwnedKind::Type => "ALTER TYPE",
        OwnedKind::Domain => "ALTER DOMAIN",
        OwnedKind::Database => "ALTER DATABASE",
    };
    let found = match find(kind, name, acting) {
        Err(error) if if_exists && matches!(error.kind(), ErrorKind::UndefinedTable | ErrorKind::UndefinedSchema) => {
            let message = format!("relation \"{}\" does not exist, skipping", name.last().map_or("", String::as_str));
            acting.transaction.notices.push(Notice::new(message));
            return Ok(tag);
        }
        found => found?,
    };
    let owner = acting.role(owner)?;
    give(&found, owner, acting)?;
    Ok(tag)
}

fn find(kind: OwnedKind, name: &[String], acting: &Acting<'_>) -> Result<Owned> {
    let catalog = acting.transaction.catalog();
    let path = SearchPath::of(acting.settings, catalog);
    let last = name.last().map_or("", String::as_str);
    match kind {
        OwnedKind::Schema => {
            let (_, object) = acting.names().schema(last)?;
            Ok(Owned { object, schema: None, sequence: None })
        }
        OwnedKind::Database => {
            acting.names().database(last)?;
            Ok(Owned { object: ObjectAcl::DATABASE, schema: None, sequence: None })
        }
        OwnedKind::Type | OwnedKind::Domain => {
            let schemas: Vec<SchemaId> = match name {
                [schema, _] => match catalog.schema(schema, path.own()) {
                    Some(SchemaPlace::Stored(schema)) => vec![schema],
                    Some(SchemaPlace::System(_)) => Vec::new(),
                    None => return Err(no_schema(schema)),
                },
                _ => path
                    .places()
                    .iter()
                    .filter_map(|place| match place {
                        SchemaPlace::Stored(schema) => Some(*schema),
                        SchemaPlace::System(_) => None,
                    })
                    .collect(),
            };
            let ty = schemas.into_iter().find_map(|schema| catalog.user_type(RelationRef { schema, name: last }));
            if let Some(ty) = ty.filter(|ty| kind == OwnedKind::Domain && ty.domain.is_none()) {
                return Err(Error::new(ErrorKind::WrongObjectType, format!("{} is not a domain", ty.name())));
            }
            ty.map(|ty| Owned { object: ty.id, schema: Some(ty.schema), sequence: None }).ok_or_else(|| {
                Error::new(ErrorKind::UndefinedObject, format!("type \"{}\" does not exist", name.join(".")))
            })
        }
        OwnedKind::Table | OwnedKind::View | OwnedKind::MaterializedView | OwnedKind::Sequence => {
            let found = acting.names().relation(name)?;
            let wanted = match kind {
                OwnedKind::View => "view",
                OwnedKind::MaterializedView => "materialized view",
                OwnedKind::Sequence => "sequence",
                _ => found.kind,
            };
            if found.kind != wanted {
                let message = format!("\"{}\" is not a {wanted}", found.name);
                return Err(Error::new(ErrorKind::WrongObjectType, message));
            }
            let object = found.target.object;
            let sequence = found.target.column.map(|_| found.name);
            Ok(Owned { object, schema: Some(schema_of(catalog, object)), sequence })
        }
    }
}

fn schema_of(catalog: &Catalog, object: CollectionId) -> SchemaId {
    let collection = catalog.collection_by_id(object).map(|collection| collection.schema);
    let view = || catalog.view_by_id(object).map(|view| view.schema);
    let sequence = || catalog.sequence_by_id(object).map(|sequence| sequence.schema);
    let ty = || catalog.user_type_by_id(object).map(|ty| ty.schema);
    collection.or_else(view).or_else(sequence).or_else(ty).unwrap_or_default()
}

/// Gives an object to another owner.
fn give(found: &Owned, owner: RoleId, acting: &mut Acting<'_>) -> Result<()> {
    let (who, object) = (acting.who(), found.object);
    let catalog = acting.transaction.catalog();
    if catalog.owner(object) == owner {
        return Ok(());
    }
    if let Some(sequence) = &found.sequence {
        let (_, table) = described_object(catalog, object);
        let error = Error::new(ErrorKind::Unsupported, "cannot change owner of sequence");
        return Err(error.with_detail(format!("Sequence \"{sequence}\" is linked to table \"{table}\".")));
    }
    if catalog.collection_by_id(object).is_some_and(|collection| collection.kind != CollectionKind::Table) {
        return Err(Error::unsupported(
            "a default collection keeps its owner",
            "GRANT on memory gives others their rights; auth is its owner's alone.",
        ));
    }
    if !catalog.is_superuser(who) {
        check_owned(object, acting)?;
        if !catalog.may_become(who, owner) {
            let message = format!("must be able to SET ROLE \"{}\"", acting.name(owner));
            return Err(Error::new(ErrorKind::InsufficientPrivilege, message));
        }
        match found.schema {
            Some(schema) => check_creation(catalog, owner, schema)?,
            None => {
                let database = AclTarget::whole(ObjectKind::Database, ObjectAcl::DATABASE);
                if !catalog.may(who, database, Permission::Create) {
                    return Err(permission_denied("database", "nebulus"));
                }
            }
        }
    }
    let with: Vec<CollectionId> = catalog.sequences_owned_by(object).map(|sequence| sequence.id).collect();
    for object in std::iter::once(object).chain(with) {
        acting.transaction.set_owner(object, owner);
    }
    Ok(())
}

fn check_owned(object: CollectionId, acting: &Acting<'_>) -> Result<()> {
    let catalog = acting.transaction.catalog();
    match object {
        ObjectAcl::PUBLIC_SCHEMA if !catalog.owns(acting.who(), object) => Err(must_be_owner("schema", "public")),
        ObjectAcl::DATABASE if !catalog.owns(acting.who(), object) => Err(must_be_owner("database", "nebulus")),
        object => check_owner_of(catalog, acting.who(), object),
    }
}

/// Refuses roles that whoever acts does not act for.
fn check_roles(roles: &[RoleId], what: &str, acting: &Acting<'_>) -> Result<()> {
    for role in roles {
        if !acting.transaction.catalog().acts_for(acting.who(), *role) {
            let name = acting.name(*role);
            let message = format!("permission denied to {what} objects");
            let detail = format!("Only roles with privileges of role \"{name}\" may {what} objects owned by it.");
            return Err(Error::new(ErrorKind::InsufficientPrivilege, message).with_detail(detail));
        }
        if role.is_bootstrap() {
            let message = format!(
                "cannot {what} objects owned by role {} because they are required by the database system",
                acting.name(*role)
            );
            return Err(Error::new(ErrorKind::DependentObjects, message));
        }
    }
    Ok(())
}

/// What roles own.
fn owned_by(roles: &[RoleId], acting: &Acting<'_>) -> Vec<CollectionId> {
    let acls = acting.transaction.catalog().acls();
    acls.filter(|(_, acl)| roles.contains(&acl.owner)).map(|(object, _)| object).collect()
}

/// REASSIGN OWNED.
///
/// # Errors
/// 42704, 42501 for whoever does not act for all of the roles, 2BP01 for what the first superuser owns.
pub(super) fn reassign_owned(roles: &[RoleWord], to: &RoleWord, acting: &mut Acting<'_>) -> Result<()> {
    let roles = acting.roles(roles)?;
    check_roles(&roles, "reassign", acting)?;
    let to = acting.role(to)?;
    if !acting.transaction.catalog().acts_for(acting.who(), to) {
        let detail = format!("Only roles with privileges of role \"{}\" may reassign objects to it.", acting.name(to));
        let message = "permission denied to reassign objects";
        return Err(Error::new(ErrorKind::InsufficientPrivilege, message).with_detail(detail));
    }
    for object in owned_by(&roles, acting) {
        acting.transaction.set_owner(object, to);
    }
    Ok(())
}

/// DROP OWNED: what roles own is dropped, and what was granted to them is taken back.
///
/// # Errors
/// As [`reassign_owned`]; 2BP01 for what others need without `cascade`.
pub(super) fn drop_owned(roles: &[RoleWord], cascade: bool, acting: &mut Acting<'_>) -> Result<()> {
    let roles = acting.roles(roles)?;
    check_roles(&roles, "drop", acting)?;
    let objects = owned_by(&roles, acting);
    let catalog = acting.transaction.catalog();
    let mut views: Vec<RelationName> =
        objects.iter().filter_map(|id| catalog.view_by_id(*id)).map(|view| view.relation()).collect();
    // Those that read others come first.
    views.reverse();
    let tables: Vec<(CollectionId, RelationName)> = objects
        .iter()
        .filter_map(|id| catalog.collection_by_id(*id))
        .map(|table| (table.id, table.relation()))
        .collect();
    let sequences: Vec<RelationName> =
        objects.iter().filter_map(|id| catalog.sequence_by_id(*id)).map(|sequence| sequence.relation()).collect();
    let types: Vec<RelationName> =
        objects.iter().filter_map(|id| catalog.user_type_by_id(*id)).map(|ty| ty.relation()).collect();
    let schemas: Vec<String> =
        objects.iter().filter_map(|id| catalog.schema_by_id(*id)).map(|schema| schema.name.clone()).collect();
    let all: Vec<CollectionId> = objects.iter().copied().filter(|id| catalog.schema_by_id(*id).is_none()).collect();
    let relations: Vec<CollectionId> = tables.iter().map(|(id, _)| *id).collect();
    let (kept, tables): (Vec<_>, Vec<_>) = tables.into_iter().partition(|(id, _)| catalog.kept_view(*id).is_some());
    let with_views: Vec<CollectionId> =
        all.iter().copied().filter(|id| relations.contains(id) || catalog.view_by_id(*id).is_some()).collect();
    acting.transaction.drop_above(&with_views, cascade)?;
    for view in &views {
        if acting.transaction.catalog().view(view).is_some() {
            acting.transaction.drop_view(view)?;
        }
    }
    for (_, view) in &kept {
        acting.transaction.drop_materialized(view)?;
    }
    for (_, table) in &tables {
        acting.transaction.drop_collection(table, &relations, cascade)?;
    }
    for sequence in &sequences {
        if acting.transaction.catalog().sequence(sequence).is_some() {
            acting.transaction.drop_sequence(sequence, &crate::db::SequenceUses::default(), cascade)?;
        }
    }
    acting.transaction.drop_types(&types, cascade, &Cancel::new())?;
    acting.transaction.drop_schemas(&schemas, cascade)?;
    take_grants(&roles, acting)
}

/// Takes back what was granted to roles, and what they have granted.
fn take_grants(roles: &[RoleId], acting: &mut Acting<'_>) -> Result<()> {
    let acls: Vec<(CollectionId, ObjectAcl)> =
        acting.transaction.catalog().acls().map(|(object, acl)| (object, ObjectAcl::clone(acl))).collect();
    for (object, acl) in acls {
        let kept = |items: &[crate::model::AclItem]| {
            let is_kept = |item: &&crate::model::AclItem| {
                item.grantee.is_none_or(|grantee| !roles.contains(&grantee)) && !roles.contains(&item.grantor)
            };
            items.iter().filter(is_kept).cloned().collect::<Vec<_>>()
        };
        let kind = match object {
            ObjectAcl::PUBLIC_SCHEMA => ObjectKind::Schema,
            _ => ObjectKind::Relation,
        };
        // Which kind it is makes no difference to a list that is there.
        if let Some(items) = &acl.items {
            acting.transaction.set_acl(AclTarget::whole(kind, object), kept(items))?;
        }
        for (column, items) in &acl.sequences {
            let target = AclTarget { kind: ObjectKind::Sequence, object, column: Some(*column) };
            acting.transaction.set_acl(target, kept(items))?;
        }
    }
    Ok(())
}
