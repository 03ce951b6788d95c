//! Roles: who may log in, what a role may do by itself, and of which other roles it is a member. They belong to one node, and no
//! member of a network hears of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::collection::CollectionId;

/// The number of a role, which it keeps under any name. It shares the number space of collections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RoleId(pub u32);

/// What the server keeps of a password (RFC 5803): enough to check it, not enough to log in with it elsewhere.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScramVerifier {
    pub iterations: u32,
    pub salt: Vec<u8>,
    pub stored_key: Vec<u8>,
    pub server_key: Vec<u8>,
}

impl fmt::Debug for ScramVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScramVerifier({} iterations)", self.iterations)
    }
}

/// One role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    pub id: RoleId,
    pub name: String,
    pub attributes: RoleAttributes,
    /// Logins at a time; -1 for any number.
    pub connection_limit: i32,
    /// Until when its password counts, in microseconds since 1970; `None` for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<ScramVerifier>,
    /// What ALTER ROLE … SET has set, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// The roles that it is a member of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub member_of: Vec<RoleMembership>,
}

/// What a role may do by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of CREATE ROLE")]
pub struct RoleAttributes {
    pub superuser: bool,
    /// What memberships that are made without INHERIT or NOINHERIT say of it.
    pub inherit: bool,
    pub create_role: bool,
    pub create_database: bool,
    pub login: bool,
    pub replication: bool,
    pub bypass_row_security: bool,
}

/// That a role is a member of another one, as one grantor has said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleMembership {
    /// Shares the number space of collections: `pg_auth_members.oid`.
    pub id: CollectionId,
    pub role: RoleId,
    pub grantor: RoleId,
    /// ADMIN OPTION: it may make others members.
    pub admin: bool,
    /// INHERIT OPTION: it has the privileges of the role.
    pub inherit: bool,
    /// SET OPTION: it may become the role by SET ROLE.
    pub set: bool,
}

impl RoleId {
    /// The superuser that each node begins with.
    pub const BOOTSTRAP: RoleId = RoleId(0);
    /// Its OID, which is PostgreSQL's.
    const BOOTSTRAP_OID: u32 = 10;

    pub fn is_bootstrap(self) -> bool {
        self == RoleId::BOOTSTRAP
    }

    /// The OID that the catalogs show.
    pub fn oid(self) -> u32 {
        if self.is_bootstrap() { RoleId::BOOTSTRAP_OID } else { self.object().oid() }
    }

    /// The role of an OID that [`RoleId::oid`] gave.
    pub fn of_oid(oid: u32) -> RoleId {
        match oid {
            RoleId::BOOTSTRAP_OID => RoleId::BOOTSTRAP,
            oid => RoleId(CollectionId::of_oid(oid).0),
        }
    }

    /// Its number among those of collections.
    pub fn object(self) -> CollectionId {
        CollectionId(self.0)
    }
}

impl RoleAttributes {
    /// Those that CREATE ROLE gives where it says nothing.
    pub const PLAIN: RoleAttributes = RoleAttributes {
        superuser: false,
        inherit: true,
        create_role: false,
        create_database: false,
        login: false,
        replication: false,
        bypass_row_security: false,
    };
}

impl Role {
    /// A role that may do nothing by itself.
    pub fn new(id: RoleId, name: impl Into<String>) -> Role {
        Role {
            id,
            name: name.into(),
            attributes: RoleAttributes::PLAIN,
            connection_limit: -1,
            valid_until: None,
            verifier: None,
            settings: BTreeMap::new(),
            member_of: Vec::new(),
        }
    }

    /// The superuser that each node begins with.
    pub fn bootstrap(name: &str) -> Role {
        let attributes = RoleAttributes {
            superuser: true,
            inherit: true,
            create_role: true,
            create_database: true,
            login: true,
            replication: true,
            bypass_row_security: true,
        };
        Role { attributes, ..Role::new(RoleId::BOOTSTRAP, name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This definition lies in data directories: it is read for ever.
    const STORED: &str = concat!(
        r#"{"id":30,"name":"ann","attributes":{"superuser":false,"inherit":true,"create_role":false,"#,
        r#""create_database":false,"login":true,"replication":false,"bypass_row_security":false},"connection_limit":-1,"#,
        r#""valid_until":7,"settings":{"timezone":"UTC"},"#,
        r#""member_of":[{"id":32,"role":31,"grantor":0,"admin":false,"inherit":true,"set":true}]}"#,
    );

    #[test]
    fn a_stored_role_is_read_and_written_as_it_was() {
        let role: Role = serde_json::from_str(STORED).unwrap();
        assert_eq!((role.id.oid(), role.member_of[0].grantor.oid()), (CollectionId(30).oid(), 10));
        assert_eq!(serde_json::to_string(&role).unwrap(), STORED);
        assert_eq!((RoleId::of_oid(10), RoleId::of_oid(RoleId(30).oid())), (RoleId::BOOTSTRAP, RoleId(30)));
    }

    #[test]
    fn a_verifier_is_shown_to_nobody() {
        let keys = (b"stored".to_vec(), b"server".to_vec());
        let verifier = ScramVerifier { iterations: 2, salt: vec![1], stored_key: keys.0, server_key: keys.1 };
        let role = Role { verifier: Some(verifier), ..Role::new(RoleId(30), "ann") };
        assert!(format!("{role:?}").contains("ScramVerifier(2 iterations)"));
    }
}
