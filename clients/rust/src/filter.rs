//! Conditions on entries. Values keep their type: `fact("n").eq(3)` does not find the text `"3"`. A comparison with a fact that is
//! missing is neither true nor false, as in SQL.

use std::ops::{BitAnd, BitOr, Not};

use serde_json::Value;

/// A place in an entry: a column of its own, or a fact in its `metadata`.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub(crate) root: Root,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Root {
    Column(String),
    Facts,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Name(String),
    Place(u32),
}

/// A condition. Conditions are put together with `&`, `|` and `!`.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(pub(crate) Condition);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    Everything,
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Field, Comparison, Value),
    IsNull(Field),
    Like(Field, String),
    StartsWith(Field, String),
    Matches(Field, String),
    Contains(Field, Value),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Comparison {
    Equal,
    Differs,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::Differs => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    pub(crate) fn opposite(self) -> Self {
        match self {
            Comparison::Equal => Comparison::Differs,
            Comparison::Differs => Comparison::Equal,
            Comparison::Less => Comparison::GreaterOrEqual,
            Comparison::LessOrEqual => Comparison::Greater,
            Comparison::Greater => Comparison::LessOrEqual,
            Comparison::GreaterOrEqual => Comparison::Less,
        }
    }
}

/// The fact of this name. Dots have no meaning: `fact("author").at("name")` is a fact inside of a fact.
pub fn fact(name: impl Into<String>) -> Field {
    Field { root: Root::Facts, steps: vec![Step::Name(name.into())] }
}

/// A column of the collection, such as `_stage` or one that CREATE TABLE made.
pub fn column(name: impl Into<String>) -> Field {
    Field { root: Root::Column(name.into()), steps: Vec::new() }
}

/// The id of an entry.
#[must_use]
pub fn id() -> Field {
    column("id")
}

/// Every entry. What changes or deletes takes no less than this for everything.
#[must_use]
pub fn all() -> Filter {
    Filter(Condition::Everything)
}

impl Field {
    /// One level down, by name.
    #[must_use]
    pub fn at(mut self, name: impl Into<String>) -> Self {
        self.steps.push(Step::Name(name.into()));
        self
    }

    /// One level down, by the place in an array, counted from 0.
    #[must_use]
    pub fn index(mut self, place: u32) -> Self {
        self.steps.push(Step::Place(place));
        self
    }

    /// Equal, in value and in type.
    pub fn eq(self, value: impl Into<Value>) -> Filter {
        self.compare(Comparison::Equal, value)
    }

    /// There, and not equal.
    pub fn ne(self, value: impl Into<Value>) -> Filter {
        self.compare(Comparison::Differs, value)
    }

    /// Less than a number, or than a text by its bytes.
    pub fn lt(self, value: impl Into<Value>) -> Filter {
        self.compare(Comparison::Less, value)
    }

    /// Less than or equal to.
    pub fn le(self, value: impl Into<Value>) -> Filter {
        self.compare(Comparison::LessOrEqual, value)
    }

    /// Greater than.
    pub fn gt(self, value: impl Into<Value>) -> Filter {
        self.compare(Comparison::Greater, value)
    }

    /// Greater than or equal to.
    pub fn ge(self, value: impl Into<Value>) -> Filter {
        self.compare(Comparison::GreaterOrEqual, value)
    }

    /// One of some values; of none, nothing.
    pub fn is_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        let one = |value: V| Condition::Compare(self.clone(), Comparison::Equal, value.into());
        Filter(Condition::Any(values.into_iter().map(one).collect()))
    }

    /// Missing, or null.
    #[must_use]
    pub fn is_null(self) -> Filter {
        Filter(Condition::IsNull(self))
    }

    /// There, and not null.
    #[must_use]
    pub fn exists(self) -> Filter {
        !self.is_null()
    }

    /// A text that fits SQL's pattern: `%` for any text, `_` for any character.
    pub fn like(self, pattern: impl Into<String>) -> Filter {
        Filter(Condition::Like(self, pattern.into()))
    }

    /// A text that begins so.
    pub fn starts_with(self, prefix: impl Into<String>) -> Filter {
        Filter(Condition::StartsWith(self, prefix.into()))
    }

    /// A text in which the regular expression occurs.
    pub fn matches(self, expression: impl Into<String>) -> Filter {
        Filter(Condition::Matches(self, expression.into()))
    }

    /// An array that has this element, or an object that has these members.
    pub fn contains(self, value: impl Into<Value>) -> Filter {
        Filter(Condition::Contains(self, value.into()))
    }

    fn compare(self, comparison: Comparison, value: impl Into<Value>) -> Filter {
        Filter(Condition::Compare(self, comparison, value.into()))
    }
}

impl From<&str> for Field {
    /// The fact of this name.
    fn from(name: &str) -> Self {
        fact(name)
    }
}

impl From<String> for Field {
    /// The fact of this name.
    fn from(name: String) -> Self {
        fact(name)
    }
}

impl BitAnd for Filter {
    type Output = Filter;

    fn bitand(self, other: Filter) -> Filter {
        Filter(match (self.0, other.0) {
            (Condition::Everything, only) | (only, Condition::Everything) => only,
            (Condition::All(mut parts), other) => {
                parts.push(other);
                Condition::All(parts)
            }
            (one, other) => Condition::All(vec![one, other]),
        })
    }
}

impl BitOr for Filter {
    type Output = Filter;

    fn bitor(self, other: Filter) -> Filter {
        Filter(match (self.0, other.0) {
            (Condition::Any(mut parts), other) => {
                parts.push(other);
                Condition::Any(parts)
            }
            (one, other) => Condition::Any(vec![one, other]),
        })
    }
}

impl Not for Filter {
    type Output = Filter;

    fn not(self) -> Filter {
        Filter(match self.0 {
            Condition::Not(inner) => *inner,
            other => Condition::Not(Box::new(other)),
        })
    }
}
