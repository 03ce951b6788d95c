//! Privileges on objects, as GRANT gives them: the lists of PostgreSQL, one for each object.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::collection::CollectionId;
use crate::model::column::ColumnId;
use crate::model::role::RoleId;

/// One privilege; its number is its bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    Insert,
    Select,
    Update,
    Delete,
    Truncate,
    References,
    Trigger,
    Execute,
    Usage,
    Create,
    Temporary,
    Connect,
    Maintain,
}

/// Some privileges, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionSet(u16);

/// What somebody has given to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclItem {
    /// `None` for PUBLIC.
    pub grantee: Option<RoleId>,
    pub grantor: RoleId,
    pub held: PermissionSet,
    /// Of these, what the grantee may hand on.
    pub grantable: PermissionSet,
}

/// Who owns an object, and who may do what with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectAcl {
    pub owner: RoleId,
    /// `None` for what objects of its kind begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<AclItem>>,
    /// What was given on columns alone, of a view by their places from 0.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<ColumnId, Vec<AclItem>>,
    /// What was given on the sequences of columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sequences: BTreeMap<ColumnId, Vec<AclItem>>,
}

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AclTarget {
    pub kind: ObjectKind,
    /// The object that has an owner: of a column and its sequence the table.
    pub object: CollectionId,
    /// Of a column, and of a column's sequence.
    pub column: Option<ColumnId>,
}

/// Kinds of objects that have privileges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A table or view.
    Relation,
    Column,
    Sequence,
    Schema,
    Database,
    Type,
}

impl Permission {
    pub const ALL: [Permission; 13] = [
        Permission::Insert,
        Permission::Select,
        Permission::Update,
        Permission::Delete,
        Permission::Truncate,
        Permission::References,
        Permission::Trigger,
        Permission::Execute,
        Permission::Usage,
        Permission::Create,
        Permission::Temporary,
        Permission::Connect,
        Permission::Maintain,
    ];

    /// Its word in GRANT.
    pub fn name(self) -> &'static str {
        match self {
            Permission::Insert => "INSERT",
            Permission::Select => "SELECT",
            Permission::Update => "UPDATE",
            Permission::Delete => "DELETE",
            Permission::Truncate => "TRUNCATE",
            Permission::References => "REFERENCES",
            Permission::Trigger => "TRIGGER",
            Permission::Execute => "EXECUTE",
            Permission::Usage => "USAGE",
            Permission::Create => "CREATE",
            Permission::Temporary => "TEMPORARY",
            Permission::Connect => "CONNECT",
            Permission::Maintain => "MAINTAIN",
        }
    }

    /// Its letter in lists.
    pub fn letter(self) -> char {
        match self {
            Permission::Insert => 'a',
            Permission::Select => 'r',
            Permission::Update => 'w',
            Permission::Delete => 'd',
            Permission::Truncate => 'D',
            Permission::References => 'x',
            Permission::Trigger => 't',
            Permission::Execute => 'X',
            Permission::Usage => 'U',
            Permission::Create => 'C',
            Permission::Temporary => 'T',
            Permission::Connect => 'c',
            Permission::Maintain => 'm',
        }
    }

    /// The privilege of a word, in any case.
    pub fn of(word: &str) -> Option<Permission> {
        let word = if word.eq_ignore_ascii_case("temp") { "temporary" } else { word };
        Permission::ALL.into_iter().find(|permission| permission.name().eq_ignore_ascii_case(word))
    }
}

impl PermissionSet {
    pub const NONE: PermissionSet = PermissionSet(0);

    /// Those of a list.
    pub fn of(list: &[Permission]) -> PermissionSet {
        PermissionSet(list.iter().fold(0, |set, permission| set | (1 << *permission as u16)))
    }

    pub fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u16) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub fn and(self, other: PermissionSet) -> PermissionSet {
        PermissionSet(self.0 & other.0)
    }

    #[must_use]
    pub fn or(self, other: PermissionSet) -> PermissionSet {
        PermissionSet(self.0 | other.0)
    }

    #[must_use]
    pub fn without(self, other: PermissionSet) -> PermissionSet {
        PermissionSet(self.0 & !other.0)
    }

    /// In PostgreSQL's order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.has(*permission))
    }
}

impl ObjectKind {
    /// All privileges that there are on such an object.
    pub fn all(self) -> PermissionSet {
        use Permission::{
            Connect, Create, Delete, Insert, Maintain, References, Select, Temporary, Trigger, Truncate, Update, Usage,
        };
        PermissionSet::of(match self {
            ObjectKind::Relation => &[Insert, Select, Update, Delete, Truncate, References, Trigger, Maintain],
            ObjectKind::Column => &[Insert, Select, Update, References],
            ObjectKind::Sequence => &[Select, Update, Usage],
            ObjectKind::Schema => &[Usage, Create],
            ObjectKind::Database => &[Create, Temporary, Connect],
            ObjectKind::Type => &[Usage],
        })
    }

    /// What everybody may do with one that nobody has granted anything on.
    fn of_public(self, object: CollectionId) -> PermissionSet {
        match self {
            ObjectKind::Schema if object == ObjectAcl::PUBLIC_SCHEMA => PermissionSet::of(&[Permission::Usage]),
            ObjectKind::Database => PermissionSet::of(&[Permission::Temporary, Permission::Connect]),
            ObjectKind::Type => PermissionSet::of(&[Permission::Usage]),
            ObjectKind::Relation | ObjectKind::Column | ObjectKind::Sequence | ObjectKind::Schema => {
                PermissionSet::NONE
            }
        }
    }

    /// What messages call it.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Relation => "table",
            ObjectKind::Column => "column",
            ObjectKind::Sequence => "sequence",
            ObjectKind::Schema => "schema",
            ObjectKind::Database => "database",
            ObjectKind::Type => "type",
        }
    }
}

impl ObjectAcl {
    /// The number that the schema `public` goes by here; no collection has it.
    pub const PUBLIC_SCHEMA: CollectionId = CollectionId(0);
    /// That of the database.
    pub const DATABASE: CollectionId = CollectionId(u32::MAX);

    /// Whether it says nothing that is not so anyway.
    pub fn is_default(&self) -> bool {
        *self == ObjectAcl::default()
    }

    /// The list of a target, where one was given.
    pub fn list(&self, target: AclTarget) -> Option<&Vec<AclItem>> {
        match (target.kind, target.column) {
            (ObjectKind::Column, Some(column)) => self.columns.get(&column),
            (ObjectKind::Sequence, Some(column)) => self.sequences.get(&column),
            _ => self.items.as_ref(),
        }
    }

    /// Puts another list in the place of that of a target.
    pub fn set_list(&mut self, target: AclTarget, items: Vec<AclItem>) {
        match (target.kind, target.column) {
            (ObjectKind::Column, Some(column)) => {
                self.columns.insert(column, items);
            }
            (ObjectKind::Sequence, Some(column)) => {
                self.sequences.insert(column, items);
            }
            _ => self.items = Some(items),
        }
    }

    /// Who may do what with the target.
    pub fn effective(&self, target: AclTarget) -> Vec<AclItem> {
        let AclTarget { kind, object, .. } = target;
        match self.list(target) {
            Some(items) => items.clone(),
            None if kind == ObjectKind::Column => Vec::new(),
            None => {
                let item =
                    |grantee, held| AclItem { grantee, grantor: self.owner, held, grantable: PermissionSet::NONE };
                let public = kind.of_public(object);
                let own = item(Some(self.owner), kind.all());
                if public.is_empty() { vec![own] } else { vec![item(None, public), own] }
            }
        }
    }

    /// All that was given.
    pub fn all_items(&self) -> impl Iterator<Item = &AclItem> {
        self.items.iter().chain(self.columns.values()).chain(self.sequences.values()).flatten()
    }

    /// Whether anything was given to or by a role, or is its own.
    pub fn names(&self, role: RoleId) -> bool {
        self.owner == role || self.all_items().any(|item| item.grantee == Some(role) || item.grantor == role)
    }
}

impl AclTarget {
    /// An object as a whole.
    pub fn whole(kind: ObjectKind, object: CollectionId) -> AclTarget {
        AclTarget { kind, object, column: None }
    }

    /// A table or view.
    pub fn relation(object: CollectionId) -> AclTarget {
        AclTarget::whole(ObjectKind::Relation, object)
    }
}

impl fmt::Display for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|permission| write!(f, "{}", permission.letter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_list_is_read_and_written_as_it_was() {
        let stored = concat!(
            r#"{"owner":30,"items":[{"grantee":30,"grantor":30,"held":4223,"grantable":0},"#,
            r#"{"grantee":null,"grantor":30,"held":2,"grantable":2}],"columns":{"1":[]}}"#
        );
        let acl: ObjectAcl = serde_json::from_str(stored).unwrap();
        assert_eq!(serde_json::to_string(&acl).unwrap(), stored);
        let items = acl.effective(AclTarget::relation(CollectionId(40)));
        assert_eq!((items[0].held.to_string(), items[0].held), ("arwdDxtm".to_string(), ObjectKind::Relation.all()));
        assert!(items[1].grantable.has(Permission::Select) && acl.names(RoleId(30)) && !acl.names(RoleId(31)));
    }

    #[test]
    fn what_nobody_has_granted_is_the_owners() {
        let acl = ObjectAcl::default();
        let shown = |kind: ObjectKind, object| {
            let items = acl.effective(AclTarget::whole(kind, object));
            items.iter().map(|item| (item.grantee, item.held.to_string())).collect::<Vec<_>>()
        };
        let owner = Some(RoleId::BOOTSTRAP);
        assert_eq!(shown(ObjectKind::Sequence, CollectionId(40)), [(owner, "rwU".to_string())]);
        assert_eq!(shown(ObjectKind::Schema, CollectionId(40)), [(owner, "UC".to_string())]);
        let public = [(None, "U".to_string()), (owner, "UC".to_string())];
        assert_eq!(shown(ObjectKind::Schema, ObjectAcl::PUBLIC_SCHEMA), public);
        let database = [(None, "Tc".to_string()), (owner, "CTc".to_string())];
        assert_eq!(shown(ObjectKind::Database, ObjectAcl::DATABASE), database);
    }
}
