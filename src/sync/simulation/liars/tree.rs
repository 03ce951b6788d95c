//! Any message as a tree of JSON values and back, and a change of any one of its fields.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value as Tree;

use crate::sync::protocol::encoding::{Assembler, encode};
use crate::sync::protocol::message::Message;
use crate::sync::protocol::seeded_random::Random;

/// Values of one field that are remembered.
const KEPT_MAX: usize = 24;
/// Lists longer than this are not kept or doubled.
const LIST_MAX: usize = 4_096;
/// Shortest list of small numbers that is taken for bytes.
const BYTES_MIN: usize = 2;

/// Values that fields had in messages of anybody, by the name of the field.
#[derive(Default)]
pub(super) struct Parts {
    by_name: BTreeMap<String, VecDeque<Tree>>,
}

/// A place in a tree that can be changed.
pub(super) struct Place {
    /// A JSON pointer (RFC 6901).
    pub pointer: String,
    name: String,
}

pub(super) fn tree_of(message: &Message) -> Tree {
    serde_json::to_value(message).unwrap()
}

/// The message that a tree is, and its frames, where honest nodes would read it.
pub(super) fn message_of(tree: Tree) -> Option<(Message, Vec<Vec<u8>>)> {
    let message = serde_json::from_value::<Message>(tree).ok()?;
    let frames = encode(&message).ok()?;
    let mut assembler = Assembler::new();
    let mut read = None;
    for frame in &frames {
        read = assembler.push(frame).ok()?;
    }
    read.map(|_| (message, frames))
}

/// Bytes as serde writes them into a tree.
pub(super) fn bytes_in(bytes: &[u8]) -> Tree {
    Tree::from(bytes)
}

/// The bytes of a list of small numbers.
pub(super) fn bytes_of(tree: &Tree) -> Option<Vec<u8>> {
    let numbers = tree.as_array().filter(|list| list.len() >= BYTES_MIN)?;
    numbers.iter().map(|number| number.as_u64().and_then(|number| u8::try_from(number).ok())).collect()
}

/// All places of a tree.
pub(super) fn places(tree: &Tree) -> Vec<Place> {
    let mut found = Vec::new();
    walk(tree, String::new(), "", &mut found);
    found
}

fn walk(tree: &Tree, pointer: String, name: &str, found: &mut Vec<Place>) {
    match tree {
        Tree::Object(fields) => {
            for (field, value) in fields {
                walk(value, format!("{pointer}/{field}"), field, found);
            }
        }
        Tree::Array(list) => {
            if bytes_of(tree).is_none() {
                for (position, value) in list.iter().enumerate() {
                    walk(value, format!("{pointer}/{position}"), name, found);
                }
            }
            found.push(Place { pointer, name: name.to_string() });
        }
        _ => found.push(Place { pointer, name: name.to_string() }),
    }
}

impl Parts {
    /// Remembers the parts of a message.
    pub fn learn(&mut self, tree: &Tree) {
        for place in places(tree) {
            let Some(value) = tree.pointer(&place.pointer).filter(|value| !value.is_null()) else { continue };
            if value.as_array().is_some_and(|list| list.len() > LIST_MAX) {
                continue;
            }
            let kept = self.by_name.entry(place.name).or_default();
            if kept.len() == KEPT_MAX {
                kept.pop_front();
            }
            kept.push_back(value.clone());
        }
    }

    /// A value that this field had somewhere.
    fn pick(&self, name: &str, random: &mut Random) -> Option<Tree> {
        let kept = self.by_name.get(name)?;
        kept.get(usize::try_from(random.below(kept.len() as u64)).ok()?).cloned()
    }

    /// Another value for a field.
    pub fn changed(&self, tree: &Tree, place: &Place, random: &mut Random) -> Option<Tree> {
        let old = tree.pointer(&place.pointer)?;
        if random.below(3) == 0
            && let Some(other) = self.pick(&place.name, random)
        {
            return Some(other);
        }
        match old {
            Tree::Number(number) => number.as_u64().map(|number| Tree::from(other_number(number, random))),
            Tree::Bool(is) => Some(Tree::from(!is)),
            Tree::String(text) => Some(Tree::from(other_text(text, random))),
            Tree::Array(list) => match bytes_of(old) {
                Some(bytes) => Some(bytes_in(&other_bytes(bytes, random))),
                None => Some(Tree::Array(self.other_list(list.clone(), &place.name, random))),
            },
            Tree::Null => self.pick(&place.name, random),
            Tree::Object(_) => None,
        }
    }

    fn other_list(&self, mut list: Vec<Tree>, name: &str, random: &mut Random) -> Vec<Tree> {
        let at = usize::try_from(random.below(list.len() as u64)).unwrap();
        match random.below(6) {
            0 => list.clear(),
            1 => list.truncate(at),
            2 if list.len() <= LIST_MAX => list.extend_from_within(..),
            3 => list.reverse(),
            4 if !list.is_empty() => drop(list.remove(at)),
            _ => list.extend(self.pick(name, random)),
        }
        list
    }
}

fn other_number(number: u64, random: &mut Random) -> u64 {
    const EDGES: [u64; 9] = [0, 1, 255, u32::MAX as u64, 1 << 40, (1 << 62) - 1, 1 << 62, u64::MAX - 1, u64::MAX];
    match random.below(4) {
        0 => number.wrapping_add(1),
        1 => number.wrapping_sub(1),
        _ => EDGES[usize::try_from(random.below(EDGES.len() as u64)).unwrap()],
    }
}

fn other_text(text: &str, random: &mut Random) -> String {
    match random.below(4) {
        0 => String::new(),
        1 => format!("{text}{}", random.below(10)),
        2 => "x".repeat(usize::try_from(random.below(400)).unwrap()),
        _ => text.chars().rev().collect(),
    }
}

/// Bytes with some of them changed.
pub(super) fn other_bytes(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
    match random.below(5) {
        0 => bytes.fill(0),
        1 => bytes.truncate(at),
        2 => bytes.push(random.next() as u8),
        _ if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
        _ => {}
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Bytes, Delta, Head, PeerId, Run};
    use crate::sync::protocol::message::{Operation, ReconcileAnswer, ReconcileResponse};

    fn messages() -> Vec<Message> {
        let head = Head { origin: PeerId::new("a"), seq: 3, hash: [7; 32], signature: Bytes::new([1; 64]) };
        let delta = Delta { seq: 1, signature: Some(Bytes::new([2; 96])), body: Bytes::new([9; 40]) };
        let run = Run { origin: PeerId::new("a"), deltas: vec![delta] };
        let answer = ReconcileAnswer::View {
            heads: vec![head],
            whole: vec!["memory".into()],
            partial: Vec::new(),
            members: u64::MAX,
            copies: 0,
        };
        vec![
            Message::Operation(Operation { runs: vec![run], pushed_to: vec![1] }),
            Message::ReconcileResponse(ReconcileResponse { number: 1 << 63, answer }),
            Message::CollectionRequest,
        ]
    }

    #[test]
    fn a_tree_is_the_message_that_it_was_made_of() {
        for message in messages() {
            assert_eq!(message_of(tree_of(&message)).map(|(message, _)| message), Some(message));
        }
    }

    #[test]
    fn every_field_of_a_message_is_reached() {
        let tree = tree_of(&messages()[1]);
        let pointers: Vec<String> = places(&tree).into_iter().map(|place| place.pointer).collect();
        let view = "/ReconcileResponse/answer/View";
        for field in ["heads/0/origin", "heads/0/seq", "heads/0/hash", "heads/0/signature", "heads", "whole", "members"]
        {
            assert!(pointers.contains(&format!("{view}/{field}")), "{field} in {pointers:?}");
        }
    }
}
