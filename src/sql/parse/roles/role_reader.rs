//! Statements about roles and privileges, read from their tokens: CREATE, ALTER and DROP of ROLE, USER and GROUP, GRANT and REVOKE,
//! ALTER … OWNER TO, REASSIGN and DROP OWNED, and ALTER DEFAULT PRIVILEGES.
//!
//! PostgreSQL has options in any order and lists in many forms, of which the parser of other statements knows a part.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::{Error, Result};
use crate::sql::parse::parse::tokenize;
use crate::sql::parse::roles::role_text::{
    MembershipOptions, MembershipText, OwnedKind, RoleOption, RoleSetting, RoleText,
};
use crate::sql::parse::roles::token_reader::RoleTokens;
use crate::statement::SecretText;

/// Reads a statement about roles; `None` for another one.
///
/// # Errors
/// 42601 with a position; 54000 as [`tokenize`].
pub fn role_text(text: &str) -> Result<Option<RoleText>> {
    if !may_be(text) {
        return Ok(None);
    }
    let tokens: Vec<TokenWithSpan> =
        tokenize(text)?.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF)).collect();
    let end = tokens.iter().rposition(|token| token.token != Token::SemiColon).map_or(0, |last| last + 1);
    let start = tokens.iter().position(|token| token.token != Token::SemiColon).unwrap_or(0);
    let mut reader = RoleTokens { text, tokens: tokens.get(start..end).unwrap_or_default(), at: 0 };
    let Some(found) = reader.statement()? else { return Ok(None) };
    match reader.peek() {
        None => Ok(Some(found)),
        Some(_) => Err(reader.unexpected()),
    }
}

/// What such a statement opens with, and what may stand before it.
const OPENINGS: [&str; 10] = ["create", "alter", "drop", "grant", "revoke", "reassign", "reset", "--", "/*", ";"];

/// Whether the first word may open such a statement: most texts are looked at no further.
fn may_be(text: &str) -> bool {
    let text = text.trim_start();
    let opens = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    // Behind a comment anything may stand.
    OPENINGS.iter().any(|word| opens(word))
}

/// An option that is on by its word, and off by the word with NO before it.
type Switch = (&'static str, fn(bool) -> RoleOption);

impl RoleTokens<'_> {
    fn statement(&mut self) -> Result<Option<RoleText>> {
        if self.takes("GRANT") {
            return self.grant(true).map(Some);
        }
        if self.takes("REVOKE") {
            return self.grant(false).map(Some);
        }
        if self.is_at(0, "RESET") && self.is_at(1, "SESSION") && self.is_at(2, "AUTHORIZATION") {
            self.at = 3;
            return Ok(Some(RoleText::ResetAuthorization));
        }
        if self.takes("REASSIGN") {
            self.expect("OWNED")?;
            self.expect("BY")?;
            let roles = self.roles()?;
            self.expect("TO")?;
            return Ok(Some(RoleText::ReassignOwned { roles, to: self.role()? }));
        }
        let is_role = |reader: &Self, at: usize| {
            ["ROLE", "USER", "GROUP"].iter().any(|word| reader.is_at(at, word)) && !reader.is_at(at + 1, "MAPPING")
        };
        match (self.is_at(0, "CREATE"), self.is_at(0, "ALTER"), self.is_at(0, "DROP")) {
            (true, _, _) if is_role(self, 1) => self.create().map(Some),
            (_, true, _) if is_role(self, 1) => self.alter().map(Some),
            (_, true, _) if self.is_at(1, "DEFAULT") && self.is_at(2, "PRIVILEGES") => {
                self.at = self.tokens.len();
                Ok(Some(RoleText::DefaultPrivileges))
            }
            (_, true, _) => self.set_owner(),
            (_, _, true) if is_role(self, 1) => {
                self.at = 2;
                let if_exists = self.takes("IF");
                if if_exists {
                    self.expect("EXISTS")?;
                }
                Ok(Some(RoleText::Drop { roles: self.roles()?, if_exists }))
            }
            (_, _, true) if self.is_at(1, "OWNED") => {
                self.at = 2;
                self.expect("BY")?;
                let roles = self.roles()?;
                Ok(Some(RoleText::DropOwned { roles, cascade: self.cascades() }))
            }
            _ => Ok(None),
        }
    }

    fn create(&mut self) -> Result<RoleText> {
        let is_user = self.is_at(1, "USER");
        self.at = 2;
        let name = self.role()?;
        self.takes("WITH");
        let mut options = Vec::new();
        while self.peek().is_some() {
            options.push(self.option(true)?);
        }
        Ok(RoleText::Create { name, options, is_user })
    }

    fn alter(&mut self) -> Result<RoleText> {
        let is_group = self.is_at(1, "GROUP");
        self.at = 2;
        let role = if !is_group && self.takes("ALL") { None } else { Some(self.role()?) };
        if self.takes("IN") {
            self.expect("DATABASE")?;
            let message = "settings of a role in one database are not offered";
            return Err(Error::unsupported(message, "There is one database: ALTER ROLE name SET ..."));
        }
        if self.takes("RENAME") {
            self.expect("TO")?;
            let Some(role) = role else { return Err(self.unexpected()) };
            return Ok(RoleText::Rename { role, to: self.role()? });
        }
        if self.is_at(self.at, "SET") || self.is_at(self.at, "RESET") {
            let setting = self.setting()?;
            return Ok(RoleText::AlterSetting { role, setting });
        }
        let Some(role) = role else { return Err(self.unexpected()) };
        if is_group {
            let is_grant = self.takes("ADD");
            if !is_grant && !self.takes("DROP") {
                return Err(self.unexpected());
            }
            self.expect("USER")?;
            let (members, options) = (self.roles()?, MembershipOptions::default());
            let (roles, grantor, cascade) = (vec![role], None, false);
            return Ok(RoleText::Membership(MembershipText { is_grant, roles, members, options, grantor, cascade }));
        }
        self.takes("WITH");
        let mut options = Vec::new();
        while self.peek().is_some() {
            options.push(self.option(false)?);
        }
        Ok(RoleText::Alter { role, options })
    }

    fn option(&mut self, is_new: bool) -> Result<RoleOption> {
        let words: [Switch; 7] = [
            ("SUPERUSER", RoleOption::Superuser),
            ("INHERIT", RoleOption::Inherit),
            ("CREATEROLE", RoleOption::CreateRole),
            ("CREATEDB", RoleOption::CreateDatabase),
            ("LOGIN", RoleOption::Login),
            ("REPLICATION", RoleOption::Replication),
            ("BYPASSRLS", RoleOption::BypassRowSecurity),
        ];
        for (word, option) in words {
            if self.takes(word) {
                return Ok(option(true));
            }
            if self.takes(&format!("NO{word}")) {
                return Ok(option(false));
            }
        }
        if self.takes("CONNECTION") {
            self.expect("LIMIT")?;
            return Ok(RoleOption::ConnectionLimit(self.number()?));
        }
        let is_encrypted = self.takes("ENCRYPTED");
        if self.takes("PASSWORD") {
            return match !is_encrypted && self.takes("NULL") {
                true => Ok(RoleOption::Password(None)),
                false => {
                    Ok(RoleOption::Password(Some(SecretText::new(self.string("Expected the password as a string.")?))))
                }
            };
        }
        if is_encrypted {
            return Err(self.unexpected());
        }
        if self.takes("VALID") {
            self.expect("UNTIL")?;
            return Ok(RoleOption::ValidUntil(self.string("Expected a time as a string.")?));
        }
        if is_new && self.takes("IN") {
            return match self.takes("ROLE") || self.takes("GROUP") {
                true => Ok(RoleOption::InRoles(self.roles()?)),
                false => Err(self.unexpected()),
            };
        }
        if is_new && (self.takes("ROLE") || self.takes("USER")) {
            return Ok(RoleOption::Members(self.roles()?));
        }
        if is_new && self.takes("ADMIN") {
            return Ok(RoleOption::Admins(self.roles()?));
        }
        if is_new && self.takes("SYSID") {
            return self.number().map(|_| RoleOption::Number);
        }
        Err(self.unexpected())
    }

    fn setting(&mut self) -> Result<RoleSetting> {
        if self.takes("RESET") {
            return match self.takes("ALL") {
                true => Ok(RoleSetting::ResetAll),
                false => Ok(RoleSetting::Reset(self.setting_name()?)),
            };
        }
        self.expect("SET")?;
        let name = match self.is_at(self.at, "TIME") && self.is_at(self.at + 1, "ZONE") {
            true => {
                self.at += 2;
                "timezone".to_string()
            }
            false => self.setting_name()?,
        };
        if self.takes("FROM") {
            self.expect("CURRENT")?;
            return Ok(RoleSetting::FromCurrent(name));
        }
        if name != "timezone" && !self.takes_token(&Token::Eq) {
            self.expect("TO")?;
        } else if name == "timezone" && !self.takes_token(&Token::Eq) {
            self.takes("TO");
        }
        if self.takes("DEFAULT") {
            return Ok(RoleSetting::Reset(name));
        }
        let mut values = Vec::new();
        loop {
            values.push(self.setting_value(&name)?);
            if !self.takes_token(&Token::Comma) {
                return Ok(RoleSetting::Set(name, values.join(", ")));
            }
        }
    }

    fn setting_name(&mut self) -> Result<String> {
        let mut name = self.word()?.to_lowercase();
        while self.takes_token(&Token::Period) {
            name = format!("{name}.{}", self.word()?.to_lowercase());
        }
        Ok(name)
    }

    fn setting_value(&mut self, name: &str) -> Result<String> {
        let is_negative = self.takes_token(&Token::Minus);
        let value = match self.peek() {
            // A list of names keeps the quotes that its reader needs.
            Some(Token::SingleQuotedString(text)) if name == "search_path" => {
                crate::types::quote_identifier(text).to_string()
            }
            Some(Token::SingleQuotedString(text)) => text.clone(),
            Some(Token::Number(digits, _)) => digits.clone(),
            Some(Token::Word(word)) if word.quote_style.is_some() && name == "search_path" => {
                crate::types::quote_identifier(&word.value).to_string()
            }
            Some(Token::Word(word)) => match word.value.to_lowercase().as_str() {
                "true" => "on".to_string(),
                "false" => "off".to_string(),
                _ => word.value.clone(),
            },
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(if is_negative { format!("-{value}") } else { value })
    }

    /// ALTER of an object that says OWNER TO behind its name, and nothing else.
    fn set_owner(&mut self) -> Result<Option<RoleText>> {
        let kinds = [
            ("TABLE", OwnedKind::Table),
            ("VIEW", OwnedKind::View),
            ("SEQUENCE", OwnedKind::Sequence),
            ("SCHEMA", OwnedKind::Schema),
            ("TYPE", OwnedKind::Type),
            ("DOMAIN", OwnedKind::Domain),
            ("DATABASE", OwnedKind::Database),
        ];
        let is_kept = self.is_at(1, "MATERIALIZED") && self.is_at(2, "VIEW");
        let kept = ("MATERIALIZED", OwnedKind::MaterializedView);
        let mut known = kinds.into_iter().chain(is_kept.then_some(kept));
        let Some((_, kind)) = known.find(|(word, _)| self.is_at(1, word)) else { return Ok(None) };
        let length = self.tokens.len();
        let Some(owner_at) = length.checked_sub(3).filter(|at| self.is_at(*at, "OWNER") && self.is_at(at + 1, "TO"))
        else {
            return Ok(None);
        };
        self.at = 2 + usize::from(is_kept);
        let if_exists = self.takes("IF");
        if if_exists {
            self.expect("EXISTS")?;
        }
        self.takes("ONLY");
        let name = self.parts()?;
        if self.at != owner_at {
            // One change of several.
            self.at = 0;
            return Ok(None);
        }
        self.at = owner_at + 2;
        Ok(Some(RoleText::SetOwner { kind, name, if_exists, owner: self.role()? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::parse::roles::role_text::RoleWord;

    fn read(text: &str) -> RoleText {
        role_text(text).unwrap().unwrap()
    }

    fn named(name: &str) -> RoleWord {
        RoleWord::Named(name.to_string())
    }

    #[test]
    fn options_come_in_any_order() {
        let RoleText::Create { name, options, is_user: true } = read(
            "create user \"Ann\" with connection limit -1 nologin password 'x' valid until 'infinity' in role a, b;",
        ) else {
            panic!("it creates a user");
        };
        assert_eq!(name, named("Ann"));
        assert!(matches!(
            options.as_slice(),
            [
                RoleOption::ConnectionLimit(-1),
                RoleOption::Login(false),
                RoleOption::Password(Some(_)),
                RoleOption::ValidUntil(_),
                RoleOption::InRoles(_)
            ]
        ));
        assert!(!format!("{options:?}").contains("\"x\""));
    }

    #[test]
    fn privileges_and_memberships_are_told_apart() {
        let RoleText::Grant(grant) =
            read("GRANT SELECT, update (a, b) ON TABLE s.t, u TO PUBLIC, GROUP x WITH GRANT OPTION")
        else {
            panic!("it grants privileges");
        };
        let privileges = grant.privileges.unwrap();
        assert_eq!(privileges[1], ("update".to_string(), vec!["a".to_string(), "b".to_string()]));
        assert_eq!((grant.roles, grant.grant_option), (vec![RoleWord::Public, named("x")], true));
        let RoleText::Membership(membership) = read("REVOKE ADMIN OPTION FOR a FROM b GRANTED BY c CASCADE") else {
            panic!("it revokes a membership");
        };
        let MembershipText { is_grant, roles, options, grantor, cascade, .. } = membership;
        assert_eq!((is_grant, roles, cascade), (false, vec![named("a")], true));
        assert_eq!((options.admin, grantor), (Some(false), Some(named("c"))));
    }

    #[test]
    fn other_statements_are_others() {
        for text in ["select 1", "create table role (a int)", "alter table t add owner int", "drop table user_list"] {
            assert!(role_text(text).unwrap().is_none(), "{text}");
        }
        for text in ["create role", "grant select on t", "create role a password b", "drop role if a"] {
            assert_eq!(role_text(text).unwrap_err().sqlstate(), "42601", "{text}");
        }
    }
}
