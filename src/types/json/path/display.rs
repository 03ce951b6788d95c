//! A path as PostgreSQL prints it.

use std::fmt;

use crate::types::json::convert::json_text_of_value;
use crate::types::json::path::syntax::{Binary, JsonPath, PathAccessor, PathNode};
use crate::types::value::Value;

fn quoted(text: &str) -> Box<str> {
    json_text_of_value(&Value::text(text))
}

/// How closely a node binds.
fn rank(node: &PathNode) -> u8 {
    match node {
        PathNode::Or(..) => 0,
        PathNode::And(..) => 1,
        PathNode::Compare(..) | PathNode::StartsWith(..) => 2,
        PathNode::Binary(Binary::Add | Binary::Subtract, ..) => 3,
        PathNode::Binary(..) => 4,
        PathNode::Sign(..) => 5,
        PathNode::Path(base, _) => rank(base),
        _ => 6,
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_strict {
            f.write_str("strict ")?;
        }
        write(f, &self.root, true)
    }
}

fn pair(
    f: &mut fmt::Formatter<'_>,
    node: &PathNode,
    operator: &str,
    both: (&PathNode, &PathNode),
    brackets: bool,
) -> fmt::Result {
    if brackets {
        f.write_str("(")?;
    }
    write(f, both.0, rank(both.0) <= rank(node))?;
    write!(f, " {operator} ")?;
    write(f, both.1, rank(both.1) <= rank(node))?;
    if brackets { f.write_str(")") } else { Ok(()) }
}

fn write(f: &mut fmt::Formatter<'_>, node: &PathNode, brackets: bool) -> fmt::Result {
    match node {
        PathNode::Root => f.write_str("$"),
        PathNode::Current => f.write_str("@"),
        PathNode::Last => f.write_str("last"),
        PathNode::Null => f.write_str("null"),
        PathNode::Bool(truth) => write!(f, "{truth}"),
        PathNode::Number(text) => f.write_str(text),
        PathNode::String(text) => f.write_str(&quoted(text)),
        PathNode::Variable(name) => write!(f, "${}", quoted(name)),
        PathNode::Path(base, steps) => {
            let is_number = matches!(**base, PathNode::Number(_));
            if is_number {
                f.write_str("(")?;
            }
            write(f, base, brackets)?;
            if is_number {
                f.write_str(")")?;
            }
            steps.iter().try_for_each(|step| write_step(f, step))
        }
        PathNode::Binary(operator, left, right) => pair(f, node, operator.symbol(), (left, right), brackets),
        PathNode::Compare(operator, left, right) => pair(f, node, operator.symbol(), (left, right), brackets),
        PathNode::And(left, right) => pair(f, node, "&&", (left, right), brackets),
        PathNode::Or(left, right) => pair(f, node, "||", (left, right), brackets),
        PathNode::StartsWith(left, right) => pair(f, node, "starts with", (left, right), brackets),
        PathNode::Sign(is_minus, inner) => {
            if brackets {
                f.write_str("(")?;
            }
            f.write_str(if *is_minus { "-" } else { "+" })?;
            write(f, inner, rank(inner) <= rank(node))?;
            if brackets { f.write_str(")") } else { Ok(()) }
        }
        PathNode::LikeRegex(inner, pattern) => {
            if brackets {
                f.write_str("(")?;
            }
            write(f, inner, rank(inner) <= rank(node))?;
            write!(f, " like_regex {}", quoted(&pattern.text))?;
            if !pattern.flags.is_empty() {
                write!(f, " flag \"{}\"", pattern.flags)?;
            }
            if brackets { f.write_str(")") } else { Ok(()) }
        }
        PathNode::Not(inner) => {
            f.write_str("!(")?;
            write(f, inner, false)?;
            f.write_str(")")
        }
        PathNode::IsUnknown(inner) => {
            f.write_str("(")?;
            write(f, inner, false)?;
            f.write_str(") is unknown")
        }
        PathNode::Exists(inner) => {
            f.write_str("exists (")?;
            write(f, inner, false)?;
            f.write_str(")")
        }
    }
}

fn write_step(f: &mut fmt::Formatter<'_>, step: &PathAccessor) -> fmt::Result {
    match step {
        PathAccessor::Key(key) => write!(f, ".{}", quoted(key)),
        PathAccessor::AnyKey => f.write_str(".*"),
        PathAccessor::AnyElement => f.write_str("[*]"),
        PathAccessor::Elements(elements) => {
            f.write_str("[")?;
            for (position, (from, to)) in elements.iter().enumerate() {
                f.write_str(if position == 0 { "" } else { "," })?;
                write(f, from, false)?;
                if let Some(to) = to {
                    f.write_str(" to ")?;
                    write(f, to, false)?;
                }
            }
            f.write_str("]")
        }
        PathAccessor::Any(first, last) => {
            f.write_str(".")?;
            match (first, last) {
                (Some(0), None) => f.write_str("**"),
                (None, None) => f.write_str("**{last}"),
                (Some(first), Some(last)) if first == last => write!(f, "**{{{first}}}"),
                (None, Some(last)) => write!(f, "**{{last to {last}}}"),
                (Some(first), None) => write!(f, "**{{{first} to last}}"),
                (Some(first), Some(last)) => write!(f, "**{{{first} to {last}}}"),
            }
        }
        PathAccessor::Filter(condition) => {
            f.write_str("?(")?;
            write(f, condition, false)?;
            f.write_str(")")
        }
        PathAccessor::Method(method, arguments) => {
            write!(f, ".{}(", method.name())?;
            let is_text = method.name() == "datetime";
            for (position, argument) in arguments.iter().enumerate() {
                f.write_str(if position == 0 { "" } else { "," })?;
                if is_text {
                    f.write_str(&quoted(argument))?
                } else {
                    f.write_str(argument)?
                };
            }
            f.write_str(")")
        }
    }
}
