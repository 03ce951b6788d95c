//! The binary forms of documents and queries, as PostgreSQL's `tsvectorsend` and `tsquerysend` write them.

use bytes::{Buf, BufMut};

use crate::error::{Error, ErrorKind, Result};
use crate::types::full_text::query::{Joint, QueryNode, TsQuery, too_deep};
use crate::types::full_text::vector::{Position, TsVector};
use crate::types::limits::{LEXEME_BYTES_MAX, TS_POSITIONS_MAX, TSQUERY_DEPTH_MAX, TSQUERY_NODES_MAX};

const LEXEME: u8 = 1;
const OPERATOR: u8 = 2;
const NOT: u8 = 1;
const AND: u8 = 2;
const OR: u8 = 3;
const PHRASE: u8 = 4;
/// Bytes of the shortest lexeme of a document: its end and the number of its positions.
const LEXEME_BYTES_MIN: usize = 3;

/// Writes a document: the number of its lexemes, then each with a zero behind it, the number of its positions, and those.
pub fn write_vector_bytes(vector: &TsVector, out: &mut impl BufMut) {
    out.put_u32(u32::try_from(vector.lexemes().len()).unwrap_or(u32::MAX));
    for lexeme in vector.lexemes() {
        out.put_slice(lexeme.text.as_bytes());
        out.put_u8(0);
        out.put_u16(u16::try_from(lexeme.positions.len()).unwrap_or(u16::MAX));
        lexeme.positions.iter().for_each(|position| out.put_u16(position.bits()));
    }
}

/// Reads a document.
///
/// # Errors
/// 22P03 for what is none; as [`TsVector::new`].
pub fn read_vector_bytes(mut bytes: &[u8]) -> Result<TsVector> {
    let wrong = |what: &str| Error::new(ErrorKind::InvalidBinaryRepresentation, format!("invalid tsvector: {what}"));
    let count = bytes.try_get_u32().map_err(|_| wrong("it is cut off"))?;
    let count = usize::try_from(count).ok().filter(|count| *count <= bytes.len() / LEXEME_BYTES_MIN);
    let count = count.ok_or_else(|| wrong("it has fewer lexemes than it says"))?;
    let mut list = Vec::with_capacity(count);
    for _ in 0..count {
        let text = read_text(&mut bytes).ok_or_else(|| wrong("a lexeme is no text"))?;
        let positions = bytes.try_get_u16().map_err(|_| wrong("it is cut off"))?;
        if usize::from(positions) > TS_POSITIONS_MAX {
            return Err(wrong("a lexeme has too many positions"));
        }
        let mut places = Vec::with_capacity(usize::from(positions));
        for _ in 0..positions {
            let position = Position::of_bits(bytes.try_get_u16().map_err(|_| wrong("it is cut off"))?);
            let is_next = places.last().is_none_or(|last: &Position| last.place() < position.place());
            if !is_next || position.place() == 0 {
                return Err(Error::new(ErrorKind::InvalidBinaryRepresentation, "position information is misordered"));
            }
            places.push(position);
        }
        list.push((text.into(), places));
    }
    if bytes.has_remaining() {
        return Err(wrong("something is behind its end"));
    }
    TsVector::new(list)
}

/// A text with a zero behind it.
fn read_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let (text, rest) = bytes.split_at_checked(end)?;
    *bytes = rest.get(1..)?;
    std::str::from_utf8(text).ok()
}

/// Writes a query: the number of its lexemes and operators, then each operator before its right side and its left.
pub fn write_query_bytes(query: &TsQuery, out: &mut impl BufMut) {
    out.put_u32(u32::try_from(query.nodes()).unwrap_or(u32::MAX));
    if let Some(root) = query.root() {
        write_node(root, out);
    }
}

fn write_node(node: &QueryNode, out: &mut impl BufMut) {
    match node {
        QueryNode::Lexeme(lexeme) => {
            out.put_slice(&[LEXEME, lexeme.weights, u8::from(lexeme.is_prefix)]);
            out.put_slice(lexeme.text.as_bytes());
            out.put_u8(0);
        }
        QueryNode::Not(inner) => {
            out.put_slice(&[OPERATOR, NOT]);
            write_node(inner, out);
        }
        QueryNode::And(list) => write_chain(list, AND, out),
        QueryNode::Or(list) => write_chain(list, OR, out),
        QueryNode::Phrase(first, others) => {
            for (distance, part) in others.iter().rev() {
                out.put_slice(&[OPERATOR, PHRASE]);
                out.put_u16(*distance);
                write_node(part, out);
            }
            write_node(first, out);
        }
    }
}

fn write_chain(list: &[QueryNode], operator: u8, out: &mut impl BufMut) {
    let Some((first, others)) = list.split_first() else { return };
    for part in others.iter().rev() {
        out.put_slice(&[OPERATOR, operator]);
        write_node(part, out);
    }
    write_node(first, out);
}

/// Reads a query.
///
/// # Errors
/// 22P03 for what is none; as [`TsQuery::new`].
pub fn read_query_bytes(mut bytes: &[u8]) -> Result<TsQuery> {
    let count = bytes.try_get_u32().map_err(|_| wrong_query("it is cut off"))?;
    let count = usize::try_from(count).ok().filter(|count| *count <= TSQUERY_NODES_MAX);
    let mut left = count.ok_or_else(|| wrong_query("it has too many nodes"))?;
    let root = if left == 0 { None } else { Some(read_node(&mut bytes, &mut left, 0)?) };
    if left > 0 || bytes.has_remaining() {
        return Err(wrong_query("it has another number of nodes than it says"));
    }
    TsQuery::new(root)
}

fn wrong_query(what: &str) -> Error {
    Error::new(ErrorKind::InvalidBinaryRepresentation, format!("invalid tsquery: {what}"))
}

fn read_node(bytes: &mut &[u8], left: &mut usize, depth: usize) -> Result<QueryNode> {
    // The right sides of a chain, from its last: a chain is no nesting.
    let mut pending: Vec<(Joint, QueryNode)> = Vec::new();
    if depth > TSQUERY_DEPTH_MAX {
        return Err(too_deep());
    }
    let cut_off = |_| wrong_query("it is cut off");
    let mut node = loop {
        *left = left.checked_sub(1).ok_or_else(|| wrong_query("it has more nodes than it says"))?;
        match bytes.try_get_u8().map_err(cut_off)? {
            LEXEME => {
                let (weights, prefix) = (bytes.try_get_u8().map_err(cut_off)?, bytes.try_get_u8().map_err(cut_off)?);
                let text = read_text(bytes).ok_or_else(|| wrong_query("a lexeme is no text"))?;
                if weights > 0xF || text.len() > LEXEME_BYTES_MAX {
                    return Err(wrong_query("a lexeme is none"));
                }
                break QueryNode::lexeme(text, weights, prefix != 0);
            }
            OPERATOR => match bytes.try_get_u8().map_err(cut_off)? {
                NOT => {
                    break read_node(bytes, left, depth + 1)?.negated();
                }
                AND => pending.push((Joint::And, read_node(bytes, left, depth + 1)?)),
                OR => pending.push((Joint::Or, read_node(bytes, left, depth + 1)?)),
                PHRASE => {
                    let distance = bytes.try_get_u16().map_err(cut_off)?;
                    pending.push((Joint::Phrase(distance), read_node(bytes, left, depth + 1)?));
                }
                other => return Err(wrong_query(&format!("there is no operator {other}"))),
            },
            other => return Err(wrong_query(&format!("there is no node of type {other}"))),
        }
    };
    while let Some((joint, right)) = pending.pop() {
        node = node.joined(joint, right);
    }
    Ok(node)
}
