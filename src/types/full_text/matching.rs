//! Whether a document matches a query: `@@`.
//!
//! A phrase is a question of places. What is found of it is the places where its last word stands, how wide it is, and whether these
//! are the places or all others (`!a <-> b`); where a lexeme's places are not known, a phrase with it is not found.

use crate::types::full_text::query::{QueryLexeme, QueryNode, TsQuery};
use crate::types::full_text::vector::TsVector;

/// What is known of a lexeme: whether it is there, and where.
pub trait Occurrences {
    fn has(&self, lexeme: &QueryLexeme) -> bool;

    /// The places of a lexeme that is there, in order, each once; `None` where they are not known.
    fn places(&self, lexeme: &QueryLexeme) -> Option<Vec<u16>>;
}

/// Whether a document matches a query.
pub fn matches(vector: &TsVector, query: &TsQuery) -> bool {
    holds(query, vector)
}

/// Whether a query holds of lexemes; an empty one never does.
pub fn holds(query: &TsQuery, of: &impl Occurrences) -> bool {
    query.root().is_some_and(|root| node_holds(root, of))
}

fn node_holds(node: &QueryNode, of: &impl Occurrences) -> bool {
    match node {
        QueryNode::Lexeme(lexeme) => of.has(lexeme),
        QueryNode::Not(inner) => !node_holds(inner, of),
        QueryNode::And(list) => list.iter().all(|part| node_holds(part, of)),
        QueryNode::Or(list) => list.iter().any(|part| node_holds(part, of)),
        QueryNode::Phrase(..) => matches!(located(node, of), Located::At(_)),
    }
}

impl Occurrences for TsVector {
    fn has(&self, lexeme: &QueryLexeme) -> bool {
        // What has no positions has no weights that could be wrong.
        self.found(&lexeme.text, lexeme.is_prefix).iter().any(|found| {
            lexeme.weights == 0
                || found.positions.is_empty()
                || found.positions.iter().any(|position| position.weight().bit() & lexeme.weights != 0)
        })
    }

    fn places(&self, lexeme: &QueryLexeme) -> Option<Vec<u16>> {
        let found = self.found(&lexeme.text, lexeme.is_prefix);
        if found.iter().any(|found| found.positions.is_empty()) {
            return None;
        }
        let positions = found.iter().flat_map(|found| found.positions.iter());
        let wanted = positions.filter(|position| lexeme.weights == 0 || position.weight().bit() & lexeme.weights != 0);
        let mut places: Vec<u16> = wanted.map(|position| position.place()).collect();
        places.sort_unstable();
        places.dedup();
        Some(places)
    }
}

/// Where a part of a phrase is.
enum Located {
    Nowhere,
    /// It may be there, at places that are not known.
    Somewhere,
    At(Places),
}

/// Places of the last word of a part.
struct Places {
    places: Vec<i64>,
    /// They are the places where it is not.
    is_negated: bool,
    /// How far before them the part begins.
    width: i64,
}

impl Places {
    fn shifted(&self, by: i64) -> impl Iterator<Item = i64> + '_ {
        self.places.iter().map(move |place| place.saturating_add(by))
    }
}

fn located(node: &QueryNode, of: &impl Occurrences) -> Located {
    match node {
        QueryNode::Lexeme(lexeme) => {
            if !of.has(lexeme) {
                return Located::Nowhere;
            }
            match of.places(lexeme) {
                None => Located::Somewhere,
                Some(places) if places.is_empty() => Located::Nowhere,
                Some(places) => Located::At(Places {
                    places: places.into_iter().map(i64::from).collect(),
                    is_negated: false,
                    width: 0,
                }),
            }
        }
        QueryNode::Not(inner) => match located(inner, of) {
            Located::Nowhere => Located::At(Places { places: Vec::new(), is_negated: true, width: 0 }),
            Located::Somewhere => Located::Somewhere,
            Located::At(found) if found.places.is_empty() && found.is_negated => Located::Nowhere,
            Located::At(found) => Located::At(Places { is_negated: !found.is_negated, ..found }),
        },
        QueryNode::And(list) => {
            let mut parts = list.iter().map(|part| located(part, of));
            let first = parts.next().unwrap_or(Located::Nowhere);
            parts.fold(first, |left, right| both(left, right, None))
        }
        QueryNode::Or(list) => {
            let mut parts = list.iter().map(|part| located(part, of));
            let first = parts.next().unwrap_or(Located::Nowhere);
            parts.fold(first, either)
        }
        QueryNode::Phrase(first, others) => {
            let mut found = located(first, of);
            for (distance, part) in others {
                if matches!(found, Located::Nowhere) {
                    return found;
                }
                found = both(found, located(part, of), Some(i64::from(*distance)));
            }
            found
        }
    }
}

/// Where both parts are: so many places apart, or at once.
fn both(left: Located, right: Located, distance: Option<i64>) -> Located {
    let (left, right) = match (left, right) {
        (Located::Nowhere, _) | (_, Located::Nowhere) => return Located::Nowhere,
        (Located::Somewhere, _) | (_, Located::Somewhere) => return Located::Somewhere,
        (Located::At(left), Located::At(right)) => (left, right),
    };
    let (left_by, right_by, width) = match distance {
        Some(distance) => {
            (distance.saturating_add(right.width), 0, distance.saturating_add(left.width).saturating_add(right.width))
        }
        None => {
            let width = left.width.max(right.width);
            (width - left.width, width - right.width, width)
        }
    };
    let kept = match (left.is_negated, right.is_negated) {
        (true, true) => Kept { both: true, left: true, right: true, is_negated: true },
        (true, false) => Kept { both: false, left: false, right: true, is_negated: false },
        (false, true) => Kept { both: false, left: true, right: false, is_negated: false },
        (false, false) => Kept { both: true, left: false, right: false, is_negated: false },
    };
    merged((&left, left_by), (&right, right_by), width, kept)
}

/// Where one part is or the other.
fn either(left: Located, right: Located) -> Located {
    let nothing = || Places { places: Vec::new(), is_negated: false, width: 0 };
    let (left, right) = match (left, right) {
        (Located::Nowhere, Located::Nowhere) => return Located::Nowhere,
        (Located::Somewhere, _) | (_, Located::Somewhere) => return Located::Somewhere,
        (Located::At(left), Located::At(right)) => (left, right),
        (Located::At(left), Located::Nowhere) => (left, nothing()),
        (Located::Nowhere, Located::At(right)) => (nothing(), right),
    };
    let width = left.width.max(right.width);
    let kept = match (left.is_negated, right.is_negated) {
        (true, true) => Kept { both: true, left: false, right: false, is_negated: true },
        (true, false) => Kept { both: false, left: true, right: false, is_negated: true },
        (false, true) => Kept { both: false, left: false, right: true, is_negated: true },
        (false, false) => Kept { both: true, left: true, right: true, is_negated: false },
    };
    let (left_by, right_by) = (width - left.width, width - right.width);
    merged((&left, left_by), (&right, right_by), width, kept)
}

/// Which places are kept: those of both, of the left alone, of the right alone; and whether the result is all others.
struct Kept {
    both: bool,
    left: bool,
    right: bool,
    is_negated: bool,
}

fn merged((left, left_by): (&Places, i64), (right, right_by): (&Places, i64), width: i64, kept: Kept) -> Located {
    let (mut ours, mut theirs) = (left.shifted(left_by).peekable(), right.shifted(right_by).peekable());
    let mut places = Vec::new();
    loop {
        let order = match (ours.peek(), theirs.peek()) {
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => break,
        };
        let place = if order.is_le() { ours.next() } else { None };
        let place = if order.is_ge() { theirs.next() } else { place };
        let is_kept = match order {
            std::cmp::Ordering::Less => kept.left,
            std::cmp::Ordering::Equal => kept.both,
            std::cmp::Ordering::Greater => kept.right,
        };
        places.extend(place.filter(|place| is_kept && *place > 0));
    }
    if places.is_empty() && !kept.is_negated {
        return Located::Nowhere;
    }
    Located::At(Places { places, is_negated: kept.is_negated, width })
}
