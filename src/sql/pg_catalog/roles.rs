//! The catalogs of roles, and lists of privileges as PostgreSQL writes them.
//!
//! Verifiers of passwords stand in `pg_authid` and `pg_shadow`, which superusers alone read; that of the first superuser is not shown.

use crate::db::{Catalog, MEMORY, ReadView, SchemaPlace};
use crate::model::{
    AclItem, AclTarget, CollectionId, CollectionKind, ObjectAcl, ObjectKind, Permission, PermissionSet, Role, RoleId,
    SchemaId, Sequence,
};
use crate::settings::Settings;
use crate::sql::pg_catalog::names::namespace_name;
use crate::sql::pg_catalog::oids::Object;
use crate::sql::pg_catalog::relation::{CatalogRow, oid, text, yes_or_no};
use crate::statement::verifier_text;
use crate::types::{ColumnType, Value};

/// What stands in place of a password.
const HIDDEN: &str = "********";

fn settings_of(role: &Role) -> Value {
    let settings = role.settings.iter().map(|(name, value)| text(format!("{name}={value}")));
    match role.settings.is_empty() {
        true => Value::Null,
        false => Value::Array(Box::new(ColumnType::Text), settings.collect()),
    }
}

fn valid_until(role: &Role) -> Value {
    role.valid_until.map_or(Value::Null, Value::TimestampTz)
}

/// `pg_roles`, or with verifiers `pg_authid`.
pub fn roles(catalog: &Catalog, with_verifiers: bool) -> Vec<CatalogRow> {
    let row = |role: &Role| {
        let verifier = role.verifier.as_ref().map_or(Value::Null, |verifier| text(verifier_text(verifier)));
        let attributes = role.attributes;
        let mut row = vec![
            ("oid", oid(role.id.oid())),
            ("rolname", text(&role.name)),
            ("rolsuper", Value::Bool(attributes.superuser)),
            ("rolinherit", Value::Bool(attributes.inherit)),
            ("rolcreaterole", Value::Bool(attributes.create_role)),
            ("rolcreatedb", Value::Bool(attributes.create_database)),
            ("rolcanlogin", Value::Bool(attributes.login)),
            ("rolreplication", Value::Bool(attributes.replication)),
            ("rolbypassrls", Value::Bool(attributes.bypass_row_security)),
            ("rolconnlimit", Value::Int4(role.connection_limit)),
            ("rolpassword", if with_verifiers { verifier } else { text(HIDDEN) }),
            ("rolvaliduntil", valid_until(role)),
        ];
        if !with_verifiers {
            row.push(("rolconfig", settings_of(role)));
        }
        row
    };
    catalog.roles().map(|role| row(role)).collect()
}

/// `pg_user`, or with verifiers `pg_shadow`: the roles that log in.
pub fn users(catalog: &Catalog, with_verifiers: bool) -> Vec<CatalogRow> {
    let row = |role: &Role| {
        let verifier = role.verifier.as_ref().map_or(Value::Null, |verifier| text(verifier_text(verifier)));
        vec![
            ("usename", text(&role.name)),
            ("usesysid", oid(role.id.oid())),
            ("usecreatedb", Value::Bool(role.attributes.create_database)),
            ("usesuper", Value::Bool(role.attributes.superuser)),
            ("userepl", Value::Bool(role.attributes.replication)),
            ("usebypassrls", Value::Bool(role.attributes.bypass_row_security)),
            ("passwd", if with_verifiers { verifier } else { text(HIDDEN) }),
            ("valuntil", valid_until(role)),
            ("useconfig", settings_of(role)),
        ]
    };
    catalog.roles().filter(|role| role.attributes.login).map(|role| row(role)).collect()
}

/// `pg_group`: the roles that do not log in, with their members.
pub fn groups(catalog: &Catalog) -> Vec<CatalogRow> {
    let row = |role: &Role| {
        let is_of = |member: &Role| member.member_of.iter().any(|membership| membership.role == role.id);
        let members = catalog.roles().filter(|member| is_of(member)).map(|member| oid(member.id.oid()));
        vec![
            ("groname", text(&role.name)),
            ("grosysid", oid(role.id.oid())),
            ("grolist", Value::Array(Box::new(ColumnType::Oid), members.collect())),
        ]
    };
    catalog.roles().filter(|role| !role.attributes.login).map(|role| row(role)).collect()
}

pub fn memberships(catalog: &Catalog) -> Vec<CatalogRow> {
    let rows = catalog.roles().flat_map(|member| {
        member.member_of.iter().map(|membership| {
            vec![
                ("oid", oid(membership.id.oid())),
                ("roleid", oid(membership.role.oid())),
                ("member", oid(member.id.oid())),
                ("grantor", oid(membership.grantor.oid())),
                ("admin_option", Value::Bool(membership.admin)),
                ("inherit_option", Value::Bool(membership.inherit)),
                ("set_option", Value::Bool(membership.set)),
            ]
        })
    });
    rows.collect()
}

pub fn settings_of_roles(catalog: &Catalog) -> Vec<CatalogRow> {
    let set = catalog.roles().filter(|role| !role.settings.is_empty());
    set.map(|role| vec![("setdatabase", oid(0)), ("setrole", oid(role.id.oid())), ("setconfig", settings_of(role))])
        .collect()
}

/// `information_schema.enabled_roles`: those whose privileges whoever asks has.
pub fn enabled_roles(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let who = settings.identity().current;
    let enabled = catalog.roles().filter(|role| catalog.acts_for(who, role.id));
    enabled.map(|role| vec![("role_name", text(&role.name))]).collect()
}

/// `information_schema.applicable_roles`: the memberships of those.
pub fn applicable_roles(catalog: &Catalog, settings: &Settings) -> Vec<CatalogRow> {
    let who = settings.identity().current;
    let mut rows = Vec::new();
    for member in catalog.roles().filter(|role| catalog.acts_for(who, role.id)) {
        for membership in &member.member_of {
            rows.push(vec![
                ("grantee", text(&member.name)),
                ("role_name", text(catalog.role_name(membership.role))),
                ("is_grantable", yes_or_no(membership.admin)),
            ]);
        }
    }
    rows
}

/// A list of privileges, as `aclitem[]` shows it; NULL where nothing was granted.
pub fn acl(catalog: &Catalog, target: AclTarget) -> Value {
    match catalog.acl(target.object).list(target) {
        None => Value::Null,
        Some(items) => {
            let items = items.iter().map(|item| text(item_text(catalog, item)));
            Value::Array(Box::new(ColumnType::Text), items.collect())
        }
    }
}

/// `grantee=privileges/grantor`, with a star behind what may be handed on.
fn item_text(catalog: &Catalog, item: &AclItem) -> String {
    let grantee = item.grantee.map_or_else(String::new, |grantee| quoted(&catalog.role_name(grantee)));
    let mut held = String::new();
    for permission in item.held.iter() {
        held.push(permission.letter());
        if item.grantable.has(permission) {
            held.push('*');
        }
    }
    format!("{grantee}={held}/{}", quoted(&catalog.role_name(item.grantor)))
}

/// A name as `aclitem` has it: in quotes where it has more than letters, digits and underscores.
fn quoted(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
    match name.bytes().all(is_plain) {
        true => name.to_string(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// What the privileges of a relation are kept with; `None` for one of the system.
pub fn target_of(object: &Object) -> Option<AclTarget> {
    match object {
        Object::Table(collection) | Object::PrimaryKey(collection) | Object::Index(collection, _) => {
            Some(AclTarget::relation(collection.id))
        }
        Object::Sequence(collection, position) => {
            Sequence::of_column(collection, *position).map(|sequence| sequence.acl_target())
        }
        Object::OwnSequence(sequence) => Some(sequence.acl_target()),
        Object::View(view) => Some(AclTarget::relation(view.id)),
        Object::MemoryFacts | Object::System(_) => None,
    }
}

/// The role that owns a relation.
pub fn owner_of(catalog: &Catalog, object: &Object) -> RoleId {
    target_of(object).map_or(RoleId::BOOTSTRAP, |target| catalog.owner(target.object))
}

/// What somebody, `None` for PUBLIC, may do with a relation. Catalogs are there to be read, and the entries of AUTH are a
/// superuser's, and not even that where secrets are hidden.
pub fn permissions_on(view: &ReadView, object: &Object, who: Option<RoleId>) -> PermissionSet {
    let catalog = view.catalog();
    let select = PermissionSet::of(&[Permission::Select]);
    let is_superuser = who.is_some_and(|who| catalog.is_superuser(who));
    match object {
        Object::System(relation) => {
            let is_open = relation.schema != "nebulus" && !matches!(relation.name, "pg_authid" | "pg_shadow");
            if is_open || is_superuser { select } else { PermissionSet::NONE }
        }
        Object::MemoryFacts => {
            let memory = catalog.collection(MEMORY).map_or(CollectionId(0), |memory| memory.id);
            permissions(catalog, who, AclTarget::relation(memory)).and(select)
        }
        Object::Table(collection) | Object::PrimaryKey(collection) | Object::Index(collection, _)
            if collection.kind == CollectionKind::Auth && (view.hides_secrets() || !is_superuser) =>
        {
            PermissionSet::NONE
        }
        object => target_of(object).map_or(PermissionSet::NONE, |target| permissions(catalog, who, target)),
    }
}

/// Whether the information schema shows a relation to somebody: to its owner, and to whoever may do something with it.
pub fn is_shown_to(catalog: &Catalog, who: RoleId, object: &Object) -> bool {
    match (object, target_of(object)) {
        (Object::Table(collection), _) if collection.kind == CollectionKind::Auth => catalog.is_superuser(who),
        (_, Some(target)) => catalog.owns(who, target.object) || !catalog.permissions(who, target).is_empty(),
        (Object::MemoryFacts, None) => reads_facts(catalog, who),
        (_, None) => true,
    }
}

/// Whether somebody may read memory, of whose rows the columns of `memory_facts` are made.
pub fn reads_facts(catalog: &Catalog, who: RoleId) -> bool {
    catalog
        .collection(MEMORY)
        .is_some_and(|memory| catalog.may(who, AclTarget::relation(memory.id), Permission::Select))
}

/// What somebody, `None` for PUBLIC, may do with a target.
pub fn permissions(catalog: &Catalog, who: Option<RoleId>, target: AclTarget) -> PermissionSet {
    match who {
        Some(who) => catalog.permissions(who, target),
        None => catalog.public_permissions(target),
    }
}

/// `information_schema.table_privileges` and `role_table_grants`: what was granted on tables and views to or by whoever asks, and
/// in the first of them to everybody. MAINTAIN is no right of the standard.
pub fn table_privileges(view: &ReadView, settings: &Settings, with_public: bool) -> Vec<CatalogRow> {
    let catalog = view.catalog();
    let who = settings.identity().current;
    let mut rows = Vec::new();
    for object in Object::shown(catalog, settings) {
        if !matches!(object.kind(), "r" | "v") {
            continue;
        }
        let items = match (&object, target_of(&object)) {
            (Object::Table(collection), _) if collection.kind == CollectionKind::Auth && view.hides_secrets() => {
                Vec::new()
            }
            (_, Some(target)) => catalog.acl(target.object).effective(target),
            (_, None) => {
                let grantee = matches!(object, Object::MemoryFacts).then_some(RoleId::BOOTSTRAP);
                let held = PermissionSet::of(&[Permission::Select]);
                vec![AclItem { grantee, grantor: RoleId::BOOTSTRAP, held, grantable: PermissionSet::NONE }]
            }
        };
        let owner = owner_of(catalog, &object);
        for item in items {
            let is_shown = match item.grantee {
                Some(grantee) => catalog.acts_for(who, grantee) || catalog.acts_for(who, item.grantor),
                None => with_public,
            };
            for permission in item.held.iter().filter(|permission| is_shown && *permission != Permission::Maintain) {
                let is_grantable = item.grantable.has(permission) || item.grantee == Some(owner);
                let grantee = item.grantee.map_or("PUBLIC".into(), |grantee| catalog.role_name(grantee));
                rows.push(vec![
                    ("grantor", text(catalog.role_name(item.grantor))),
                    ("grantee", text(grantee)),
                    ("table_catalog", text(&settings.database)),
                    ("table_schema", text(namespace_name(catalog, object.namespace()))),
                    ("table_name", text(object.name())),
                    ("privilege_type", text(permission.name())),
                    ("is_grantable", yes_or_no(is_grantable)),
                    ("with_hierarchy", yes_or_no(permission == Permission::Select)),
                ]);
            }
        }
    }
    rows
}

/// The owner of the database and its list.
pub fn database_acl(catalog: &Catalog) -> (RoleId, Value) {
    let target = AclTarget::whole(ObjectKind::Database, ObjectAcl::DATABASE);
    (catalog.owner(ObjectAcl::DATABASE), acl(catalog, target))
}

/// The owner of a schema and its list. Nothing is granted on those of the system.
pub fn schema_acl(catalog: &Catalog, name: &str) -> (RoleId, Value) {
    let object = match catalog.schema(name, SchemaId::Public) {
        Some(SchemaPlace::Stored(schema)) => Catalog::schema_object(schema),
        Some(SchemaPlace::System(_)) | None => None,
    };
    match object {
        Some(object) => (catalog.owner(object), acl(catalog, AclTarget::whole(ObjectKind::Schema, object))),
        None => (RoleId::BOOTSTRAP, Value::Null),
    }
}
