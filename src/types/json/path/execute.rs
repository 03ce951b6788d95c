//! Runs a path over a JSON value (`executeItemOptUnwrapTarget` of PostgreSQL's `jsonpath_exec.c`).

use std::rc::Rc;

use crate::error::{Error, ErrorKind, Result};
use crate::types::json::jsonb;
use crate::types::json::path::items::{Item, ItemKind};
use crate::types::json::path::syntax::{JsonPath, PathAccessor, PathNode};
use crate::types::json::path::times::PathZone;
use crate::types::patterns::regex::Pause;

/// Steps that one run takes, at most.
const STEPS_MAX: u64 = 50_000_000;
const STEPS_BETWEEN_PAUSES: u64 = 1 << 12;

/// Why a run ends early.
#[derive(Debug)]
pub enum PathFailure {
    /// What the path is about: `silent` and conditions take it for nothing found.
    Path(Error),
    /// Anything else.
    Other(Error),
}

impl From<Error> for PathFailure {
    fn from(error: Error) -> PathFailure {
        PathFailure::Other(error)
    }
}

pub type Attempt<T> = std::result::Result<T, PathFailure>;

/// Takes an item; false for one that is enough.
pub type ItemSink<'s> = &'s mut dyn FnMut(Item) -> Result<bool>;

/// A run of a path.
///
/// Its methods are one a kind of step of a path, and call each other.
pub struct Execution<'e> {
    pub(super) path: &'e JsonPath,
    pub(super) root: Rc<str>,
    pub(super) variables: Option<&'e str>,
    /// By what times may be converted that need a zone; `None` where they may not.
    pub(super) session: Option<PathZone<'e>>,
    /// What a lax path or `**` does not find is no error.
    pub(super) ignores_structure: bool,
    /// It is asked whether there is an item, not which.
    pub(super) only_asks: bool,
    /// The sizes of the arrays whose subscripts are computed.
    sizes: Vec<usize>,
    steps: u64,
    pause: Pause<'e>,
}

/// An error that a condition takes for unknown.
pub(super) fn path_error<T>(kind: ErrorKind, message: impl Into<String>) -> Attempt<T> {
    Err(PathFailure::Path(Error::new(kind, message)))
}

impl<'e> Execution<'e> {
    /// # Errors
    /// 22023 for variables that are no object.
    pub fn new(
        path: &'e JsonPath,
        json: &str,
        variables: Option<&'e str>,
        session: Option<PathZone<'e>>,
        pause: Pause<'e>,
    ) -> Result<Execution<'e>> {
        if variables.is_some_and(|variables| jsonb::type_name(variables) != "object") {
            return Err(Error::new(ErrorKind::InvalidParameterValue, "\"vars\" argument is not an object")
                .with_detail("Jsonpath parameters should be encoded as key-value pairs of \"vars\" object."));
        }
        Ok(Execution {
            path,
            root: json.into(),
            variables,
            session,
            ignores_structure: !path.is_strict,
            only_asks: false,
            sizes: Vec::new(),
            steps: 0,
            pause,
        })
    }

    /// Hands over what the path finds, until it is enough.
    ///
    /// # Errors
    /// [`PathFailure`].
    pub fn run(&mut self, sink: ItemSink<'_>) -> Attempt<()> {
        let root = Item::Json(Rc::clone(&self.root));
        let path = self.path;
        self.node(&path.root, &root, &[], sink).map(|_| ())
    }

    /// Whether the path finds anything; a strict one is run to its end.
    ///
    /// # Errors
    /// [`PathFailure`].
    pub fn exists(&mut self) -> Attempt<bool> {
        let is_strict = self.path.is_strict;
        let mut is_found = false;
        self.only_asks = !is_strict;
        self.run(&mut |_| {
            is_found = true;
            Ok(is_strict)
        })?;
        Ok(is_found)
    }

    pub(super) fn is_lax(&self) -> bool {
        !self.path.is_strict
    }

    pub(super) fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_BETWEEN_PAUSES) {
            (self.pause)()?;
            if self.steps > STEPS_MAX {
                return Err(Error::new(ErrorKind::LimitExceeded, "the jsonpath takes too long on this value")
                    .with_detail(format!("A run takes at most {STEPS_MAX} steps.")));
            }
        }
        Ok(())
    }

    pub(super) fn pause(&self) -> Pause<'e> {
        self.pause
    }

    /// What a node is of an item, followed by accessors.
    pub(super) fn node(
        &mut self,
        node: &PathNode,
        current: &Item,
        steps: &[PathAccessor],
        sink: ItemSink<'_>,
    ) -> Attempt<bool> {
        self.step()?;
        let item = match node {
            PathNode::Path(base, own) if steps.is_empty() => return self.node(base, current, own, sink),
            PathNode::Path(..) => return Err(PathFailure::Other(Error::internal("a path in a path was not joined"))),
            PathNode::Root => Item::Json(Rc::clone(&self.root)),
            PathNode::Current => current.clone(),
            PathNode::Last => match self.sizes.last() {
                Some(size) => Item::json(&(*size as i64 - 1).to_string()),
                None => return Err(PathFailure::Other(Error::internal("LAST outside of a subscript"))),
            },
            PathNode::Null => Item::json("null"),
            PathNode::Bool(truth) => Item::truth(Some(*truth)),
            PathNode::Number(text) => Item::json(text),
            PathNode::String(text) => Item::string(text),
            PathNode::Variable(name) => self.variable(name)?,
            PathNode::Binary(operator, left, right) => self.binary(*operator, left, right, current)?,
            PathNode::Sign(is_minus, inner) => {
                for item in self.items(inner, current, true)? {
                    let Some(item) = self.signed(*is_minus, &item, steps.is_empty())? else { continue };
                    if !self.accessors(steps, item, sink)? {
                        return Ok(false);
                    }
                }
                return Ok(true);
            }
            condition => Item::truth(self.condition(condition, current)?),
        };
        self.accessors(steps, item, sink)
    }

    fn variable(&self, name: &str) -> Attempt<Item> {
        let found = self.variables.and_then(|variables| jsonb::get_key(variables, name));
        match found {
            Some(value) => Ok(Item::json(value)),
            None => {
                let message = format!("could not find jsonpath variable \"{name}\"");
                Err(PathFailure::Other(Error::new(ErrorKind::UndefinedObject, message)))
            }
        }
    }

    /// All that a node is of an item; arrays are replaced by their elements where that is asked for and the path is lax.
    pub(super) fn items(&mut self, node: &PathNode, current: &Item, unwraps: bool) -> Attempt<Vec<Item>> {
        let mut found = Vec::new();
        let outer = std::mem::replace(&mut self.only_asks, false);
        let attempt = self.node(node, current, &[], &mut |item| {
            found.push(item);
            Ok(true)
        });
        self.only_asks = outer;
        attempt?;
        if !unwraps || !self.is_lax() {
            return Ok(found);
        }
        Ok(found.into_iter().flat_map(|item| if item.is_array() { item.elements() } else { vec![item] }).collect())
    }

    /// Follows accessors, the first of which looks into arrays where the path is lax.
    pub(super) fn accessors(&mut self, steps: &[PathAccessor], item: Item, sink: ItemSink<'_>) -> Attempt<bool> {
        let unwraps = self.is_lax();
        self.follow(steps, item, unwraps, sink)
    }

    fn follow(&mut self, steps: &[PathAccessor], item: Item, unwraps: bool, sink: ItemSink<'_>) -> Attempt<bool> {
        self.step()?;
        let Some((step, rest)) = steps.split_first() else { return Ok(sink(item)?) };
        let looks_inside = matches!(step, PathAccessor::Key(_) | PathAccessor::AnyKey | PathAccessor::Filter(_))
            || matches!(step, PathAccessor::Method(method, _) if method.looks_inside());
        if unwraps && looks_inside && item.is_array() {
            return self.each(item.elements(), steps, false, sink);
        }
        match step {
            PathAccessor::Key(key) => self.key(key, &item, rest, sink),
            PathAccessor::AnyKey if item.kind() == ItemKind::Object => {
                self.each(item.children(), rest, self.is_lax(), sink)
            }
            PathAccessor::AnyKey => self.missing(
                ErrorKind::JsonObjectNotFound,
                "jsonpath wildcard member accessor can only be applied to an object".to_string(),
            ),
            PathAccessor::AnyElement if item.is_array() => self.each(item.elements(), rest, self.is_lax(), sink),
            PathAccessor::AnyElement if self.is_lax() => self.accessors(rest, item, sink),
            PathAccessor::AnyElement => self.missing(
                ErrorKind::JsonArrayNotFound,
                "jsonpath wildcard array accessor can only be applied to an array".to_string(),
            ),
            PathAccessor::Elements(elements) => self.elements(elements, item, rest, sink),
            PathAccessor::Any(first, last) => self.any(item, (*first, *last), rest, sink),
            PathAccessor::Filter(condition) => {
                if self.condition(condition, &item)? == Some(true) {
                    self.accessors(rest, item, sink)
                } else {
                    Ok(true)
                }
            }
            PathAccessor::Method(method, arguments) => {
                for result in self.method(*method, arguments, item)? {
                    if !self.accessors(rest, result, sink)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    /// Nothing is found: an error where structure matters.
    fn missing(&self, kind: ErrorKind, message: String) -> Attempt<bool> {
        if self.ignores_structure { Ok(true) } else { path_error(kind, message) }
    }

    fn each(&mut self, items: Vec<Item>, steps: &[PathAccessor], unwraps: bool, sink: ItemSink<'_>) -> Attempt<bool> {
        for item in items {
            if !self.follow(steps, item, unwraps, &mut *sink)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn key(&mut self, key: &str, item: &Item, rest: &[PathAccessor], sink: ItemSink<'_>) -> Attempt<bool> {
        let Item::Json(text) = item else {
            return self.missing(ErrorKind::JsonMemberNotFound, no_member());
        };
        if item.kind() != ItemKind::Object {
            return self.missing(ErrorKind::JsonMemberNotFound, no_member());
        }
        match jsonb::get_key(text, key) {
            Some(value) => self.accessors(rest, Item::json(value), sink),
            None => {
                let message = format!("JSON object does not contain key \"{key}\"");
                self.missing(ErrorKind::JsonMemberNotFound, message)
            }
        }
    }

    fn elements(
        &mut self,
        subscripts: &[(PathNode, Option<PathNode>)],
        item: Item,
        rest: &[PathAccessor],
        sink: ItemSink<'_>,
    ) -> Attempt<bool> {
        if !item.is_array() && !self.is_lax() {
            let message = "jsonpath array accessor can only be applied to an array";
            return self.missing(ErrorKind::JsonArrayNotFound, message.to_string());
        }
        let elements = if item.is_array() { item.elements() } else { vec![item.clone()] };
        let size = elements.len();
        for (from, to) in subscripts {
            self.sizes.push(size);
            let bounds = self.bounds(from, to.as_ref(), &item);
            self.sizes.pop();
            let (from, to) = bounds?;
            let last = i64::try_from(size).unwrap_or(i64::MAX) - 1;
            if !self.ignores_structure && (from < 0 || from > to || to > last) {
                return path_error(ErrorKind::JsonSubscript, "jsonpath array subscript is out of bounds");
            }
            for position in from.max(0)..=to.min(last) {
                let element = usize::try_from(position).ok().and_then(|position| elements.get(position));
                if let Some(element) = element
                    && !self.accessors(rest, element.clone(), &mut *sink)?
                {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn bounds(&mut self, from: &PathNode, to: Option<&PathNode>, item: &Item) -> Attempt<(i64, i64)> {
        let from = self.subscript(from, item)?;
        let to = to.map(|to| self.subscript(to, item)).transpose()?;
        Ok((from, to.unwrap_or(from)))
    }

    fn subscript(&mut self, node: &PathNode, item: &Item) -> Attempt<i64> {
        let items = self.items(node, item, false)?;
        let number = match items.as_slice() {
            [single] => single.as_number()?,
            _ => None,
        };
        let Some(number) = number else {
            return path_error(ErrorKind::JsonSubscript, "jsonpath array subscript is not a single numeric value");
        };
        let index = number.whole().ok().and_then(|whole| whole.to_i64()).filter(|index| i32::try_from(*index).is_ok());
        match index {
            Some(index) => Ok(index),
            None => path_error(ErrorKind::JsonSubscript, "jsonpath array subscript is out of integer range"),
        }
    }

    /// `**`: the item and what is in it, of some levels.
    fn any(
        &mut self,
        item: Item,
        levels: (Option<u32>, Option<u32>),
        rest: &[PathAccessor],
        sink: ItemSink<'_>,
    ) -> Attempt<bool> {
        let outer = std::mem::replace(&mut self.ignores_structure, true);
        let mut goes_on = Ok(true);
        if levels.0 == Some(0) {
            goes_on = self.accessors(rest, item.clone(), &mut *sink);
        }
        if matches!(goes_on, Ok(true)) {
            goes_on = self.level(&item, 1, levels, rest, sink);
        }
        self.ignores_structure = outer;
        goes_on
    }

    fn level(
        &mut self,
        item: &Item,
        level: u32,
        levels: (Option<u32>, Option<u32>),
        rest: &[PathAccessor],
        sink: ItemSink<'_>,
    ) -> Attempt<bool> {
        let (first, last) = (levels.0.unwrap_or(u32::MAX), levels.1.unwrap_or(u32::MAX));
        if level > last {
            return Ok(true);
        }
        for child in item.children() {
            self.step()?;
            let is_container = matches!(child.kind(), ItemKind::Array | ItemKind::Object);
            let is_leaf = first == u32::MAX && last == u32::MAX && !is_container;
            if (level >= first || is_leaf) && !self.accessors(rest, child.clone(), &mut *sink)? {
                return Ok(false);
            }
            if level < last && is_container && !self.level(&child, level + 1, levels, rest, &mut *sink)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn no_member() -> String {
    "jsonpath member accessor can only be applied to an object".to_string()
}
