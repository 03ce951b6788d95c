//! Roles inside a transaction, and who owns what it makes. What a role may do is looked at by those who plan statements.

use std::sync::Arc;

use crate::db::catalog::catalog::check_identifier;
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AclItem, AclTarget, CollectionId, ObjectAcl, Role, RoleId};
use crate::types::limits::{ACL_ITEMS_MAX, ROLES_MAX};

impl Transaction {
    /// What is made from now on is this role's.
    pub fn act_as(&mut self, role: RoleId) {
        self.acting = role;
    }

    /// The role that what is made belongs to.
    pub fn acting(&self) -> RoleId {
        self.acting
    }

    /// Says that a new object is the acting role's.
    pub(in crate::db) fn own(&mut self, object: CollectionId) {
        if !self.acting.is_bootstrap() {
            self.set_owner(object, self.acting);
        }
    }

    /// Adds a role, or replaces the one of the same number.
    ///
    /// # Errors
    /// 54000 for a name that is too long and above `ROLES_MAX`, 42710 for one that another role has.
    pub fn put_role(&mut self, role: Role) -> Result<()> {
        check_identifier(&role.name)?;
        let catalog = self.catalog();
        if catalog.role(&role.name).is_some_and(|known| known.id != role.id) {
            let message = format!("role \"{}\" already exists", role.name);
            return Err(Error::new(ErrorKind::DuplicateObject, message));
        }
        if catalog.role_by_id(role.id).is_none() && catalog.roles().count() >= ROLES_MAX {
            return Err(Error::new(ErrorKind::LimitExceeded, format!("a node can have at most {ROLES_MAX} roles")));
        }
        // Whoever drops one of the roles that it is a member of meanwhile has not seen it.
        for membership in &role.member_of {
            self.note_role(membership.role);
        }
        self.change_catalog(CatalogChange::PutRole(Arc::new(role)));
        Ok(())
    }

    /// Drops a role that nothing depends on.
    pub fn drop_role(&mut self, role: RoleId) {
        self.change_catalog(CatalogChange::DropRole(role));
    }

    fn note_role(&mut self, role: RoleId) {
        let before = self.view.catalog.standing_of(role.object());
        self.writes().note_standing(role.object(), before);
    }

    /// Gives an object another owner. What its owner gave, the new one has given, and what it had, the new one has.
    pub fn set_owner(&mut self, object: CollectionId, owner: RoleId) {
        let mut acl = self.catalog().acl(object).clone();
        let before = std::mem::replace(&mut acl.owner, owner);
        let lists = acl.items.iter_mut().chain(acl.columns.values_mut()).chain(acl.sequences.values_mut());
        for items in lists {
            for item in items.iter_mut() {
                if item.grantor == before {
                    item.grantor = owner;
                }
                if item.grantee == Some(before) {
                    item.grantee = Some(owner);
                }
            }
            let mut merged: Vec<AclItem> = Vec::with_capacity(items.len());
            for item in items.drain(..) {
                match merged.iter_mut().find(|known| (known.grantee, known.grantor) == (item.grantee, item.grantor)) {
                    Some(known) => {
                        known.held = known.held.or(item.held);
                        known.grantable = known.grantable.or(item.grantable);
                    }
                    None => merged.push(item),
                }
            }
            *items = merged;
        }
        self.put_acl(object, acl);
    }

    /// Gives a target another list of who may do what with it.
    ///
    /// # Errors
    /// 54000 above `ACL_ITEMS_MAX`.
    pub fn set_acl(&mut self, target: AclTarget, items: Vec<AclItem>) -> Result<()> {
        if items.len() > ACL_ITEMS_MAX {
            let message = format!("an object can have privileges of at most {ACL_ITEMS_MAX} grantees");
            return Err(
                Error::new(ErrorKind::LimitExceeded, message).with_hint("Grant to a role, and make them its members.")
            );
        }
        let mut acl = self.catalog().acl(target.object).clone();
        acl.set_list(target, items);
        self.put_acl(target.object, acl);
        Ok(())
    }

    fn put_acl(&mut self, object: CollectionId, acl: ObjectAcl) {
        // Whoever drops one of these roles meanwhile has not seen it.
        let roles: Vec<RoleId> =
            acl.all_items().flat_map(|item| [Some(item.grantor), item.grantee]).flatten().collect();
        for role in roles.into_iter().chain([acl.owner]).filter(|role| !role.is_bootstrap()) {
            self.note_role(role);
        }
        self.change_catalog(CatalogChange::PutAcl(object, Arc::new(acl)));
    }
}
