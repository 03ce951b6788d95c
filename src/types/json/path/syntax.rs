//! The tree of a path.

use crate::error::{Error, Result};
use crate::types::patterns::regex::{Regex, RegexFlags};

/// A path that was read.
#[derive(Debug)]
pub struct JsonPath {
    pub is_strict: bool,
    pub root: PathNode,
}

/// Where a path begins, or what it computes.
#[derive(Debug)]
pub enum PathNode {
    Root,
    Current,
    Last,
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Variable(String),
    /// What stands before, and the accessors behind it.
    Path(Box<PathNode>, Vec<PathAccessor>),
    Binary(Binary, Box<PathNode>, Box<PathNode>),
    /// A sign; true for minus.
    Sign(bool, Box<PathNode>),
    And(Box<PathNode>, Box<PathNode>),
    Or(Box<PathNode>, Box<PathNode>),
    Not(Box<PathNode>),
    IsUnknown(Box<PathNode>),
    Compare(PathComparison, Box<PathNode>, Box<PathNode>),
    Exists(Box<PathNode>),
    StartsWith(Box<PathNode>, Box<PathNode>),
    LikeRegex(Box<PathNode>, LikePattern),
}

#[derive(Debug)]
pub struct LikePattern {
    pub text: String,
    pub flags: String,
    pub regex: Regex,
}

impl LikePattern {
    /// A pattern with the options of XQuery.
    ///
    /// # Errors
    /// 42601 for an option that is none, 0A000 for `x`, 2201B for a wrong expression.
    pub fn read(text: String, given: &str) -> Result<LikePattern> {
        let mut flags = String::new();
        for flag in given.chars() {
            if !"ismxq".contains(flag) {
                return Err(Error::syntax("invalid input syntax for type jsonpath", None)
                    .with_detail(format!("Unrecognized flag character \"{flag}\" in LIKE_REGEX predicate.")));
            }
            if !flags.contains(flag) {
                flags.push(flag);
            }
        }
        let mut options = RegexFlags::default();
        if flags.contains('i') {
            options.take('i');
        }
        if flags.contains('q') {
            options.take('q');
        } else {
            if flags.contains('x') {
                return Err(Error::unsupported(
                    "XQuery \"x\" flag (expanded regular expressions) is not implemented",
                    "Write the expression without blanks.",
                ));
            }
            options.stops_at_newline = !flags.contains('s');
            options.anchors_at_newline = flags.contains('m');
        }
        // In the order in which PostgreSQL prints them.
        let flags = "ismxq".chars().filter(|flag| flags.contains(*flag)).collect();
        Ok(LikePattern { regex: Regex::new(&text, options)?, text, flags })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Binary {
    pub fn symbol(self) -> &'static str {
        match self {
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
            Binary::Remainder => "%",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathComparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl PathComparison {
    pub fn symbol(self) -> &'static str {
        match self {
            PathComparison::Equal => "==",
            PathComparison::NotEqual => "!=",
            PathComparison::Less => "<",
            PathComparison::LessOrEqual => "<=",
            PathComparison::Greater => ">",
            PathComparison::GreaterOrEqual => ">=",
        }
    }
}

/// An accessor.
#[derive(Debug)]
pub enum PathAccessor {
    Key(String),
    AnyKey,
    AnyElement,
    Elements(Vec<(PathNode, Option<PathNode>)>),
    /// Levels from and to; none for the last one.
    Any(Option<u32>, Option<u32>),
    Filter(Box<PathNode>),
    Method(Method, Vec<String>),
}

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Abs,
    Bigint,
    Boolean,
    Ceiling,
    Date,
    Datetime,
    Decimal,
    Double,
    Floor,
    Integer,
    Keyvalue,
    Number,
    Size,
    String,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Type,
}

impl Method {
    pub const ALL: [(&'static str, Method); 19] = [
        ("abs", Method::Abs),
        ("bigint", Method::Bigint),
        ("boolean", Method::Boolean),
        ("ceiling", Method::Ceiling),
        ("date", Method::Date),
        ("datetime", Method::Datetime),
        ("decimal", Method::Decimal),
        ("double", Method::Double),
        ("floor", Method::Floor),
        ("integer", Method::Integer),
        ("keyvalue", Method::Keyvalue),
        ("number", Method::Number),
        ("size", Method::Size),
        ("string", Method::String),
        ("time", Method::Time),
        ("time_tz", Method::TimeTz),
        ("timestamp", Method::Timestamp),
        ("timestamp_tz", Method::TimestampTz),
        ("type", Method::Type),
    ];

    pub fn name(self) -> &'static str {
        Method::ALL.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| *name)
    }
}

impl PathNode {
    /// Whether it is a condition, which stands where conditions may.
    pub fn is_condition(&self) -> bool {
        matches!(
            self,
            PathNode::And(..)
                | PathNode::Or(..)
                | PathNode::Not(_)
                | PathNode::IsUnknown(_)
                | PathNode::Compare(..)
                | PathNode::Exists(_)
                | PathNode::StartsWith(..)
                | PathNode::LikeRegex(..)
        )
    }
}
