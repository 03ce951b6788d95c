//! GRANT and REVOKE of privileges, by the rules of PostgreSQL's lists: who grants, what may be handed on, and what goes when it is
//! taken back.

use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{AclItem, AclTarget, ObjectKind, Permission, PermissionSet, RoleId};
use crate::sql::define::roles::definition::Acting;
use crate::sql::define::roles::names::NamedObject;
use crate::sql::parse::roles::role_text::{GrantText, GrantedObjects, RoleWord};
use crate::statement::permission_denied;

/// Carries GRANT or REVOKE out; the command tag.
///
/// # Errors
/// 42704, 42P01 and 3F000 for what is not there, 42501 for whoever may not, 0LP01 for a privilege that such an object has not, 2BP01 for
/// what others have granted on, 0A000 for objects and columns that take no privileges here.
pub(super) fn grant(text: &GrantText, acting: &mut Acting<'_>) -> Result<&'static str> {
    let objects = objects(&text.objects, acting)?;
    let grantees = grantees(text, acting)?;
    if let Some(grantor) = &text.grantor
        && acting.role(grantor)? != acting.who()
    {
        return Err(Error::new(ErrorKind::Unsupported, "grantor must be current user"));
    }
    for object in &objects {
        let wanted = privileges(text, object)?;
        change(text, object, wanted, &grantees, acting)?;
    }
    Ok(if text.is_grant { "GRANT" } else { "REVOKE" })
}

fn objects(granted: &GrantedObjects, acting: &Acting<'_>) -> Result<Vec<NamedObject>> {
    let names = acting.names();
    match granted {
        GrantedObjects::Tables(list) => list.iter().map(|parts| names.relation(parts)).collect(),
        GrantedObjects::Sequences(list) => list
            .iter()
            .map(|parts| {
                let found = names.relation(parts)?;
                match found.target.kind {
                    ObjectKind::Sequence => Ok(found),
                    _ => {
                        let message = format!("\"{}\" is not a sequence", found.name);
                        Err(Error::new(ErrorKind::WrongObjectType, message))
                    }
                }
            })
            .collect(),
        GrantedObjects::Schemas(list) => list
            .iter()
            .map(|name| {
                let (_, object) = names.schema(name)?;
                let target = AclTarget::whole(ObjectKind::Schema, object);
                Ok(NamedObject { target, name: name.clone(), kind: "schema" })
            })
            .collect(),
        GrantedObjects::Databases(list) => list.iter().map(|name| names.database(name)).collect(),
        GrantedObjects::TablesIn(list) => {
            let found = list.iter().map(|schema| names.tables_in(schema)).collect::<Result<Vec<_>>>()?;
            Ok(found.into_iter().flatten().collect())
        }
        GrantedObjects::SequencesIn(list) => {
            let found = list.iter().map(|schema| names.sequences_in(schema)).collect::<Result<Vec<_>>>()?;
            Ok(found.into_iter().flatten().collect())
        }
        GrantedObjects::Others(kind) => Err(Error::unsupported(
            format!("privileges on {kind} are not offered"),
            "Tables, views, sequences, schemas and the database have privileges here; everybody may use types and functions.",
        )),
    }
}

/// `None` for PUBLIC.
fn grantees(text: &GrantText, acting: &Acting<'_>) -> Result<Vec<Option<RoleId>>> {
    let grantee = |word: &RoleWord| match word {
        RoleWord::Public if text.is_grant && text.grant_option => {
            let message = "grant options can only be granted to roles";
            Err(Error::new(ErrorKind::InvalidGrantOperation, message))
        }
        RoleWord::Public => Ok(None),
        word => acting.role(word).map(Some),
    };
    text.roles.iter().map(grantee).collect()
}

/// The privileges that are meant of an object.
fn privileges(text: &GrantText, object: &NamedObject) -> Result<PermissionSet> {
    let kind = object.target.kind;
    let Some(words) = &text.privileges else { return Ok(kind.all()) };
    let mut wanted = PermissionSet::NONE;
    for (word, columns) in words {
        if !columns.is_empty() {
            return Err(Error::unsupported(
                "privileges on columns are not offered",
                "Grant them on the table, or on a view that shows these columns.",
            ));
        }
        let Some(permission) = Permission::of(word) else {
            return Err(Error::syntax(format!("unrecognized privilege type \"{word}\""), None));
        };
        // As PostgreSQL, GRANT on a sequence without the word takes what tables have.
        let of_table = matches!(text.objects, GrantedObjects::Tables(_)) && kind == ObjectKind::Sequence;
        let is_known = kind.all().has(permission) || (of_table && ObjectKind::Relation.all().has(permission));
        if !is_known {
            let name = match kind {
                ObjectKind::Relation | ObjectKind::Column => "relation",
                kind => kind.name(),
            };
            let message = format!("invalid privilege type {} for {name}", permission.name());
            return Err(Error::new(ErrorKind::InvalidGrantOperation, message));
        }
        wanted = wanted.or(PermissionSet::of(&[permission]).and(kind.all()));
    }
    Ok(wanted)
}

fn change(
    text: &GrantText,
    object: &NamedObject,
    wanted: PermissionSet,
    grantees: &[Option<RoleId>],
    acting: &mut Acting<'_>,
) -> Result<()> {
    let target = object.target;
    let (grantor, may_grant) = best_grantor(target, wanted, acting);
    let given = wanted.and(may_grant);
    if !may_grant_all(text, (object, wanted, given), acting)? {
        return Ok(());
    }
    let catalog = acting.transaction.catalog();
    let owner = catalog.owner(target.object);
    let mut items = catalog.acl(target.object).effective(target);
    for grantee in grantees {
        let grantee = *grantee;
        match text.is_grant {
            true => {
                if text.grant_option && grantee.is_some_and(|to| to != owner && is_circular(&items, to, grantor, given))
                {
                    let message = "grant options cannot be granted back to your own grantor";
                    return Err(Error::new(ErrorKind::InvalidGrantOperation, message));
                }
                add(&mut items, grantee, grantor, (given, text.grant_option));
            }
            false => take(&mut items, (grantee, grantor, owner), (given, text.grant_option), text.cascade)?,
        }
    }
    acting.transaction.set_acl(target, items)
}

/// Tells whoever may not grant all; whether it may grant anything.
///
/// # Errors
/// 42501 for whoever has no privilege at all.
fn may_grant_all(
    text: &GrantText,
    (object, wanted, given): (&NamedObject, PermissionSet, PermissionSet),
    acting: &mut Acting<'_>,
) -> Result<bool> {
    let (verb, kind) = match text.is_grant {
        true => ("granted", ErrorKind::PrivilegeNotGranted),
        false => ("revoked", ErrorKind::PrivilegeNotRevoked),
    };
    let all_of_kind = text.privileges.is_none();
    let missing = wanted.without(given);
    if given.is_empty() {
        let held = acting.transaction.catalog().permissions(acting.who(), object.target);
        if held.is_empty() {
            return Err(permission_denied(object.kind, &object.name));
        }
        let message = match text.is_grant {
            true => format!("no privileges were {verb} for \"{}\"", object.name),
            false => format!("no privileges could be {verb} for \"{}\"", object.name),
        };
        acting.transaction.notices.push(Notice::warning(Error::new(kind, message)));
        return Ok(false);
    }
    if !missing.is_empty() && !all_of_kind {
        let message = match text.is_grant {
            true => format!("not all privileges were {verb} for \"{}\"", object.name),
            false => format!("not all privileges could be {verb} for \"{}\"", object.name),
        };
        acting.transaction.notices.push(Notice::warning(Error::new(kind, message)));
    }
    Ok(true)
}

/// Who grants: the owner where whoever acts may act for it, else the role that may hand on most of what is wanted; and what it may
/// hand on.
fn best_grantor(target: AclTarget, wanted: PermissionSet, acting: &Acting<'_>) -> (RoleId, PermissionSet) {
    let catalog = acting.transaction.catalog();
    let (who, owner) = (acting.who(), catalog.owner(target.object));
    if catalog.acts_for(who, owner) {
        return (owner, target.kind.all());
    }
    let items = catalog.acl(target.object).effective(target);
    let of = |role: RoleId| {
        let own = items.iter().filter(|item| item.grantee == Some(role));
        own.fold(PermissionSet::NONE, |set, item| set.or(item.grantable))
    };
    let count = |role: RoleId| of(role).and(wanted).iter().count();
    let mut best = who;
    for role in catalog.inherited(who) {
        if count(role) > count(best) {
            best = role;
        }
    }
    (best, of(best))
}

/// Whether a grantor has what it hands on from a grantee alone.
fn is_circular(items: &[AclItem], grantee: RoleId, grantor: RoleId, given: PermissionSet) -> bool {
    if grantee == grantor {
        return false;
    }
    let mut without = items.to_vec();
    let all = (given, true);
    // What the grantee may hand on is taken from it; what its grantees have by that goes as well.
    let from: Vec<RoleId> =
        items.iter().filter(|item| item.grantee == Some(grantee)).map(|item| item.grantor).collect();
    for other in from {
        if take(&mut without, (Some(grantee), other, grantor), all, true).is_err() {
            return true;
        }
    }
    let left = without.iter().filter(|item| item.grantee == Some(grantor));
    let left = left.fold(PermissionSet::NONE, |set, item| set.or(item.grantable));
    let before = items.iter().filter(|item| item.grantee == Some(grantor));
    let before = before.fold(PermissionSet::NONE, |set, item| set.or(item.grantable));
    !before.and(given).without(left).is_empty()
}

fn add(items: &mut Vec<AclItem>, grantee: Option<RoleId>, grantor: RoleId, (given, to_grant): (PermissionSet, bool)) {
    let grantable = if to_grant { given } else { PermissionSet::NONE };
    match items.iter_mut().find(|item| item.grantee == grantee && item.grantor == grantor) {
        Some(item) => {
            item.held = item.held.or(given);
            item.grantable = item.grantable.or(grantable);
        }
        None => items.push(AclItem { grantee, grantor, held: given, grantable }),
    }
}

/// Takes privileges, or the right to hand them on, from a grantee; what it has handed on goes with the right.
///
/// # Errors
/// 2BP01 where something goes with it without `cascade`.
fn take(
    items: &mut Vec<AclItem>,
    (grantee, grantor, owner): (Option<RoleId>, RoleId, RoleId),
    (given, option_only): (PermissionSet, bool),
    cascade: bool,
) -> Result<()> {
    let Some(item) = items.iter_mut().find(|item| item.grantee == grantee && item.grantor == grantor) else {
        return Ok(());
    };
    let lost = item.grantable.and(given);
    item.grantable = item.grantable.without(given);
    if !option_only {
        item.held = item.held.without(given);
    }
    items.retain(|item| !item.held.is_empty());
    let Some(role) = grantee.filter(|role| !lost.is_empty() && *role != owner) else { return Ok(()) };
    let still = items.iter().filter(|item| item.grantee == Some(role));
    let still = still.fold(PermissionSet::NONE, |set, item| set.or(item.grantable));
    let gone = lost.without(still);
    let depends = |item: &&AclItem| item.grantor == role && !item.held.and(gone).is_empty();
    let dependent: Vec<Option<RoleId>> = items.iter().filter(depends).map(|item| item.grantee).collect();
    if !dependent.is_empty() && !cascade {
        let error = Error::new(ErrorKind::DependentObjects, "dependent privileges exist");
        return Err(error.with_hint("Use CASCADE to revoke them too."));
    }
    for grantee in dependent {
        take(items, (grantee, role, owner), (gone, false), cascade)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(list: &[Permission]) -> PermissionSet {
        PermissionSet::of(list)
    }

    #[test]
    fn what_was_handed_on_goes_with_the_right_to() {
        let (owner, one, two) = (RoleId(1), RoleId(2), RoleId(3));
        let select = set(&[Permission::Select]);
        let mut items = Vec::new();
        add(&mut items, Some(one), owner, (select, true));
        add(&mut items, Some(two), one, (select, false));
        let mut restricted = items.clone();
        let refused = take(&mut restricted, (Some(one), owner, owner), (select, false), false).unwrap_err();
        assert_eq!(refused.sqlstate(), "2BP01");
        take(&mut items, (Some(one), owner, owner), (select, true), true).unwrap();
        assert_eq!(items.len(), 1, "the privilege stays, what was handed on goes");
        assert_eq!((items[0].held, items[0].grantable), (select, PermissionSet::NONE));
    }

    #[test]
    fn nobody_gives_back_what_it_has_from_there() {
        let (owner, one, two) = (RoleId(1), RoleId(2), RoleId(3));
        let select = set(&[Permission::Select]);
        let mut items = Vec::new();
        add(&mut items, Some(one), owner, (select, true));
        add(&mut items, Some(two), one, (select, true));
        assert!(is_circular(&items, one, two, select));
        assert!(!is_circular(&items, RoleId(4), two, select));
    }
}
