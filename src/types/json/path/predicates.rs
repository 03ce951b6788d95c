//! Conditions in paths: true, false, or unknown.

use std::cmp::Ordering;

use crate::error::Result;
use crate::types::json::path::execute::{Attempt, Execution, PathFailure};
use crate::types::json::path::items::{Item, ItemKind};
use crate::types::json::path::syntax::{PathComparison, PathNode};
use crate::types::json::path::times::{PathZone, compare_times};

/// Whether an item passes, beside one of the right side where there is one.
type ItemTest<'t> = &'t mut dyn FnMut(&Item, Option<&Item>) -> Attempt<Option<bool>>;

/// Nothing but an error of the path is unknown.
fn known<T>(attempt: Attempt<T>) -> Result<Option<T>, PathFailure> {
    match attempt {
        Ok(value) => Ok(Some(value)),
        Err(PathFailure::Path(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

impl Execution<'_> {
    /// Whether a condition holds of an item; none for unknown.
    pub(super) fn condition(&mut self, node: &PathNode, current: &Item) -> Attempt<Option<bool>> {
        self.step()?;
        match node {
            PathNode::And(left, right) => {
                let left = self.condition(left, current)?;
                if left == Some(false) {
                    return Ok(Some(false));
                }
                let right = self.condition(right, current)?;
                Ok(if right == Some(true) { left } else { right })
            }
            PathNode::Or(left, right) => {
                let left = self.condition(left, current)?;
                if left == Some(true) {
                    return Ok(Some(true));
                }
                let right = self.condition(right, current)?;
                Ok(if right == Some(false) { left } else { right })
            }
            PathNode::Not(inner) => Ok(self.condition(inner, current)?.map(|truth| !truth)),
            PathNode::IsUnknown(inner) => Ok(Some(self.condition(inner, current)?.is_none())),
            PathNode::Exists(inner) => self.finds(inner, current),
            PathNode::Compare(operator, left, right) => {
                let session = self.session;
                self.tested(left, Some((right, true)), current, &mut |left, right| {
                    compared(*operator, left, right, session)
                })
            }
            PathNode::StartsWith(left, right) => {
                self.tested(left, Some((right, false)), current, &mut |left, right| {
                    let (text, initial) = (left.as_string(), right.and_then(Item::as_string));
                    Ok(text.zip(initial).map(|(text, initial)| text.starts_with(&initial)))
                })
            }
            PathNode::LikeRegex(inner, pattern) => {
                let pause = self.pause();
                self.tested(inner, None, current, &mut |left, _| {
                    left.as_string()
                        .map(|text| pattern.regex.is_match(&text, pause))
                        .transpose()
                        .map_err(PathFailure::Other)
                })
            }
            // A path that stands where a condition does is no condition.
            _ => Ok(None),
        }
    }

    fn finds(&mut self, inner: &PathNode, current: &Item) -> Attempt<Option<bool>> {
        let is_strict = !self.is_lax();
        let mut is_found = false;
        let outer = std::mem::replace(&mut self.only_asks, !is_strict);
        let attempt = self.node(inner, current, &[], &mut |_| {
            is_found = true;
            Ok(is_strict)
        });
        self.only_asks = outer;
        Ok(known(attempt)?.map(|_| is_found))
    }

    /// Tests each item of the left side with each of the right one, where there is one.
    fn tested(
        &mut self,
        left: &PathNode,
        right: Option<(&PathNode, bool)>,
        current: &Item,
        test: ItemTest<'_>,
    ) -> Attempt<Option<bool>> {
        let attempt = self.items(left, current, true);
        let Some(left) = known(attempt)? else { return Ok(None) };
        let right = match right {
            None => vec![None],
            Some((right, unwraps)) => {
                let attempt = self.items(right, current, unwraps);
                let Some(right) = known(attempt)? else { return Ok(None) };
                right.into_iter().map(Some).collect()
            }
        };
        let (mut is_found, mut is_unknown) = (false, false);
        for left in &left {
            for right in &right {
                self.step()?;
                match test(left, right.as_ref())? {
                    None if !self.is_lax() => return Ok(None),
                    None => is_unknown = true,
                    Some(true) if self.is_lax() => return Ok(Some(true)),
                    Some(truth) => is_found |= truth,
                }
            }
        }
        Ok(if is_found { Some(true) } else { (!is_unknown).then_some(false) })
    }
}

/// The order of texts in SQL/JSON: by their units of UTF-16.
fn compare_texts(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

fn compared(
    operator: PathComparison,
    left: &Item,
    right: Option<&Item>,
    session: Option<PathZone<'_>>,
) -> Attempt<Option<bool>> {
    let Some(right) = right else { return Ok(None) };
    let (left_kind, right_kind) = (left.kind(), right.kind());
    if left_kind != right_kind {
        // Null equals nothing else; other kinds do not compare.
        let has_null = left_kind == ItemKind::Null || right_kind == ItemKind::Null;
        return Ok(has_null.then_some(operator == PathComparison::NotEqual));
    }
    let order = match (left, right) {
        (Item::Time(left), Item::Time(right)) => compare_times(left, right, session)?,
        _ => match left_kind {
            ItemKind::Null => Some(Ordering::Equal),
            ItemKind::Bool => Some(left.text().cmp(&right.text())),
            ItemKind::Number => left.as_number()?.zip(right.as_number()?).map(|(left, right)| left.cmp(&right)),
            ItemKind::String => {
                left.as_string().zip(right.as_string()).map(|(left, right)| compare_texts(&left, &right))
            }
            ItemKind::Array | ItemKind::Object | ItemKind::Time => None,
        },
    };
    Ok(order.map(|order| match operator {
        PathComparison::Equal => order.is_eq(),
        PathComparison::NotEqual => order.is_ne(),
        PathComparison::Less => order.is_lt(),
        PathComparison::LessOrEqual => order.is_le(),
        PathComparison::Greater => order.is_gt(),
        PathComparison::GreaterOrEqual => order.is_ge(),
    }))
}
