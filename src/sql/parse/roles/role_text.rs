//! Statements about roles and privileges, as their words say them.

use crate::statement::SecretText;

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleWord {
    Named(String),
    CurrentUser,
    SessionUser,
    Public,
}

/// One option of CREATE ROLE or ALTER ROLE.
#[derive(Clone, Debug)]
pub enum RoleOption {
    Superuser(bool),
    Inherit(bool),
    CreateRole(bool),
    CreateDatabase(bool),
    Login(bool),
    Replication(bool),
    BypassRowSecurity(bool),
    ConnectionLimit(i64),
    /// `None` for NULL.
    Password(Option<SecretText>),
    ValidUntil(String),
    /// IN ROLE.
    InRoles(Vec<RoleWord>),
    Members(Vec<RoleWord>),
    Admins(Vec<RoleWord>),
    /// SYSID: as in PostgreSQL it is read, and the number is the server's to choose.
    Number,
}

/// What GRANT and REVOKE of a role say of a membership.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MembershipOptions {
    pub admin: Option<bool>,
    pub inherit: Option<bool>,
    pub set: Option<bool>,
}

/// The relations, schemas or others that GRANT and REVOKE are about. Names have one part or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantedObjects {
    Tables(Vec<Vec<String>>),
    Sequences(Vec<Vec<String>>),
    Schemas(Vec<String>),
    Databases(Vec<String>),
    TablesIn(Vec<String>),
    SequencesIn(Vec<String>),
    /// A kind on which nothing is granted here.
    Others(String),
}

/// GRANT or REVOKE of privileges.
#[derive(Clone, Debug)]
pub struct GrantText {
    pub is_grant: bool,
    /// `None` for ALL; else words, each with its columns.
    pub privileges: Option<Vec<(String, Vec<String>)>>,
    pub objects: GrantedObjects,
    pub roles: Vec<RoleWord>,
    /// WITH GRANT OPTION, or GRANT OPTION FOR.
    pub grant_option: bool,
    pub grantor: Option<RoleWord>,
    pub cascade: bool,
}

/// GRANT or REVOKE of roles.
#[derive(Clone, Debug)]
pub struct MembershipText {
    pub is_grant: bool,
    pub roles: Vec<RoleWord>,
    pub members: Vec<RoleWord>,
    /// Of REVOKE: the options that it takes back; none for the membership itself.
    pub options: MembershipOptions,
    pub grantor: Option<RoleWord>,
    pub cascade: bool,
}

/// ALTER ROLE … SET, or RESET.
#[derive(Clone, Debug)]
pub enum RoleSetting {
    Set(String, String),
    FromCurrent(String),
    Reset(String),
    ResetAll,
}

/// A kind of object that has an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnedKind {
    /// Tables, and what ALTER TABLE takes for one: views and sequences.
    Table,
    View,
    MaterializedView,
    Sequence,
    Schema,
    Type,
    Domain,
    Database,
}

/// A statement about roles.
#[derive(Clone, Debug)]
pub enum RoleText {
    Create {
        name: RoleWord,
        options: Vec<RoleOption>,
        is_user: bool,
    },
    Alter {
        role: RoleWord,
        options: Vec<RoleOption>,
    },
    AlterSetting {
        role: Option<RoleWord>,
        setting: RoleSetting,
    },
    Rename {
        role: RoleWord,
        to: RoleWord,
    },
    Drop {
        roles: Vec<RoleWord>,
        if_exists: bool,
    },
    Membership(MembershipText),
    Grant(GrantText),
    SetOwner {
        kind: OwnedKind,
        name: Vec<String>,
        if_exists: bool,
        owner: RoleWord,
    },
    ReassignOwned {
        roles: Vec<RoleWord>,
        to: RoleWord,
    },
    DropOwned {
        roles: Vec<RoleWord>,
        cascade: bool,
    },
    DefaultPrivileges,
    /// RESET SESSION AUTHORIZATION.
    ResetAuthorization,
}

/// A statement about roles as its reader leaves it.
#[derive(Debug)]
pub struct RoleStatement {
    pub text: RoleText,
}

impl RoleStatement {
    /// Whether its text has a password.
    pub fn is_secret(&self) -> bool {
        let options: &[RoleOption] = match &self.text {
            RoleText::Create { options, .. } | RoleText::Alter { options, .. } => options,
            _ => &[],
        };
        options.iter().any(|option| matches!(option, RoleOption::Password(_)))
    }
}
