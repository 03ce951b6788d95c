//! Roles in the catalog: who is a member of whom, who owns what, and who may do what with it.
//!
//! An object of which nothing is said is the bootstrap superuser's, with what objects of its kind begin with.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::db::catalog::catalog::Catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    AclItem, AclTarget, CollectionId, ObjectAcl, Permission, PermissionSet, Role, RoleId, RoleMembership, SchemaId,
    ScramVerifier,
};

/// The superuser that each node begins with, whose password lies apart from the roles.
pub const OWNER: &str = "nebulus";

/// What is said of an object of which nothing is stored.
static UNSAID: ObjectAcl =
    ObjectAcl { owner: RoleId::BOOTSTRAP, items: None, columns: BTreeMap::new(), sequences: BTreeMap::new() };

/// Gives each change of roles and privileges a number of its own, whichever catalog it is made in.
static CHANGES: AtomicU64 = AtomicU64::new(1);

/// The roles of a node, and what is said of objects.
#[derive(Clone, Debug)]
pub(super) struct Roles {
    by_id: BTreeMap<RoleId, Arc<Role>>,
    acls: BTreeMap<CollectionId, Arc<ObjectAcl>>,
    /// Which change was the last one.
    change: u64,
}

impl Default for Roles {
    fn default() -> Self {
        let bootstrap = Arc::new(Role::bootstrap(OWNER));
        Roles { by_id: BTreeMap::from([(bootstrap.id, bootstrap)]), acls: BTreeMap::new(), change: 0 }
    }
}

impl Roles {
    /// The roles that a role is a member of, itself included, by memberships that are followed.
    fn reached(&self, from: RoleId, follows: impl Fn(&RoleMembership) -> bool) -> BTreeSet<RoleId> {
        let (mut found, mut waiting) = (BTreeSet::from([from]), vec![from]);
        while let Some(role) = waiting.pop().and_then(|id| self.by_id.get(&id)) {
            for membership in role.member_of.iter().filter(|membership| follows(membership)) {
                if found.insert(membership.role) {
                    waiting.push(membership.role);
                }
            }
        }
        found
    }

    fn note(&mut self) {
        self.change = CHANGES.fetch_add(1, Ordering::Relaxed);
    }
}

impl Catalog {
    /// All roles in order of their numbers, the bootstrap superuser first.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.by_id.values()
    }

    pub fn role(&self, name: &str) -> Option<&Arc<Role>> {
        self.roles().find(|role| role.name == name)
    }

    pub fn role_by_id(&self, id: RoleId) -> Option<&Arc<Role>> {
        self.roles.by_id.get(&id)
    }

    /// # Errors
    /// 42704 when there is none of that name.
    pub fn expect_role(&self, name: &str) -> Result<&Arc<Role>> {
        self.role(name).ok_or_else(|| Error::new(ErrorKind::UndefinedObject, format!("role \"{name}\" does not exist")))
    }

    /// What a role is called; one that is gone by its number.
    pub fn role_name(&self, id: RoleId) -> Cow<'_, str> {
        match self.role_by_id(id) {
            Some(role) => role.name.as_str().into(),
            None => id.oid().to_string().into(),
        }
    }

    /// Which change of roles and privileges was the last one, whichever catalog it was made in.
    pub fn roles_change(&self) -> u64 {
        self.roles.change
    }

    pub fn is_superuser(&self, role: RoleId) -> bool {
        role.is_bootstrap() || self.role_by_id(role).is_some_and(|role| role.attributes.superuser)
    }

    /// Whether somebody has the privileges of a role: as itself, by memberships that inherit, or as a superuser.
    pub fn acts_for(&self, who: RoleId, role: RoleId) -> bool {
        who == role || self.is_superuser(who) || self.inherited(who).contains(&role)
    }

    /// The roles whose privileges somebody has without being a superuser, itself included.
    pub fn inherited(&self, who: RoleId) -> BTreeSet<RoleId> {
        self.roles.reached(who, |membership| membership.inherit)
    }

    /// Whether somebody is a member of a role, in whichever way, or is it.
    pub fn is_member(&self, who: RoleId, role: RoleId) -> bool {
        self.roles.reached(who, |_| true).contains(&role)
    }

    /// Whether somebody may become a role by SET ROLE.
    pub fn may_become(&self, who: RoleId, role: RoleId) -> bool {
        self.is_superuser(who) || self.roles.reached(who, |membership| membership.set).contains(&role)
    }

    /// Whether somebody may make others members of a role.
    pub fn administers(&self, who: RoleId, role: RoleId) -> bool {
        self.is_superuser(who) || self.has_admin_option(who, role)
    }

    /// As [`Catalog::administers`], by memberships alone.
    pub fn has_admin_option(&self, who: RoleId, role: RoleId) -> bool {
        let members = self.roles.reached(who, |_| true);
        let grants = |member: &RoleId| {
            self.role_by_id(*member).is_some_and(|member| {
                member.member_of.iter().any(|membership| membership.role == role && membership.admin)
            })
        };
        members.iter().any(grants)
    }

    /// What is said of all objects, by their numbers.
    pub fn acls(&self) -> impl Iterator<Item = (CollectionId, &Arc<ObjectAcl>)> {
        self.roles.acls.iter().map(|(object, acl)| (*object, acl))
    }

    /// Who owns an object, and who may do what with it.
    pub fn acl(&self, object: CollectionId) -> &ObjectAcl {
        self.roles.acls.get(&object).map_or(&UNSAID, Arc::as_ref)
    }

    pub(super) fn stored_acl(&self, object: CollectionId) -> Option<&Arc<ObjectAcl>> {
        self.roles.acls.get(&object)
    }

    pub fn owner(&self, object: CollectionId) -> RoleId {
        self.acl(object).owner
    }

    /// The number that a schema goes by among the objects that have owners; `None` for temporary relations.
    pub fn schema_object(schema: SchemaId) -> Option<CollectionId> {
        match schema {
            SchemaId::Public => Some(ObjectAcl::PUBLIC_SCHEMA),
            SchemaId::Made(id) => Some(id),
            SchemaId::Temporary(_) => None,
        }
    }

    /// Whether somebody may do all that an object's owner may.
    pub fn owns(&self, who: RoleId, object: CollectionId) -> bool {
        self.acts_for(who, self.owner(object))
    }

    /// What somebody may do with an object.
    pub fn permissions(&self, who: RoleId, target: AclTarget) -> PermissionSet {
        match self.is_superuser(who) {
            true => target.kind.all(),
            false => held(&self.acl(target.object).effective(target), &self.inherited(who)),
        }
    }

    pub fn may(&self, who: RoleId, of: AclTarget, permission: Permission) -> bool {
        self.permissions(who, of).has(permission)
    }

    /// What PUBLIC may do with an object.
    pub fn public_permissions(&self, target: AclTarget) -> PermissionSet {
        held(&self.acl(target.object).effective(target), &BTreeSet::new())
    }

    /// What somebody may hand on: an owner all that there is.
    pub fn grantable(&self, who: RoleId, target: AclTarget) -> PermissionSet {
        if self.owns(who, target.object) {
            return target.kind.all();
        }
        let roles = self.inherited(who);
        let items = self.acl(target.object).effective(target);
        let of_roles = items.iter().filter(|item| item.grantee.is_some_and(|grantee| roles.contains(&grantee)));
        of_roles.fold(PermissionSet::NONE, |set, item| set.or(item.grantable))
    }

    /// Adds a role or replaces the one of the same number.
    pub(crate) fn put_role(&mut self, role: Arc<Role>) {
        let roles = Arc::make_mut(&mut self.roles);
        roles.by_id.insert(role.id, role);
        roles.note();
        self.note_change();
    }

    pub(crate) fn remove_role(&mut self, id: RoleId) {
        let roles = Arc::make_mut(&mut self.roles);
        roles.by_id.remove(&id);
        roles.note();
        self.note_change();
    }

    pub(crate) fn put_acl(&mut self, object: CollectionId, acl: Arc<ObjectAcl>) {
        let roles = Arc::make_mut(&mut self.roles);
        match acl.is_default() {
            true => roles.acls.remove(&object),
            false => roles.acls.insert(object, acl),
        };
        roles.note();
        self.note_change();
    }

    /// Forgets what is said of an object that is gone.
    pub(super) fn remove_acl(&mut self, object: CollectionId) {
        if self.roles.acls.contains_key(&object) {
            let roles = Arc::make_mut(&mut self.roles);
            roles.acls.remove(&object);
            roles.note();
        }
    }
}

/// What these roles, and everybody, may do by a list.
fn held(items: &[AclItem], roles: &BTreeSet<RoleId>) -> PermissionSet {
    let of_them = items.iter().filter(|item| item.grantee.is_none_or(|grantee| roles.contains(&grantee)));
    of_them.fold(PermissionSet::NONE, |set, item| set.or(item.held))
}

impl ScramVerifier {
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::internal(error.to_string()))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes)
            .map_err(|_| Error::new(ErrorKind::Corrupted, "the stored password verifier cannot be read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(of: u32, (admin, inherit, set): (bool, bool, bool)) -> RoleMembership {
        let (role, grantor) = (RoleId(of), RoleId::BOOTSTRAP);
        RoleMembership { id: CollectionId(100 + of), role, grantor, admin, inherit, set }
    }

    fn catalog() -> Catalog {
        let mut catalog = Catalog::default();
        for (id, member_of) in [
            (20, vec![]),
            (21, vec![member(20, (false, true, false))]),
            (22, vec![member(21, (true, true, true))]),
            (23, vec![member(21, (false, false, true))]),
        ] {
            catalog.put_role(Arc::new(Role { member_of, ..Role::new(RoleId(id), format!("r{id}")) }));
        }
        catalog
    }

    #[test]
    fn memberships_are_followed_by_what_they_say() {
        let catalog = catalog();
        assert!(catalog.acts_for(RoleId(22), RoleId(20)) && !catalog.acts_for(RoleId(23), RoleId(20)));
        assert!(catalog.is_member(RoleId(23), RoleId(20)));
        assert!(catalog.may_become(RoleId(23), RoleId(21)) && !catalog.may_become(RoleId(23), RoleId(20)));
        assert!(catalog.administers(RoleId(22), RoleId(21)) && !catalog.administers(RoleId(23), RoleId(21)));
        assert!(catalog.acts_for(RoleId::BOOTSTRAP, RoleId(20)));
    }

    #[test]
    fn an_owner_who_takes_its_own_rights_back_has_none() {
        let mut catalog = catalog();
        let (table, of_table) = (CollectionId(50), AclTarget::relation(CollectionId(50)));
        assert!(!catalog.may(RoleId(22), of_table, Permission::Select));
        catalog.put_acl(table, Arc::new(ObjectAcl { owner: RoleId(20), ..ObjectAcl::default() }));
        assert!(catalog.may(RoleId(22), of_table, Permission::Select) && catalog.owns(RoleId(22), table));
        assert!(!catalog.may(RoleId(23), of_table, Permission::Select));
        catalog
            .put_acl(table, Arc::new(ObjectAcl { owner: RoleId(20), items: Some(Vec::new()), ..ObjectAcl::default() }));
        assert!(!catalog.may(RoleId(20), of_table, Permission::Select));
        assert_eq!(catalog.grantable(RoleId(20), of_table), crate::model::ObjectKind::Relation.all());
    }
}
