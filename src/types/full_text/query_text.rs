//! The text form of queries: `'fat':*AB & !( 'cat' | 'rat' ) <-> 'dog'`.

use bytes::BufMut;

use crate::error::{Error, ErrorKind, Result};
use crate::types::full_text::query::{Joint, QueryNode, TsQuery, too_deep};
use crate::types::full_text::vector::Weight;
use crate::types::full_text::vector_text::{LexemeReader, Reading, is_space, write_lexeme};
use crate::types::limits::{LEXEME_BYTES_MAX, TSQUERY_DEPTH_MAX, TSQUERY_NODES_MAX};

/// Most places between the parts of a phrase.
const DISTANCE_MAX: usize = 16_384;

/// A part of a query on its way, with the places that stop words left out before and behind it.
#[derive(Default)]
pub struct QueryPart {
    pub node: Option<QueryNode>,
    before: u32,
    behind: u32,
}

impl QueryPart {
    pub fn of(node: QueryNode) -> QueryPart {
        QueryPart { node: Some(node), before: 0, behind: 0 }
    }

    /// What is left of stop words.
    pub fn stop_word() -> QueryPart {
        QueryPart::default()
    }

    #[must_use]
    pub fn negated(self) -> QueryPart {
        QueryPart { node: self.node.map(QueryNode::negated), ..self }
    }

    /// Both parts, joined: where a phrase has lost one of its words, the others keep their distance.
    #[must_use]
    pub fn joined(self, joint: Joint, right: QueryPart) -> QueryPart {
        let (left, is_phrase) = (self, matches!(joint, Joint::Phrase(_)));
        let distance = if let Joint::Phrase(distance) = joint { u32::from(distance) } else { 0 };
        let sum = |a: u32, b: u32| a.saturating_add(distance).saturating_add(b);
        match (left.node, right.node) {
            (None, None) => {
                let gone = if is_phrase { sum(left.before, right.before) } else { left.before.max(right.before) };
                QueryPart { node: None, before: gone, behind: gone }
            }
            (None, Some(node)) => {
                let before = if is_phrase { sum(left.before, right.before) } else { right.before };
                QueryPart { node: Some(node), before, behind: right.behind }
            }
            (Some(node), None) => {
                let behind = if is_phrase { sum(left.behind, right.behind) } else { left.behind };
                QueryPart { node: Some(node), before: left.before, behind }
            }
            (Some(a), Some(b)) if is_phrase => {
                let distance = sum(left.behind, right.before);
                let joint = Joint::Phrase(u16::try_from(distance).unwrap_or(u16::MAX));
                QueryPart { node: Some(a.joined(joint, b)), before: left.before, behind: right.behind }
            }
            (Some(a), Some(b)) => QueryPart::of(a.joined(joint, b)),
        }
    }
}

/// Makes a part of a lexeme as it was written, with its weights and whether it is a prefix.
pub type OfLexeme<'f> = &'f mut dyn FnMut(&str, u8, bool) -> Result<QueryPart>;

/// Reads a query whose lexemes are as they are written.
///
/// # Errors
/// 42601 for what is none, 22023 for a distance beyond its bounds, 54000 for a lexeme that is too long; as [`TsQuery::new`].
pub fn parse_query_text(text: &str) -> Result<TsQuery> {
    parse_query(text, &mut |lexeme, weights, is_prefix| {
        if lexeme.len() > LEXEME_BYTES_MAX {
            let message = format!("word is too long in tsquery: \"{text}\"");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        Ok(QueryPart::of(QueryNode::lexeme(lexeme, weights, is_prefix)))
    })
}

/// Reads a query and makes parts of its lexemes.
///
/// # Errors
/// As [`parse_query_text`]; as `of_lexeme`.
pub fn parse_query(text: &str, of_lexeme: OfLexeme<'_>) -> Result<TsQuery> {
    let mut parser = QueryParser { text, reader: LexemeReader::new(text, Reading::Query), of_lexeme, nodes: 0 };
    parser.skip_space();
    if parser.reader.rest().is_empty() {
        return Ok(TsQuery::default());
    }
    let part = parser.chain(0, 0)?;
    parser.skip_space();
    if !parser.reader.rest().is_empty() {
        return Err(parser.reader.wrong());
    }
    TsQuery::new(part.node)
}

struct QueryParser<'a, 'f> {
    text: &'a str,
    reader: LexemeReader<'a>,
    of_lexeme: OfLexeme<'f>,
    nodes: usize,
}

/// How tightly operators bind.
const OR: u8 = 1;
const AND: u8 = 2;
const PHRASE: u8 = 3;
const NOT: u8 = 4;

impl QueryParser<'_, '_> {
    fn skip_space(&mut self) {
        let rest = self.reader.rest();
        self.reader.go_on(rest.trim_start_matches(is_space));
    }

    fn takes(&mut self, sign: char) -> bool {
        match self.reader.rest().strip_prefix(sign) {
            Some(rest) => {
                self.reader.go_on(rest);
                true
            }
            None => false,
        }
    }

    /// Operands that are joined by operators which bind at least as tightly.
    fn chain(&mut self, least: u8, depth: usize) -> Result<QueryPart> {
        let mut left = self.operand(depth)?;
        loop {
            self.skip_space();
            let before = self.reader.rest();
            let Some((joint, binding)) = self.operator()? else { return Ok(left) };
            if binding < least {
                self.reader.go_on(before);
                return Ok(left);
            }
            let right = self.chain(binding + 1, depth + 1)?;
            left = left.joined(joint, right);
        }
    }

    fn operator(&mut self) -> Result<Option<(Joint, u8)>> {
        if self.takes('&') {
            return Ok(Some((Joint::And, AND)));
        }
        if self.takes('|') {
            return Ok(Some((Joint::Or, OR)));
        }
        let Some(rest) = self.reader.rest().strip_prefix('<') else { return Ok(None) };
        if let Some(rest) = rest.strip_prefix("->") {
            self.reader.go_on(rest);
            return Ok(Some((Joint::Phrase(1), PHRASE)));
        }
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, rest) = rest.split_at_checked(end).unwrap_or_default();
        let Some(rest) = rest.strip_prefix('>').filter(|_| !digits.is_empty()) else { return Ok(None) };
        self.reader.go_on(rest);
        let distance = digits.parse::<usize>().ok().filter(|distance| *distance <= DISTANCE_MAX);
        let distance = distance.and_then(|distance| u16::try_from(distance).ok()).ok_or_else(distance_out_of_range)?;
        Ok(Some((Joint::Phrase(distance), PHRASE)))
    }

    fn operand(&mut self, depth: usize) -> Result<QueryPart> {
        if depth > TSQUERY_DEPTH_MAX {
            return Err(too_deep());
        }
        self.nodes += 1;
        if self.nodes > TSQUERY_NODES_MAX {
            return Err(Error::new(ErrorKind::LimitExceeded, "tsquery is too large"));
        }
        self.skip_space();
        if self.takes('!') {
            return Ok(self.operand(depth + 1)?.negated());
        }
        if self.takes('(') {
            let inner = self.chain(0, depth + 1)?;
            self.skip_space();
            return if self.takes(')') { Ok(inner) } else { Err(self.reader.wrong()) };
        }
        if self.reader.rest().starts_with(':') {
            return Err(self.reader.wrong());
        }
        let Some(lexeme) = self.reader.lexeme()? else {
            return Err(Error::syntax(format!("no operand in tsquery: \"{}\"", self.text), None));
        };
        let (mut weights, mut is_prefix) = (0, false);
        if self.takes(':') {
            while let Some(sign) = self.reader.rest().chars().next() {
                match (Weight::of_letter(sign), sign) {
                    (Some(weight), _) => weights |= weight.bit(),
                    (None, '*') => is_prefix = true,
                    (None, _) => break,
                }
                self.takes(sign);
            }
        }
        (self.of_lexeme)(&lexeme, weights, is_prefix)
    }
}

/// 22023 for a distance that no phrase has.
fn distance_out_of_range() -> Error {
    let message =
        format!("distance in phrase operator must be an integer value between zero and {DISTANCE_MAX} inclusive");
    Error::new(ErrorKind::InvalidParameterValue, message)
}

/// The distance of a phrase.
///
/// # Errors
/// 22023 beyond its bounds.
pub fn checked_distance(distance: i64) -> Result<u16> {
    let distance = u16::try_from(distance).ok().filter(|distance| usize::from(*distance) <= DISTANCE_MAX);
    distance.ok_or_else(distance_out_of_range)
}

/// Writes a query.
pub fn write_query_text(query: &TsQuery, out: &mut impl BufMut) {
    if let Some(root) = query.root() {
        write_node(root, 0, false, out);
    }
}

fn write_node(node: &QueryNode, outer: u8, is_right_of_phrase: bool, out: &mut impl BufMut) {
    let (binding, in_parentheses) = match node {
        QueryNode::Lexeme(_) => (NOT, false),
        QueryNode::Not(_) => (NOT, false),
        QueryNode::Phrase(..) => (PHRASE, PHRASE < outer || is_right_of_phrase),
        QueryNode::And(_) => (AND, AND < outer),
        QueryNode::Or(_) => (OR, OR < outer),
    };
    if in_parentheses {
        out.put_slice(b"( ");
    }
    match node {
        QueryNode::Lexeme(lexeme) => {
            write_lexeme(&lexeme.text, out);
            if lexeme.is_prefix || lexeme.weights != 0 {
                out.put_u8(b':');
            }
            if lexeme.is_prefix {
                out.put_u8(b'*');
            }
            for weight in Weight::ALL.iter().rev().filter(|weight| lexeme.weights & weight.bit() != 0) {
                out.put_slice(weight.letter().to_string().as_bytes());
            }
        }
        QueryNode::Not(inner) => {
            out.put_u8(b'!');
            write_node(inner, binding, false, out);
        }
        QueryNode::And(list) | QueryNode::Or(list) => {
            let sign: &[u8] = if binding == AND { b" & " } else { b" | " };
            for (number, part) in list.iter().enumerate() {
                if number > 0 {
                    out.put_slice(sign);
                }
                write_node(part, binding, false, out);
            }
        }
        QueryNode::Phrase(first, others) => {
            write_node(first, binding, false, out);
            for (distance, part) in others {
                if *distance == 1 {
                    out.put_slice(b" <-> ");
                } else {
                    out.put_slice(format!(" <{distance}> ").as_bytes());
                }
                write_node(part, binding, true, out);
            }
        }
    }
    if in_parentheses {
        out.put_slice(b" )");
    }
}
