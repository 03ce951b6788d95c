//! Who a session is: SET ROLE and SET SESSION AUTHORIZATION, and what a login brings along.

use crate::db::Catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Role, RoleId};
use crate::session::session::Session;
use crate::settings::{SessionIdentity, Settings};

/// The setting that SET ROLE sets.
pub(super) const ROLE: &str = "role";
/// The setting that SET SESSION AUTHORIZATION sets.
pub(super) const SESSION_AUTHORIZATION: &str = "session_authorization";

/// Whether a setting tells who the session is.
pub(super) fn is_of_identity(name: &str) -> bool {
    name.eq_ignore_ascii_case(ROLE) || name.eq_ignore_ascii_case(SESSION_AUTHORIZATION)
}

fn no_role(name: &str) -> Error {
    Error::new(ErrorKind::InvalidParameterValue, format!("role \"{name}\" does not exist"))
}

impl Session {
    /// The session of a role that has logged in, with the settings that ALTER ROLE has given it.
    ///
    /// # Errors
    /// As SET, for a setting that is refused by now.
    pub fn begin_as(&mut self, role: &Role) -> Result<()> {
        let mut settings = Settings::clone(self.settings.effective());
        become_in(&mut settings, self.database.catalog().as_ref(), (SessionIdentity::of(role.id), None));
        self.settings.begin_with(settings);
        if !self.database.catalog().is_superuser(role.id) {
            // Nothing gives them back to this connection.
            self.database = self.database.without_secrets();
        }
        for (name, value) in &role.settings {
            self.set_at_startup(name, value)?;
        }
        Ok(())
    }

    /// A setting of the startup message.
    ///
    /// # Errors
    /// As SET.
    pub fn set_at_startup(&mut self, name: &str, value: &str) -> Result<()> {
        if is_of_identity(name) {
            self.set_identity(name, Some(value), false)?;
            // It stays, whatever becomes of the first statement.
            self.settings.commit();
            return Ok(());
        }
        self.settings.set_initial(name, value)?;
        if self.settings.effective().hides_secrets() {
            self.database = self.database.without_secrets();
        }
        Ok(())
    }

    /// SET ROLE and SET SESSION AUTHORIZATION; `None` for RESET and DEFAULT.
    ///
    /// # Errors
    /// 22023 for a role that is not there, 42501 for one that the session may not become.
    pub(super) fn set_identity(&mut self, name: &str, value: Option<&str>, is_local: bool) -> Result<()> {
        let view = self.planning_view();
        let catalog = view.catalog();
        let before = *self.settings.effective().identity();
        let (identity, role) = match (name.eq_ignore_ascii_case(ROLE), value) {
            (true, None | Some("none")) => (SessionIdentity { current: before.session, ..before }, None),
            (true, Some(value)) => {
                let role = catalog.role(value).ok_or_else(|| no_role(value))?;
                if !catalog.may_become(before.session, role.id) {
                    let message = format!("permission denied to set role \"{value}\"");
                    return Err(Error::new(ErrorKind::InsufficientPrivilege, message));
                }
                (SessionIdentity { current: role.id, ..before }, Some(role.name.as_str()))
            }
            (false, None) => (SessionIdentity::of(before.login), None),
            (false, Some(value)) => {
                let role = catalog.role(value).ok_or_else(|| no_role(value))?;
                if role.id != before.login && !catalog.is_superuser(before.login) {
                    let message = format!("permission denied to set session authorization \"{value}\"");
                    return Err(Error::new(ErrorKind::InsufficientPrivilege, message));
                }
                (SessionIdentity { login: before.login, session: role.id, current: role.id }, None)
            }
        };
        let catalog = std::sync::Arc::clone(catalog);
        self.changing_settings().become_someone(is_local, |settings| become_in(settings, &catalog, (identity, role)));
        Ok(())
    }

    /// The role whose rights statements have.
    pub(super) fn current_role(&self) -> RoleId {
        self.settings.effective().identity().current
    }
}

/// Makes settings those of somebody; `role` is what SET ROLE has named.
fn become_in(settings: &mut Settings, catalog: &Catalog, (identity, role): (SessionIdentity, Option<&str>)) {
    let session = catalog.role_name(identity.session);
    settings.become_identity(identity, (role.unwrap_or("none"), &session, catalog.is_superuser(identity.current)));
}
