//! Who a session is.

use crate::model::RoleId;

/// Who a session has logged in as, who it is, and whose rights its statements have: SET SESSION AUTHORIZATION changes the second of
/// them, SET ROLE the third. By default it is the bootstrap superuser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionIdentity {
    pub login: RoleId,
    pub session: RoleId,
    pub current: RoleId,
}

impl SessionIdentity {
    /// Somebody who has logged in.
    pub fn of(role: RoleId) -> SessionIdentity {
        SessionIdentity { login: role, session: role, current: role }
    }
}
