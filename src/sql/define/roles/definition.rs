//! A statement about roles, as a change of the catalog.

use std::sync::Arc;

use crate::db::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::metrics::StatementKind;
use crate::model::RoleId;
use crate::settings::{SessionIdentity, Settings};
use crate::sql::define::roles::grant::grant;
use crate::sql::define::roles::membership::change_memberships;
use crate::sql::define::roles::names::Names;
use crate::sql::define::roles::ownership::{drop_owned, reassign_owned, set_owner};
use crate::sql::define::roles::role::{alter_role, create_role, drop_roles, rename_role, set_of_role};
use crate::sql::parse::roles::role_text::{RoleOption, RoleStatement, RoleText, RoleWord};
use crate::statement::{
    Change, CommandTag, DependsOn, PlanNotes, Planned, Planning, Privilege, ReadRun, SessionCommand, Statement,
    StatementTree, TouchedObject, Work, WriteRun, Written, at_once,
};
use crate::types::ColumnType;

/// The same, planned.
struct RoleChange {
    text: RoleText,
}

/// Who runs a statement about roles, and in what.
pub(super) struct Acting<'a> {
    pub transaction: &'a mut Transaction,
    pub settings: &'a Settings,
}

impl Acting<'_> {
    pub fn identity(&self) -> SessionIdentity {
        *self.settings.identity()
    }

    /// Whose rights count.
    pub fn who(&self) -> RoleId {
        self.identity().current
    }

    pub fn is_superuser(&self) -> bool {
        self.transaction.catalog().is_superuser(self.who())
    }

    /// The role that a word means.
    ///
    /// # Errors
    /// 42704 where there is none.
    pub fn role(&self, word: &RoleWord) -> Result<RoleId> {
        match word {
            RoleWord::Named(name) => self.transaction.catalog().expect_role(name).map(|role| role.id),
            RoleWord::CurrentUser => Ok(self.who()),
            RoleWord::SessionUser => Ok(self.identity().session),
            RoleWord::Public => Err(Error::new(ErrorKind::UndefinedObject, "role \"public\" does not exist")),
        }
    }

    /// The roles that words mean.
    ///
    /// # Errors
    /// As [`Acting::role`].
    pub fn roles(&self, words: &[RoleWord]) -> Result<Vec<RoleId>> {
        words.iter().map(|word| self.role(word)).collect()
    }

    pub fn name(&self, role: RoleId) -> String {
        self.transaction.catalog().role_name(role).into_owned()
    }

    /// What objects are called, and where they are found.
    pub fn names(&self) -> Names<'_> {
        Names { catalog: self.transaction.catalog(), settings: self.settings }
    }
}

impl StatementTree for RoleStatement {
    fn plan(&self, _declared: &[Option<ColumnType>], planning: &Planning<'_>) -> Result<Planned> {
        let notes = PlanNotes::default();
        notes.touch(TouchedObject::Roles, Privilege::Own);
        if let Some(command) = self.own_password(planning) {
            return Ok(Planned::new(Statement::Session(command), Vec::new(), None, notes, None));
        }
        if matches!(self.text, RoleText::ResetAuthorization) {
            let command = SessionCommand::Reset(Some("session_authorization".to_string()));
            return Ok(Planned::new(Statement::Session(command), Vec::new(), None, notes, None));
        }
        notes.depend_on(DependsOn::Catalog(Arc::clone(planning.view.catalog())));
        let change = RoleChange { text: self.text.clone() };
        Ok(Planned::new(Statement::Change(Box::new(change)), Vec::new(), None, notes, None))
    }

    fn shown(&self, text: &Arc<str>) -> Option<Arc<str>> {
        if self.is_secret() { None } else { Some(Arc::clone(text)) }
    }

    fn shape(&self, text: &str) -> String {
        crate::sql::parse::shape::shape(text)
    }
}

impl RoleStatement {
    /// The password of the superuser that a node begins with lies apart from the roles: it is there before the catalog is.
    fn own_password(&self, planning: &Planning<'_>) -> Option<SessionCommand> {
        let RoleText::Alter { role, options } = &self.text else { return None };
        let [RoleOption::Password(password)] = options.as_slice() else { return None };
        let identity = planning.settings.identity();
        let id = match role {
            RoleWord::Named(name) => planning.view.catalog().role(name)?.id,
            RoleWord::CurrentUser => identity.current,
            RoleWord::SessionUser => identity.session,
            RoleWord::Public => return None,
        };
        let name = planning.view.catalog().role_name(id).into_owned();
        id.is_bootstrap().then(|| SessionCommand::SetPassword { role: name, password: password.clone() })
    }
}

impl RoleChange {
    fn make(&self, run: WriteRun<'_>) -> Result<&'static str> {
        let mut acting = Acting { transaction: run.transaction, settings: run.settings };
        match &self.text {
            RoleText::Create { name, options, is_user } => {
                create_role((name, *is_user), options, &mut acting).map(|()| "CREATE ROLE")
            }
            RoleText::Alter { role, options } => alter_role(role, options, &mut acting).map(|()| "ALTER ROLE"),
            RoleText::AlterSetting { role, setting } => {
                set_of_role(role.as_ref(), setting, &mut acting).map(|()| "ALTER ROLE")
            }
            RoleText::Rename { role, to } => rename_role(role, to, &mut acting).map(|()| "ALTER ROLE"),
            RoleText::Drop { roles, if_exists } => drop_roles(roles, *if_exists, &mut acting).map(|()| "DROP ROLE"),
            RoleText::Membership(text) => change_memberships(text, &mut acting),
            RoleText::Grant(text) => grant(text, &mut acting),
            RoleText::SetOwner { kind, name, if_exists, owner } => {
                set_owner((*kind, name, *if_exists), owner, &mut acting)
            }
            RoleText::ReassignOwned { roles, to } => reassign_owned(roles, to, &mut acting).map(|()| "REASSIGN OWNED"),
            RoleText::DropOwned { roles, cascade } => drop_owned(roles, *cascade, &mut acting).map(|()| "DROP OWNED"),
            RoleText::ResetAuthorization => Err(Error::internal("RESET is no change of the catalog")),
            RoleText::DefaultPrivileges => Err(Error::unsupported(
                "ALTER DEFAULT PRIVILEGES is not offered",
                "GRANT ... ON ALL TABLES IN SCHEMA ... after tables are made.",
            )),
        }
    }
}

impl Change for RoleChange {
    fn execute<'a>(&'a self, run: WriteRun<'a>) -> Work<'a, Written> {
        at_once(self.make(run).map(|tag| Written::only(CommandTag::of(tag))))
    }

    fn explain<'a>(&'a self, _run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(Ok(Vec::new()))
    }

    fn is_short(&self) -> bool {
        // Making a verifier takes a moment.
        false
    }

    fn kind(&self) -> StatementKind {
        StatementKind::Define
    }
}
