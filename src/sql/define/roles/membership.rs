//! GRANT and REVOKE of roles: who is a member of whom.

use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{Role, RoleId, RoleMembership};
use crate::sql::define::roles::definition::Acting;
use crate::sql::parse::roles::role_text::{MembershipOptions, MembershipText};

/// A membership to be made.
pub(super) struct Granting {
    pub role: RoleId,
    pub member: RoleId,
    pub options: MembershipOptions,
    /// Who is said to grant it.
    pub grantor: Option<RoleId>,
}

fn of_grant(message: String) -> Error {
    Error::new(ErrorKind::InvalidGrantOperation, message)
}

/// Carries GRANT or REVOKE of roles out; the command tag.
///
/// # Errors
/// 42704 for roles that are not there, 42501 for whoever may not, 0LP01 for a circle, 2BP01 for what others have granted on by it.
pub(super) fn change_memberships(text: &MembershipText, acting: &mut Acting<'_>) -> Result<&'static str> {
    let grantor = text.grantor.as_ref().map(|word| acting.role(word)).transpose()?;
    let roles = acting.roles(&text.roles)?;
    let members = acting.roles(&text.members)?;
    for role in roles {
        for member in &members {
            let granting = Granting { role, member: *member, options: text.options, grantor };
            match text.is_grant {
                true => add_member(granting, acting)?,
                false => remove_member(granting, text.cascade, acting)?,
            }
        }
    }
    Ok(if text.is_grant { "GRANT ROLE" } else { "REVOKE ROLE" })
}

/// Who grants: the role that is named, or the one by which whoever acts may.
fn grantor_of(granting: &Granting, verb: &str, acting: &Acting<'_>) -> Result<RoleId> {
    let catalog = acting.transaction.catalog();
    let (who, role) = (acting.who(), granting.role);
    if catalog.is_superuser(role) && !catalog.is_superuser(who) {
        let message = format!("permission denied to {verb} role \"{}\"", acting.name(role));
        let detail = format!("Only roles with the SUPERUSER attribute may {verb} roles with the SUPERUSER attribute.");
        return Err(Error::new(ErrorKind::InsufficientPrivilege, message).with_detail(detail));
    }
    if !catalog.administers(who, role) {
        let message = format!("permission denied to {verb} role \"{}\"", acting.name(role));
        let detail =
            format!("Only roles with the ADMIN option on role \"{}\" may {verb} this role.", acting.name(role));
        return Err(Error::new(ErrorKind::InsufficientPrivilege, message).with_detail(detail));
    }
    let holds = |candidate: RoleId| {
        candidate.is_bootstrap()
            || catalog.role_by_id(candidate).is_some_and(|candidate| {
                candidate.member_of.iter().any(|membership| membership.role == role && membership.admin)
            })
    };
    match granting.grantor {
        Some(grantor) => {
            let verb = if verb == "grant" { "grant" } else { "revoke" };
            let message = format!(
                "permission denied to {verb} privileges {} role \"{}\"",
                if verb == "grant" { "as" } else { "granted by" },
                acting.name(grantor)
            );
            if !catalog.acts_for(who, grantor) {
                let detail = format!(
                    "Only roles with privileges of role \"{0}\" may {1}.",
                    acting.name(grantor),
                    if verb == "grant" {
                        "grant privileges as this role"
                    } else {
                        "revoke privileges granted by this role"
                    }
                );
                return Err(Error::new(ErrorKind::InsufficientPrivilege, message).with_detail(detail));
            }
            if verb == "grant" && !holds(grantor) {
                let detail = format!("The grantor must have the ADMIN option on role \"{}\".", acting.name(role));
                return Err(Error::new(ErrorKind::InsufficientPrivilege, message).with_detail(detail));
            }
            Ok(grantor)
        }
        None if catalog.is_superuser(who) => Ok(RoleId::BOOTSTRAP),
        None if holds(who) => Ok(who),
        None => {
            let mut found = catalog.inherited(who).into_iter().filter(|candidate| holds(*candidate));
            found.next().ok_or_else(|| {
                let message = format!("no possible grantors for role \"{}\"", acting.name(role));
                Error::new(ErrorKind::InsufficientPrivilege, message)
            })
        }
    }
}

/// A copy of a role, to be changed.
pub(super) fn role_of(id: RoleId, acting: &Acting<'_>) -> Result<Role> {
    let role = acting.transaction.catalog().role_by_id(id);
    role.map(|role| Role::clone(role)).ok_or_else(|| Error::internal("a role has vanished"))
}

/// Makes a role a member of another one, or changes what a membership says.
///
/// # Errors
/// As [`change_memberships`].
pub(super) fn add_member(granting: Granting, acting: &mut Acting<'_>) -> Result<()> {
    let grantor = grantor_of(&granting, "grant", acting)?;
    let Granting { role, member, options, .. } = granting;
    let (role_name, member_name) = (acting.name(role), acting.name(member));
    if acting.transaction.catalog().is_member(role, member) {
        return Err(of_grant(format!("role \"{role_name}\" is a member of role \"{member_name}\"")));
    }
    if options.admin == Some(true) && depends_on_admin(grantor, role, member, acting) {
        return Err(of_grant("ADMIN option cannot be granted back to your own grantor".to_string()));
    }
    let mut changed = role_of(member, acting)?;
    let inherits = changed.attributes.inherit;
    let place = changed.member_of.iter().position(|known| known.role == role && known.grantor == grantor);
    match place.and_then(|place| changed.member_of.get_mut(place)) {
        Some(known) => {
            let before = known.clone();
            known.admin = options.admin.unwrap_or(known.admin);
            known.inherit = options.inherit.unwrap_or(known.inherit);
            known.set = options.set.unwrap_or(known.set);
            if before == *known {
                let grantor = acting.name(grantor);
                let message = format!(
                    "role \"{member_name}\" has already been granted membership in role \"{role_name}\" by role \"{grantor}\""
                );
                acting.transaction.notices.push(Notice::new(message));
                return Ok(());
            }
        }
        None => {
            let id = acting.transaction.new_id();
            changed.member_of.push(RoleMembership {
                id,
                role,
                grantor,
                admin: options.admin.unwrap_or(false),
                inherit: options.inherit.unwrap_or(inherits),
                set: options.set.unwrap_or(true),
            });
        }
    }
    acting.transaction.put_role(changed)
}

/// Whether a grantor has the ADMIN option on a role only through what a member has granted.
fn depends_on_admin(grantor: RoleId, role: RoleId, member: RoleId, acting: &Acting<'_>) -> bool {
    let catalog = acting.transaction.catalog();
    let (mut seen, mut waiting) = (vec![grantor], vec![grantor]);
    while let Some(id) = waiting.pop() {
        if id == member {
            return true;
        }
        for membership in catalog.role_by_id(id).iter().flat_map(|role| &role.member_of) {
            if membership.role == role && membership.admin && !seen.contains(&membership.grantor) {
                seen.push(membership.grantor);
                waiting.push(membership.grantor);
            }
        }
    }
    false
}

fn remove_member(granting: Granting, cascade: bool, acting: &mut Acting<'_>) -> Result<()> {
    let grantor = grantor_of(&granting, "revoke", acting)?;
    let Granting { role, member, options, .. } = granting;
    let mut changed = role_of(member, acting)?;
    let place = changed.member_of.iter().position(|known| known.role == role && known.grantor == grantor);
    let Some(known) = place.and_then(|place| changed.member_of.get_mut(place)) else {
        let message = format!(
            "role \"{}\" has not been granted membership in role \"{}\" by role \"{}\"",
            acting.name(member),
            acting.name(role),
            acting.name(grantor)
        );
        acting.transaction.notices.push(Notice::warning(Error::new(ErrorKind::Raised("01000"), message)));
        return Ok(());
    };
    let takes_admin = known.admin && (options == MembershipOptions::default() || options.admin.is_some());
    if options == MembershipOptions::default() {
        changed.member_of.retain(|known| !(known.role == role && known.grantor == grantor));
    } else {
        known.admin &= options.admin.is_none();
        known.inherit &= options.inherit.is_none();
        known.set &= options.set.is_none();
    }
    let still_admin = changed.member_of.iter().any(|known| known.role == role && known.admin);
    acting.transaction.put_role(changed)?;
    if takes_admin && !still_admin {
        take_dependent(role, member, cascade, acting)?;
    }
    Ok(())
}

/// Takes back the memberships that a role has granted by an ADMIN option that it has no more.
fn take_dependent(role: RoleId, grantor: RoleId, cascade: bool, acting: &mut Acting<'_>) -> Result<()> {
    let is_granted = |known: &RoleMembership| known.role == role && known.grantor == grantor;
    let members: Vec<RoleId> = acting
        .transaction
        .catalog()
        .roles()
        .filter(|member| member.member_of.iter().any(is_granted))
        .map(|member| member.id)
        .collect();
    if members.is_empty() {
        return Ok(());
    }
    if !cascade {
        let error = Error::new(ErrorKind::DependentObjects, "dependent privileges exist");
        return Err(error.with_hint("Use CASCADE to revoke them too."));
    }
    for member in members {
        let mut changed = role_of(member, acting)?;
        changed.member_of.retain(|known| !is_granted(known));
        let still_admin = changed.member_of.iter().any(|known| known.role == role && known.admin);
        acting.transaction.put_role(changed)?;
        if !still_admin {
            take_dependent(role, member, cascade, acting)?;
        }
    }
    Ok(())
}
