//! CREATE ROLE, ALTER ROLE and DROP ROLE.

use crate::db::{Catalog, OWNER};
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{AclItem, CollectionId, ObjectAcl, Role, RoleAttributes, RoleId, RoleMembership};
use crate::settings::Settings;
use crate::sql::define::roles::definition::Acting;
use crate::sql::define::roles::membership::{Granting, add_member, role_of};
use crate::sql::parse::roles::role_text::{MembershipOptions, RoleOption, RoleSetting, RoleWord};
use crate::statement::{described_object, make_verifier, read_verifier};
use crate::types::{ColumnType, Value};

/// What the names of roles begin with that nobody makes.
const RESERVED_PREFIX: &str = "pg_";
/// Settings of one role, at most.
const ROLE_SETTINGS_MAX: usize = 256;
/// Lines of a detail about what depends on a role.
const DEPENDENTS_SHOWN: usize = 100;

fn denied(what: &str, detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InsufficientPrivilege, format!("permission denied to {what}")).with_detail(detail)
}

/// The name that a new role may have.
fn new_name(word: &RoleWord) -> Result<&str> {
    let reserved = |name: &str| Error::new(ErrorKind::ReservedName, format!("role name \"{name}\" is reserved"));
    match word {
        RoleWord::Named(name) if name == "none" => Err(reserved(name)),
        RoleWord::Named(name) if name.starts_with(RESERVED_PREFIX) => {
            Err(reserved(name).with_detail("Role names starting with \"pg_\" are reserved."))
        }
        RoleWord::Named(name) if name.is_empty() => Err(Error::syntax("zero-length delimited identifier", None)),
        RoleWord::Named(name) => Ok(name),
        RoleWord::Public => Err(reserved("public")),
        RoleWord::CurrentUser | RoleWord::SessionUser => {
            let word = if *word == RoleWord::CurrentUser { "CURRENT_USER" } else { "SESSION_USER" };
            Err(Error::new(ErrorKind::ReservedName, format!("{word} cannot be used as a role name here")))
        }
    }
}

/// CREATE ROLE.
///
/// # Errors
/// 42501 for whoever may not, 42939 for a name of the system, 42710 for one that is taken, 42601 for an option that is said twice,
/// 22023 and 22007 for values, 42704 for roles that are not there.
pub(super) fn create_role(
    (word, is_user): (&RoleWord, bool),
    options: &[RoleOption],
    acting: &mut Acting<'_>,
) -> Result<()> {
    let name = new_name(word)?;
    check_repeats(options)?;
    let mut role = Role::new(RoleId(acting.transaction.new_id().0), name);
    role.attributes.login = is_user;
    for option in options {
        set_option(&mut role, option, acting)?;
    }
    let who = acting.transaction.catalog().role_by_id(acting.who()).cloned();
    let own = who.as_ref().map_or(RoleAttributes::PLAIN, |role| role.attributes);
    if !acting.is_superuser() {
        if !own.create_role {
            let detail = "Only roles with the CREATEROLE attribute may create roles.";
            return Err(denied("create role", detail));
        }
        check_attributes(&role.attributes, &own, RoleAttributes::PLAIN, "create roles with", "create role")?;
    }
    let id = role.id;
    acting.transaction.put_role(role)?;
    if !acting.is_superuser() {
        // Whoever makes a role may give it to others, and is no member besides.
        let creator = who.ok_or_else(|| Error::internal("a session has the rights of a role that is gone"))?;
        let mut creator = Role::clone(&creator);
        creator.member_of.push(RoleMembership {
            id: acting.transaction.new_id(),
            role: id,
            grantor: RoleId::BOOTSTRAP,
            admin: true,
            inherit: false,
            set: false,
        });
        acting.transaction.put_role(creator)?;
    }
    for option in options {
        let (roles, members, admin): (Vec<RoleId>, Vec<RoleId>, bool) = match option {
            RoleOption::InRoles(roles) => (acting.roles(roles)?, vec![id], false),
            RoleOption::Members(members) => (vec![id], acting.roles(members)?, false),
            RoleOption::Admins(members) => (vec![id], acting.roles(members)?, true),
            _ => continue,
        };
        let options = MembershipOptions { admin: admin.then_some(true), ..MembershipOptions::default() };
        for role in roles {
            for member in &members {
                add_member(Granting { role, member: *member, options, grantor: None }, acting)?;
            }
        }
    }
    Ok(())
}

fn check_repeats(options: &[RoleOption]) -> Result<()> {
    for (at, option) in options.iter().enumerate() {
        let kind = std::mem::discriminant(option);
        if options.iter().take(at).any(|before| std::mem::discriminant(before) == kind) {
            return Err(Error::syntax("conflicting or redundant options", None));
        }
    }
    Ok(())
}

/// Refuses attributes that whoever gives them has not itself.
fn check_attributes(
    wanted: &RoleAttributes,
    own: &RoleAttributes,
    before: RoleAttributes,
    verb: &str,
    what: &str,
) -> Result<()> {
    let is_given = [
        ("SUPERUSER", wanted.superuser != before.superuser, false),
        ("CREATEDB", wanted.create_database != before.create_database, own.create_database),
        ("REPLICATION", wanted.replication != before.replication, own.replication),
        ("BYPASSRLS", wanted.bypass_row_security != before.bypass_row_security, own.bypass_row_security),
    ];
    match is_given.iter().find(|(_, is_changed, is_own)| *is_changed && !is_own) {
        None => Ok(()),
        Some((attribute, ..)) => {
            let detail = format!("Only roles with the {attribute} attribute may {verb} the {attribute} attribute.");
            Err(denied(what, detail))
        }
    }
}

fn set_option(role: &mut Role, option: &RoleOption, acting: &mut Acting<'_>) -> Result<()> {
    let attributes = &mut role.attributes;
    match option {
        RoleOption::Superuser(is) => attributes.superuser = *is,
        RoleOption::Inherit(is) => attributes.inherit = *is,
        RoleOption::CreateRole(is) => attributes.create_role = *is,
        RoleOption::CreateDatabase(is) => attributes.create_database = *is,
        RoleOption::Login(is) => attributes.login = *is,
        RoleOption::Replication(is) => attributes.replication = *is,
        RoleOption::BypassRowSecurity(is) => attributes.bypass_row_security = *is,
        RoleOption::ConnectionLimit(limit) => {
            role.connection_limit = i32::try_from(*limit).ok().filter(|limit| *limit >= -1).ok_or_else(|| {
                Error::new(ErrorKind::InvalidParameterValue, format!("invalid connection limit: {limit}"))
            })?;
        }
        RoleOption::Password(None) => role.verifier = None,
        RoleOption::Password(Some(password)) if password.expose().is_empty() => {
            role.verifier = None;
            let notice = Notice::new("empty string is not a valid password, clearing password");
            acting.transaction.notices.push(notice);
        }
        RoleOption::Password(Some(password)) => {
            role.verifier = Some(match read_verifier(password.expose())? {
                Some(verifier) => verifier,
                None => make_verifier(password.expose())?,
            });
        }
        RoleOption::ValidUntil(text) => {
            let style = acting.settings.text_style();
            match Value::text(text.as_str()).cast_in(style, &ColumnType::TimestampTz, true)? {
                Value::TimestampTz(micros) => role.valid_until = Some(micros),
                _ => return Err(Error::internal("a time is none")),
            }
        }
        RoleOption::Number => {
            acting.transaction.notices.push(Notice::new("SYSID can no longer be specified"));
        }
        RoleOption::InRoles(_) | RoleOption::Members(_) | RoleOption::Admins(_) => {}
    }
    Ok(())
}

/// Whether whoever acts may change a role as one that administers it.
fn administers(acting: &Acting<'_>, role: RoleId) -> bool {
    let catalog = acting.transaction.catalog();
    let who = acting.who();
    let creates = catalog.role_by_id(who).is_some_and(|role| role.attributes.create_role);
    catalog.is_superuser(who) || (creates && catalog.has_admin_option(who, role))
}

/// Refuses to change a superuser to whoever is none.
fn check_superuser(acting: &Acting<'_>, role: RoleId, (what, verb): (&str, &str)) -> Result<()> {
    if acting.transaction.catalog().is_superuser(role) && !acting.is_superuser() {
        let detail = format!("Only roles with the SUPERUSER attribute may {verb} roles with the SUPERUSER attribute.");
        return Err(denied(what, detail));
    }
    Ok(())
}

/// ALTER ROLE with options.
///
/// # Errors
/// As [`create_role`]; 0A000 for what the first superuser cannot be.
pub(super) fn alter_role(word: &RoleWord, options: &[RoleOption], acting: &mut Acting<'_>) -> Result<()> {
    let id = acting.role(word)?;
    check_repeats(options)?;
    let mut role = role_of(id, acting)?;
    let before = role.attributes;
    check_superuser(acting, id, ("alter role", "alter"))?;
    for option in options {
        set_option(&mut role, option, acting)?;
    }
    let says_superuser = options.iter().any(|option| matches!(option, RoleOption::Superuser(_)));
    if says_superuser && !acting.is_superuser() {
        let detail = "Only roles with the SUPERUSER attribute may change the SUPERUSER attribute.";
        return Err(denied("alter role", detail));
    }
    if !administers(acting, id) {
        let is_password = |option: &RoleOption| matches!(option, RoleOption::Password(_));
        if !options.iter().all(is_password) {
            let detail = format!(
                "Only roles with the CREATEROLE attribute and the ADMIN option on role \"{}\" may alter this role.",
                role.name
            );
            return Err(denied("alter role", detail));
        }
        if id != acting.who() {
            let detail = "To change another role's password, the current user must have the CREATEROLE attribute and \
                          the ADMIN option on the role.";
            return Err(denied("alter role", detail));
        }
    } else if !acting.is_superuser() {
        let own = acting.transaction.catalog().role_by_id(acting.who()).map(|role| role.attributes);
        check_attributes(&role.attributes, &own.unwrap_or(RoleAttributes::PLAIN), before, "change", "alter role")?;
    }
    if id.is_bootstrap() {
        if !role.attributes.superuser {
            let detail = "The bootstrap superuser must have the SUPERUSER attribute.";
            return Err(Error::new(ErrorKind::Unsupported, "permission denied to alter role").with_detail(detail));
        }
        if !role.attributes.login || role.verifier.is_some() || role.valid_until.is_some() {
            let message = format!("role \"{OWNER}\" always logs in, and its password does not end");
            return Err(Error::unsupported(message, format!("ALTER ROLE {OWNER} PASSWORD '...' by itself.")));
        }
    }
    acting.transaction.put_role(role)
}

/// ALTER ROLE … SET and RESET.
///
/// # Errors
/// 42501 for whoever may not; 0A000 for ALL; as [`Settings::set`].
pub(super) fn set_of_role(word: Option<&RoleWord>, setting: &RoleSetting, acting: &mut Acting<'_>) -> Result<()> {
    let Some(word) = word else {
        return Err(Error::unsupported("settings of all roles are not offered", "ALTER ROLE name SET ..."));
    };
    let id = acting.role(word)?;
    check_superuser(acting, id, ("alter role", "alter"))?;
    let mut role = role_of(id, acting)?;
    if id != acting.who() && !administers(acting, id) {
        let detail = format!(
            "Only roles with the CREATEROLE attribute and the ADMIN option on role \"{}\" may alter this role.",
            role.name
        );
        return Err(denied("alter role", detail));
    }
    match setting {
        RoleSetting::ResetAll => role.settings.clear(),
        RoleSetting::Reset(name) => {
            role.settings.remove(name);
        }
        RoleSetting::Set(name, value) => {
            let value = checked_setting(name, value, acting)?;
            role.settings.insert(name.clone(), value);
        }
        RoleSetting::FromCurrent(name) => {
            let value = acting.settings.get(name)?.to_string();
            let value = checked_setting(name, &value, acting)?;
            role.settings.insert(name.clone(), value);
        }
    }
    if role.settings.len() > ROLE_SETTINGS_MAX {
        let message = format!("more than {ROLE_SETTINGS_MAX} settings of one role");
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    acting.transaction.put_role(role)
}

/// The value of a setting, where a session would take it.
fn checked_setting(name: &str, value: &str, acting: &Acting<'_>) -> Result<String> {
    if matches!(name, "role" | "session_authorization") {
        return Err(Error::unsupported(
            format!("\"{name}\" is no setting of a role here"),
            "SET ROLE when the session has begun.",
        ));
    }
    let mut settings = Settings::clone(acting.settings);
    settings.set(name, value)?;
    Ok(value.to_string())
}

/// ALTER ROLE … RENAME TO.
///
/// # Errors
/// 42501 for whoever may not, 0A000 for the role of this session and for the first superuser; as [`create_role`].
pub(super) fn rename_role(word: &RoleWord, to: &RoleWord, acting: &mut Acting<'_>) -> Result<()> {
    let id = acting.role(word)?;
    let identity = acting.identity();
    if id == identity.session {
        return Err(Error::new(ErrorKind::Unsupported, "session user cannot be renamed"));
    }
    if id == identity.current {
        return Err(Error::new(ErrorKind::Unsupported, "current user cannot be renamed"));
    }
    if id.is_bootstrap() {
        let message = format!("role \"{OWNER}\" keeps its name");
        return Err(Error::unsupported(message, "CREATE ROLE another SUPERUSER LOGIN."));
    }
    let name = new_name(to)?;
    if let RoleWord::Named(old) = word {
        new_name(&RoleWord::Named(old.clone()))?;
    }
    check_superuser(acting, id, ("rename role", "rename"))?;
    let mut role = role_of(id, acting)?;
    if !administers(acting, id) {
        let detail = format!(
            "Only roles with the CREATEROLE attribute and the ADMIN option on role \"{}\" may rename this role.",
            role.name
        );
        return Err(denied("rename role", detail));
    }
    role.name = name.to_string();
    acting.transaction.put_role(role)
}

/// DROP ROLE.
///
/// # Errors
/// 42501 for whoever may not, 42704 for a role that is not there, 55006 for one of this session, 2BP01 for one that owns something or
/// that something was granted to.
pub(super) fn drop_roles(words: &[RoleWord], if_exists: bool, acting: &mut Acting<'_>) -> Result<()> {
    let creates = acting.transaction.catalog().role_by_id(acting.who()).is_some_and(|role| role.attributes.create_role);
    if !acting.is_superuser() && !creates {
        let detail =
            "Only roles with the CREATEROLE attribute and the ADMIN option on the target roles may drop roles.";
        return Err(denied("drop role", detail));
    }
    let mut dropped = Vec::with_capacity(words.len());
    for word in words {
        let id = match (word, acting.role(word)) {
            (RoleWord::Named(name), Err(_)) if if_exists => {
                let notice = Notice::new(format!("role \"{name}\" does not exist, skipping"));
                acting.transaction.notices.push(notice);
                continue;
            }
            (RoleWord::Named(_), found) => found?,
            _ => {
                let message = "cannot use special role specifier in DROP ROLE";
                return Err(Error::new(ErrorKind::InvalidParameterValue, message));
            }
        };
        let identity = acting.identity();
        if id == identity.current {
            return Err(Error::new(ErrorKind::ObjectInUse, "current user cannot be dropped"));
        }
        if id == identity.session || id == identity.login {
            return Err(Error::new(ErrorKind::ObjectInUse, "session user cannot be dropped"));
        }
        if id.is_bootstrap() {
            let message = format!("cannot drop role {OWNER} because it is required by the database system");
            return Err(Error::new(ErrorKind::DependentObjects, message));
        }
        check_superuser(acting, id, ("drop role", "drop"))?;
        if !administers(acting, id) {
            let detail = format!(
                "Only roles with the CREATEROLE attribute and the ADMIN option on role \"{}\" may drop this role.",
                acting.name(id)
            );
            return Err(denied("drop role", detail));
        }
        dropped.push(id);
    }
    for id in &dropped {
        forget_memberships(*id, acting)?;
    }
    for id in &dropped {
        let lines = dependents(*id, acting.transaction.catalog());
        if !lines.is_empty() {
            let message = format!("role \"{}\" cannot be dropped because some objects depend on it", acting.name(*id));
            return Err(Error::new(ErrorKind::DependentObjects, message).with_detail(lines.join("\n")));
        }
        acting.transaction.drop_role(*id);
    }
    Ok(())
}

/// Takes a role out of the lists of what others are members of.
fn forget_memberships(id: RoleId, acting: &mut Acting<'_>) -> Result<()> {
    let members: Vec<Role> = acting
        .transaction
        .catalog()
        .roles()
        .filter(|role| role.member_of.iter().any(|membership| membership.role == id))
        .map(|role| Role::clone(role))
        .collect();
    for mut member in members {
        member.member_of.retain(|membership| membership.role != id);
        acting.transaction.put_role(member)?;
    }
    Ok(())
}

/// What a role owns or was granted, a line each.
fn dependents(id: RoleId, catalog: &Catalog) -> Vec<String> {
    let mut lines = Vec::new();
    for (object, acl) in catalog.acls().filter(|(_, acl)| acl.names(id)) {
        let what = described(catalog, object);
        let is_granted = |item: &AclItem| item.grantee == Some(id) || item.grantor == id;
        if acl.owner == id {
            lines.push(format!("owner of {what}"));
        } else if acl.all_items().any(is_granted) {
            lines.push(format!("privileges for {what}"));
        }
    }
    for role in catalog.roles().filter(|role| role.id != id) {
        for membership in role.member_of.iter().filter(|membership| membership.grantor == id) {
            let (member, of) = (&role.name, catalog.role_name(membership.role));
            lines.push(format!("privileges for membership of role {member} in role {of}"));
        }
    }
    let rest = lines.len().saturating_sub(DEPENDENTS_SHOWN);
    lines.truncate(DEPENDENTS_SHOWN);
    if rest > 0 {
        lines.push(format!("and {rest} other objects (see server log for list)"));
    }
    lines
}

/// An object as details name it.
fn described(catalog: &Catalog, object: CollectionId) -> String {
    if object == ObjectAcl::PUBLIC_SCHEMA {
        return "schema public".to_string();
    }
    if object == ObjectAcl::DATABASE {
        return "database nebulus".to_string();
    }
    let (kind, name) = described_object(catalog, object);
    format!("{kind} {name}")
}
