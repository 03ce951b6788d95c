//! From text to statement: limits, grammar, tree.
//!
//! The grammar has decided what is KNIRVQL when the tree is built; here only values are checked that a grammar cannot
//! check. A node is read by the rules of its children, keywords and punctuation are passed over.

use pest::Parser;
use pest::iterators::Pair;

use crate::error::{Error, ErrorKind, Result};
use crate::knirvql::ast::{AstStage, AstText, Condition, KnirvqlStatement, NetworkChange, NetworkOption, Revert, Show};
use crate::knirvql::grammar::{Grammar, Rule};
use crate::knirvql::report;
use crate::knirvql::scan::{character_position, check_limits};

/// A place in the statement that a rule of the grammar has matched.
pub type ParseNode<'a> = Pair<'a, Rule>;

/// Which texts of a statement are secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// None.
    Open,
    /// Those not compared with an id: the statement may reach AUTH entries, though it names no secret's type.
    AllButId,
    /// All: the statement is about AUTH entries.
    All,
}

/// Builds the tree of one statement.
///
/// It has as many methods as the grammar has rules that make something.
pub struct Builder<'a> {
    /// The whole text, for positions.
    pub text: &'a str,
    pub secrecy: Secrecy,
}

/// Parses one statement, with an optional `;` at its end.
///
/// # Errors
/// 42601 with position and hint for what is not in the language; 54000 and 54001 for what is over a limit; 22000, 22003, 22021,
/// 22023, 22P02, 2201W and 42P02 for values that cannot be.
pub fn parse(text: &str) -> Result<KnirvqlStatement> {
    check_limits(text)?;
    let nodes = Grammar::parse(Rule::input, text).map_err(|error| report::syntax_error(text, &error))?;
    let mut builder = Builder { text, secrecy: Secrecy::Open };
    for node in nodes {
        if node.as_rule() == Rule::statement {
            return builder.statement(node);
        }
    }
    Err(disagreement(Rule::statement))
}

/// Parses a condition by itself, as functions of SQL take one.
///
/// # Errors
/// As [`parse`].
pub fn parse_condition(text: &str) -> Result<Condition> {
    check_limits(text)?;
    let nodes = Grammar::parse(Rule::condition_input, text).map_err(|error| report::condition_error(text, &error))?;
    let builder = Builder { text, secrecy: Secrecy::Open };
    for node in nodes {
        if node.as_rule() == Rule::condition {
            return builder.condition(node);
        }
    }
    Err(disagreement(Rule::condition))
}

/// What the grammar promises is not there.
pub(super) fn disagreement(rule: Rule) -> Error {
    Error::internal(format!("the KNIRVQL grammar and its reader disagree about {rule:?}"))
}

/// The first child of a rule.
///
/// # Errors
/// XX000 where there is none: the grammar promises one.
pub fn child(node: ParseNode<'_>, rule: Rule) -> Result<ParseNode<'_>> {
    node.into_inner().find(|child| child.as_rule() == rule).ok_or_else(|| disagreement(rule))
}

/// The only child of a node that wraps one of several rules.
///
/// # Errors
/// XX000 where there is none: the grammar promises one.
pub fn only(node: ParseNode<'_>) -> Result<ParseNode<'_>> {
    let rule = node.as_rule();
    node.into_inner().next().ok_or_else(|| disagreement(rule))
}

/// The children of a rule.
pub fn children(node: ParseNode<'_>, rule: Rule) -> impl Iterator<Item = ParseNode<'_>> {
    node.into_inner().filter(move |child| child.as_rule() == rule)
}

/// Whether a node has a child of a rule.
pub fn has(node: &ParseNode<'_>, rule: Rule) -> bool {
    node.clone().into_inner().any(|child| child.as_rule() == rule)
}

impl Builder<'_> {
    /// An error at a byte offset of the statement.
    pub fn error_at(&self, offset: usize, kind: ErrorKind, message: impl Into<String>) -> Error {
        Error::new(kind, message).with_position(character_position(self.text, offset))
    }

    /// An error where a node starts.
    pub fn error(&self, node: &ParseNode<'_>, kind: ErrorKind, message: impl Into<String>) -> Error {
        self.error_at(node.as_span().start(), kind, message)
    }

    fn statement(&mut self, node: ParseNode<'_>) -> Result<KnirvqlStatement> {
        let node = only(node)?;
        if node.as_rule() != Rule::explain {
            return self.plain_statement(only(node)?);
        }
        let analyze = has(&node, Rule::kw_analyze);
        let statement = self.plain_statement(only(child(node, Rule::plain_statement)?)?)?;
        Ok(KnirvqlStatement::Explain { analyze, statement: Box::new(statement) })
    }

    fn plain_statement(&mut self, node: ParseNode<'_>) -> Result<KnirvqlStatement> {
        match node.as_rule() {
            Rule::get_memory | Rule::count_memory => self.get_memory(node).map(KnirvqlStatement::GetMemory),
            Rule::get_auth => {
                self.secrecy = Secrecy::All;
                Ok(KnirvqlStatement::GetAuth { condition: self.where_clause(child(node, Rule::where_clause)?)? })
            }
            Rule::set_auth => self.set_auth(node),
            Rule::set_memory | Rule::insert_memory => self.set_memory(node).map(KnirvqlStatement::SetMemory),
            Rule::update_memory => self.update_memory(node).map(KnirvqlStatement::UpdateMemory),
            Rule::delete => self.delete(node).map(KnirvqlStatement::Delete),
            Rule::stage => self.stage(node, true).map(KnirvqlStatement::Stage),
            Rule::unstage => self.stage(node, false).map(KnirvqlStatement::Stage),
            Rule::revert => self.revert(node).map(KnirvqlStatement::Revert),
            Rule::create_network => {
                Ok(KnirvqlStatement::CreateNetwork { options: self.options(&node)?, network: self.network(node)? })
            }
            Rule::join_network => self.join_network(node),
            Rule::leave_network => Ok(KnirvqlStatement::LeaveNetwork { network: self.network(node)? }),
            Rule::alter_network => {
                Ok(KnirvqlStatement::AlterNetwork { change: self.network_change(&node)?, network: self.network(node)? })
            }
            Rule::attach_collection => Ok(KnirvqlStatement::AttachCollection {
                options: self.options(&node)?,
                collection: self.collection(child(node.clone(), Rule::collection)?)?,
                network: self.network(node)?,
            }),
            Rule::detach_collection => Ok(KnirvqlStatement::DetachCollection {
                collection: self.collection(child(node.clone(), Rule::collection)?)?,
                network: self.network(node)?,
            }),
            Rule::sync => {
                let network = children(node, Rule::for_sync).next();
                Ok(KnirvqlStatement::Sync { network: network.map(|clause| self.network(clause)).transpose()? })
            }
            Rule::show => show(node),
            Rule::describe => {
                Ok(KnirvqlStatement::Describe { collection: self.collection(child(node, Rule::collection)?)? })
            }
            Rule::help => {
                let topic = children(node, Rule::help_topic).next();
                Ok(KnirvqlStatement::Help { topic: topic.map(|topic| topic.as_str().to_ascii_uppercase()) })
            }
            other => Err(disagreement(other)),
        }
    }

    fn set_auth(&mut self, node: ParseNode<'_>) -> Result<KnirvqlStatement> {
        self.secrecy = Secrecy::All;
        let mut texts = children(node, Rule::text);
        match (texts.next(), texts.next()) {
            (Some(key), Some(value)) => {
                Ok(KnirvqlStatement::SetAuth { key: self.text(key)?, value: self.text(value)? })
            }
            _ => Err(disagreement(Rule::set_auth)),
        }
    }

    fn stage(&mut self, node: ParseNode<'_>, staged: bool) -> Result<AstStage> {
        let collection = children(node.clone(), Rule::in_clause).next();
        let network = children(node.clone(), Rule::for_network).next();
        Ok(AstStage {
            staged,
            dry_run: has(&node, Rule::kw_dry),
            collection: collection.map(|clause| self.in_clause(clause)).transpose()?,
            network: network.map(|clause| self.network(clause)).transpose()?,
            condition: self.where_clause(child(node, Rule::where_clause)?)?,
        })
    }

    fn revert(&mut self, node: ParseNode<'_>) -> Result<Revert> {
        let collection = children(node.clone(), Rule::in_clause).next();
        Ok(Revert {
            collection: collection.map(|clause| self.in_clause(clause)).transpose()?,
            condition: self.where_clause(child(node, Rule::where_clause)?)?,
        })
    }

    fn network_change(&self, node: &ParseNode<'_>) -> Result<NetworkChange> {
        for change in node.clone().into_inner() {
            match change.as_rule() {
                Rule::remove_peer => return self.peer(change).map(NetworkChange::RemovePeer),
                Rule::add_owner => return self.peer(change).map(NetworkChange::AddOwner),
                Rule::drop_owner => return self.peer(change).map(NetworkChange::DropOwner),
                Rule::excuse_peer => return self.peer(change).map(NetworkChange::ExcusePeer),
                Rule::revert_peer => {
                    let since = self.string(&child(change.clone(), Rule::string)?)?;
                    return Ok(NetworkChange::RevertPeer { peer: self.peer(change)?, since });
                }
                Rule::alter_collection => {
                    let options = self.option_list(child(change.clone(), Rule::option_list)?)?;
                    let collection = self.collection(child(change, Rule::collection)?)?;
                    return Ok(NetworkChange::Collection { collection, options });
                }
                Rule::link_peer => return self.peer(change).map(NetworkChange::LinkPeer),
                Rule::unlink_peer => return self.peer(change).map(NetworkChange::UnlinkPeer),
                Rule::allow_drop => return Ok(NetworkChange::AllowDrop),
                Rule::rotate_secret => {
                    let secret = children(change, Rule::secret).next();
                    let secret = secret.map(|secret| self.string(&only(secret)?).map(AstText::secret)).transpose()?;
                    return Ok(NetworkChange::RotateSecret(secret));
                }
                Rule::set_options => {
                    return self.option_list(child(change, Rule::option_list)?).map(NetworkChange::Set);
                }
                _ => {}
            }
        }
        Err(disagreement(Rule::alter_network))
    }

    /// The peer named by a child of this node.
    fn peer(&self, node: ParseNode<'_>) -> Result<String> {
        let peer = only(child(node, Rule::peer)?)?;
        match peer.as_rule() {
            Rule::string => self.string(&peer),
            _ => Ok(peer.as_str().to_string()),
        }
    }

    fn join_network(&self, node: ParseNode<'_>) -> Result<KnirvqlStatement> {
        let addresses = children(node.clone(), Rule::address)
            .map(|address| self.string(&child(address, Rule::string)?))
            .collect::<Result<_>>()?;
        Ok(KnirvqlStatement::JoinNetwork { addresses, options: self.options(&node)?, network: self.network(node)? })
    }

    /// The options of WITH, where there is one.
    fn options(&self, node: &ParseNode<'_>) -> Result<Vec<NetworkOption>> {
        match children(node.clone(), Rule::options).next() {
            Some(options) => self.option_list(child(options, Rule::option_list)?),
            None => Ok(Vec::new()),
        }
    }

    fn option_list(&self, node: ParseNode<'_>) -> Result<Vec<NetworkOption>> {
        let mut options: Vec<NetworkOption> = Vec::new();
        for node in children(node, Rule::option) {
            let name = child(node.clone(), Rule::option_name)?.as_str();
            let constant = child(node.clone(), Rule::constant)?;
            let position = character_position(self.text, constant.as_span().start());
            let option = NetworkOption::new(name, self.literal(constant)?);
            let option = option.map_err(|error| error.with_position(position))?;
            if options.iter().any(|earlier| earlier.name == option.name) {
                let message = format!("the option {} is given twice", option.name);
                return Err(self.error(&node, ErrorKind::Syntax, message).with_hint("Give each option once."));
            }
            options.push(option);
        }
        Ok(options)
    }

    /// The collection of a statement; it comes before the conditions.
    ///
    /// # Errors
    /// As [`Builder::string`].
    pub fn in_clause(&mut self, node: ParseNode<'_>) -> Result<String> {
        let collection = self.collection(child(node, Rule::collection)?)?;
        if collection == "auth" {
            self.secrecy = Secrecy::All;
        }
        Ok(collection)
    }

    /// The name of a collection.
    ///
    /// # Errors
    /// As [`Builder::string`].
    pub fn collection(&self, node: ParseNode<'_>) -> Result<String> {
        let node = only(node)?;
        match node.as_rule() {
            Rule::string => self.string(&node),
            _ => Ok(node.as_str().to_ascii_lowercase()),
        }
    }

    /// The network named by a child of this node.
    fn network(&self, node: ParseNode<'_>) -> Result<String> {
        let node = only(child(node, Rule::network_name)?)?;
        match node.as_rule() {
            Rule::string => self.string(&node),
            _ => Ok(node.as_str().to_string()),
        }
    }
}

fn show(node: ParseNode<'_>) -> Result<KnirvqlStatement> {
    let subject = node.into_inner().find_map(|word| match word.as_rule() {
        Rule::kw_networks => Some(Show::Networks),
        Rule::kw_peers => Some(Show::Peers),
        Rule::kw_sync => Some(Show::Sync),
        Rule::kw_collections | Rule::kw_tables => Some(Show::Collections),
        _ => None,
    });
    subject.map(KnirvqlStatement::Show).ok_or_else(|| disagreement(Rule::show))
}
