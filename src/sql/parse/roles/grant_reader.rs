//! GRANT and REVOKE, of privileges and of roles.

use datafusion::sql::sqlparser::tokenizer::Token;

use crate::error::{Error, Result};
use crate::sql::parse::roles::role_text::{
    GrantText, GrantedObjects, MembershipOptions, MembershipText, RoleText, RoleWord,
};
use crate::sql::parse::roles::token_reader::RoleTokens;

/// Words of privileges, each with its columns.
type Words = Vec<(String, Vec<String>)>;

impl RoleTokens<'_> {
    /// What stands behind GRANT or REVOKE.
    ///
    /// # Errors
    /// 42601.
    pub fn grant(&mut self, is_grant: bool) -> Result<RoleText> {
        let mut grant_option = false;
        let mut options = MembershipOptions::default();
        if !is_grant && self.is_at(self.at + 1, "OPTION") && self.is_at(self.at + 2, "FOR") {
            match self.word()?.to_lowercase().as_str() {
                "grant" => grant_option = true,
                "admin" => options.admin = Some(false),
                "inherit" => options.inherit = Some(false),
                "set" => options.set = Some(false),
                _ => return Err(self.unexpected()),
            }
            self.at += 2;
        }
        let privileges = self.privileges()?;
        if !self.takes("ON") {
            let Some(words) = privileges else { return Err(self.unexpected()) };
            return self.membership(is_grant, words, options);
        }
        let objects = self.objects()?;
        self.expect(if is_grant { "TO" } else { "FROM" })?;
        let roles = self.roles()?;
        if is_grant && self.takes("WITH") {
            self.expect("GRANT")?;
            self.expect("OPTION")?;
            grant_option = true;
        }
        let grantor = self.grantor()?;
        let cascade = !is_grant && self.cascades();
        Ok(RoleText::Grant(GrantText { is_grant, privileges, objects, roles, grant_option, grantor, cascade }))
    }

    /// `None` for ALL. Names of roles are read in the same place, with their quotes folded.
    fn privileges(&mut self) -> Result<Option<Words>> {
        if self.is_at(self.at, "ALL") && !self.is_at(self.at + 1, "ON") && !self.is_at(self.at + 1, "PRIVILEGES") {
            // ALL of columns.
            if self.tokens.get(self.at + 1).is_none_or(|next| next.token != Token::LParen) {
                self.at += 1;
                return Err(self.unexpected());
            }
        } else if self.takes("ALL") {
            self.takes("PRIVILEGES");
            if self.peek() != Some(&Token::LParen) {
                return Ok(None);
            }
            self.at -= 1;
        }
        let mut found = Vec::new();
        loop {
            let word = self.name()?;
            let columns = if self.takes_token(&Token::LParen) { self.columns()? } else { Vec::new() };
            found.push((word, columns));
            if !self.takes_token(&Token::Comma) {
                return Ok(Some(found));
            }
        }
    }

    fn columns(&mut self) -> Result<Vec<String>> {
        let mut columns = vec![self.name()?];
        while self.takes_token(&Token::Comma) {
            columns.push(self.name()?);
        }
        match self.takes_token(&Token::RParen) {
            true => Ok(columns),
            false => Err(self.unexpected()),
        }
    }

    fn objects(&mut self) -> Result<GrantedObjects> {
        if self.takes("ALL") {
            let word = self.word()?.to_lowercase();
            self.expect("IN")?;
            self.expect("SCHEMA")?;
            let schemas = self.names()?;
            return Ok(match word.as_str() {
                "tables" => GrantedObjects::TablesIn(schemas),
                "sequences" => GrantedObjects::SequencesIn(schemas),
                _ => GrantedObjects::Others(word),
            });
        }
        let others = ["FUNCTION", "PROCEDURE", "ROUTINE", "DOMAIN", "TYPE", "LANGUAGE", "TABLESPACE", "LARGE"];
        if let Some(kind) = others.iter().find(|kind| self.is_at(self.at, kind)).copied() {
            return self.others(kind);
        }
        if let Some(kind) = ["FOREIGN", "PARAMETER"].iter().find(|kind| self.is_at(self.at, kind)).copied() {
            return self.others(kind);
        }
        if self.takes("SCHEMA") {
            return Ok(GrantedObjects::Schemas(self.names()?));
        }
        if self.takes("DATABASE") {
            return Ok(GrantedObjects::Databases(self.names()?));
        }
        if self.takes("SEQUENCE") {
            return Ok(GrantedObjects::Sequences(self.relations()?));
        }
        self.takes("TABLE");
        Ok(GrantedObjects::Tables(self.relations()?))
    }

    /// A kind that takes no privileges here: read past its names.
    fn others(&mut self, kind: &str) -> Result<GrantedObjects> {
        while self.peek().is_some() && !self.is_at(self.at, "TO") && !self.is_at(self.at, "FROM") {
            self.at += 1;
        }
        Ok(GrantedObjects::Others(kind.to_lowercase()))
    }

    fn membership(&mut self, is_grant: bool, words: Words, mut options: MembershipOptions) -> Result<RoleText> {
        if words.iter().any(|(_, columns)| !columns.is_empty()) {
            return Err(self.unexpected());
        }
        let roles = words.into_iter().map(|(word, _)| RoleWord::Named(word)).collect();
        self.expect(if is_grant { "TO" } else { "FROM" })?;
        let members = self.roles()?;
        if is_grant && self.takes("WITH") {
            loop {
                let word = self.word()?.to_lowercase();
                let value = match self.takes("OPTION") || self.takes("TRUE") {
                    true => true,
                    false => {
                        self.expect("FALSE")?;
                        false
                    }
                };
                match word.as_str() {
                    "admin" => options.admin = Some(value),
                    "inherit" => options.inherit = Some(value),
                    "set" => options.set = Some(value),
                    other => {
                        let message = format!("unrecognized role option \"{other}\"");
                        return Err(Error::syntax(message, None));
                    }
                }
                if !self.takes_token(&Token::Comma) {
                    break;
                }
            }
        }
        let grantor = self.grantor()?;
        let cascade = !is_grant && self.cascades();
        Ok(RoleText::Membership(MembershipText { is_grant, roles, members, options, grantor, cascade }))
    }

    fn grantor(&mut self) -> Result<Option<RoleWord>> {
        if !self.takes("GRANTED") {
            return Ok(None);
        }
        self.expect("BY")?;
        self.role().map(Some)
    }

    /// Takes CASCADE or RESTRICT; whether it is the first.
    pub fn cascades(&mut self) -> bool {
        let cascades = self.takes("CASCADE");
        if !cascades {
            self.takes("RESTRICT");
        }
        cascades
    }
}
