//! What is asked of documents: the values of PostgreSQL's `tsquery`.

use std::collections::HashSet;

use crate::error::{Error, ErrorKind, Result};
use crate::types::limits::{TSQUERY_DEPTH_MAX, TSQUERY_NODES_MAX};

/// A lexeme that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueryLexeme {
    pub text: Box<str>,
    /// The bits of the weights that its places may have; 0 for any.
    pub weights: u8,
    /// Lexemes that begin with it are meant too.
    pub is_prefix: bool,
    /// Its number among those of the query.
    pub number: usize,
}

/// A part of a query. Chains of one operator are one node, so that a long one is not deep.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QueryNode {
    Lexeme(QueryLexeme),
    Not(Box<QueryNode>),
    And(Vec<QueryNode>),
    Or(Vec<QueryNode>),
    /// The first, then each of the others so many places behind the one before it.
    Phrase(Box<QueryNode>, Vec<(u16, QueryNode)>),
}

/// The operators that join two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    And,
    Or,
    /// So many places further on.
    Phrase(u16),
}

/// A query; without a root it is empty and matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TsQuery {
    root: Option<Box<QueryNode>>,
    /// How many lexemes it has, each counted as often as it stands there.
    lexemes: usize,
}

impl QueryNode {
    pub fn lexeme(text: &str, weights: u8, is_prefix: bool) -> QueryNode {
        QueryNode::Lexeme(QueryLexeme { text: text.into(), weights, is_prefix, number: 0 })
    }

    #[must_use]
    pub fn negated(self) -> QueryNode {
        QueryNode::Not(Box::new(self))
    }

    /// Both parts, joined.
    #[must_use]
    pub fn joined(self, joint: Joint, right: QueryNode) -> QueryNode {
        match joint {
            Joint::And => QueryNode::And(chained(self, right, |node| match node {
                QueryNode::And(list) => Ok(list),
                other => Err(other),
            })),
            Joint::Or => QueryNode::Or(chained(self, right, |node| match node {
                QueryNode::Or(list) => Ok(list),
                other => Err(other),
            })),
            Joint::Phrase(distance) => match self {
                QueryNode::Phrase(first, mut others) => {
                    others.push((distance, right));
                    QueryNode::Phrase(first, others)
                }
                first => QueryNode::Phrase(Box::new(first), vec![(distance, right)]),
            },
        }
    }

    fn children(&self) -> Box<dyn Iterator<Item = &QueryNode> + '_> {
        match self {
            QueryNode::Lexeme(_) => Box::new(std::iter::empty()),
            QueryNode::Not(inner) => Box::new(std::iter::once(&**inner)),
            QueryNode::And(list) | QueryNode::Or(list) => Box::new(list.iter()),
            QueryNode::Phrase(first, others) => {
                Box::new(std::iter::once(&**first).chain(others.iter().map(|(_, node)| node)))
            }
        }
    }

    fn children_mut(&mut self) -> Box<dyn Iterator<Item = &mut QueryNode> + '_> {
        match self {
            QueryNode::Lexeme(_) => Box::new(std::iter::empty()),
            QueryNode::Not(inner) => Box::new(std::iter::once(&mut **inner)),
            QueryNode::And(list) | QueryNode::Or(list) => Box::new(list.iter_mut()),
            QueryNode::Phrase(first, others) => {
                Box::new(std::iter::once(&mut **first).chain(others.iter_mut().map(|(_, node)| node)))
            }
        }
    }

    /// Numbers the lexemes in order; how many lexemes and nodes there are as PostgreSQL counts them, or `None` where one lies too deep.
    fn numbered(&mut self, lexemes: &mut usize, depth: usize) -> Option<usize> {
        if depth > TSQUERY_DEPTH_MAX {
            return None;
        }
        if let QueryNode::Lexeme(lexeme) = self {
            lexeme.number = *lexemes;
            *lexemes += 1;
            return Some(1);
        }
        let is_not = matches!(self, QueryNode::Not(_));
        let (mut nodes, mut children) = (0_usize, 0_usize);
        for child in self.children_mut() {
            nodes = nodes.saturating_add(child.numbered(lexemes, depth + 1)?);
            children += 1;
        }
        Some(nodes.saturating_add(if is_not { 1 } else { children.saturating_sub(1) }))
    }

    fn nodes(&self) -> usize {
        let children: Vec<usize> = self.children().map(QueryNode::nodes).collect();
        let own = match self {
            QueryNode::Lexeme(_) | QueryNode::Not(_) => 1,
            _ => children.len().saturating_sub(1),
        };
        children.iter().sum::<usize>().saturating_add(own)
    }

    fn gather<'a>(&'a self, into: &mut Vec<&'a QueryLexeme>) {
        match self {
            QueryNode::Lexeme(lexeme) => into.push(lexeme),
            other => other.children().for_each(|child| child.gather(into)),
        }
    }

    /// PostgreSQL puts operators before lexemes.
    fn write_sort_key(&self, key: &mut Vec<u8>) {
        let rank = match self {
            QueryNode::Not(_) => 1,
            QueryNode::And(_) => 2,
            QueryNode::Or(_) => 3,
            QueryNode::Phrase(..) => 4,
            QueryNode::Lexeme(lexeme) => {
                key.push(u8::MAX);
                key.extend_from_slice(lexeme.text.as_bytes());
                key.extend_from_slice(&[0, lexeme.weights, u8::from(lexeme.is_prefix)]);
                return;
            }
        };
        key.push(rank);
        if let QueryNode::Phrase(_, others) = self {
            others.iter().for_each(|(distance, _)| key.extend_from_slice(&distance.to_be_bytes()));
        }
        for child in self.children() {
            child.write_sort_key(key);
        }
        key.push(0);
    }
}

fn chained(
    left: QueryNode,
    right: QueryNode,
    list_of: fn(QueryNode) -> std::result::Result<Vec<QueryNode>, QueryNode>,
) -> Vec<QueryNode> {
    let mut list = list_of(left).unwrap_or_else(|node| vec![node]);
    match list_of(right) {
        Ok(others) => list.extend(others),
        Err(node) => list.push(node),
    }
    list
}

impl TsQuery {
    /// A query of that root; `None` makes an empty one.
    ///
    /// # Errors
    /// 54000 above [`TSQUERY_NODES_MAX`], 54001 above [`TSQUERY_DEPTH_MAX`].
    pub fn new(root: Option<QueryNode>) -> Result<TsQuery> {
        let Some(mut root) = root else { return Ok(TsQuery::default()) };
        let mut lexemes = 0;
        let nodes = root.numbered(&mut lexemes, 0).ok_or_else(too_deep)?;
        if nodes > TSQUERY_NODES_MAX {
            return Err(Error::new(ErrorKind::LimitExceeded, "tsquery is too large")
                .with_detail(format!("It has more than {TSQUERY_NODES_MAX} lexemes and operators.")));
        }
        Ok(TsQuery { root: Some(Box::new(root)), lexemes })
    }

    pub fn root(&self) -> Option<&QueryNode> {
        self.root.as_deref()
    }

    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Its lexemes by their numbers.
    pub fn lexemes(&self) -> Vec<&QueryLexeme> {
        let mut list = Vec::with_capacity(self.lexemes);
        if let Some(root) = self.root() {
            root.gather(&mut list);
        }
        list
    }

    /// How many lexemes and operators it has.
    pub fn nodes(&self) -> usize {
        self.root().map_or(0, QueryNode::nodes)
    }

    /// Bytes of memory that it holds, about.
    pub fn bytes(&self) -> usize {
        let texts: usize = self.lexemes().iter().map(|lexeme| lexeme.text.len()).sum();
        texts.saturating_add(self.nodes().saturating_mul(size_of::<QueryNode>()))
    }

    /// Both queries, joined; an empty one counts for nothing.
    ///
    /// # Errors
    /// As [`TsQuery::new`].
    pub fn joined(&self, joint: Joint, other: &TsQuery) -> Result<TsQuery> {
        match (self.root().cloned(), other.root().cloned()) {
            (Some(left), Some(right)) => TsQuery::new(Some(left.joined(joint, right))),
            (left, right) => TsQuery::new(left.or(right)),
        }
    }

    /// Bytes in an order of all queries: by the number of their nodes, as in PostgreSQL, then by what they are made of.
    pub fn sort_key(&self) -> Vec<u8> {
        let mut key = (self.nodes() as u64).to_be_bytes().to_vec();
        if let Some(root) = self.root() {
            root.write_sort_key(&mut key);
        }
        key
    }

    /// Whether all lexemes of the other query are among its own.
    pub fn contains(&self, other: &TsQuery) -> bool {
        let own: HashSet<&str> = self.lexemes().into_iter().map(|lexeme| &*lexeme.text).collect();
        other.lexemes().iter().all(|lexeme| own.contains(&*lexeme.text))
    }
}

/// 54001 for a query whose parts lie too deep in one another.
pub fn too_deep() -> Error {
    Error::new(ErrorKind::TooComplex, "tsquery is nested too deep")
        .with_detail(format!("At most {TSQUERY_DEPTH_MAX} parts may lie in one another."))
}
