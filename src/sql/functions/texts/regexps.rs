//! Regular expressions: the operators `~`, `~*` and their negations under PostgreSQL's names, and the functions `regexp_…`.
//!
//! Positions and counts are of characters. An empty match is followed by a search one character further on, as in PostgreSQL's
//! `regexp.c`.

use std::cell::RefCell;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Int, Text};
use crate::expr::{Function, Invocation, check_call_bytes, int_of, text_of};
use crate::sql::arrow::context::context_of;
use crate::types::{ColumnType, Groups, Regex, RegexFlags, Value, never};

/// The functions of the operators: `~`, `~*`, `!~` and `!~*`.
pub const MATCHES: &str = "textregexeq";
pub const MATCHES_ANY_CASE: &str = "texticregexeq";
pub const DIFFERS: &str = "textregexne";
pub const DIFFERS_ANY_CASE: &str = "texticregexne";
/// The rows of `regexp_matches`, a list of lists.
pub const REGEXP_MATCHES: &str = "regexp_matches";
/// `substring(text FROM pattern)`.
pub const PART: &str = "textregexsubstr";

/// Expressions that a thread keeps compiled.
const KEPT_MAX: usize = 8;

thread_local! {
    /// The expressions that were used last, the latest at the end: most statements have few.
    static KEPT: RefCell<Vec<(String, RegexFlags, Regex)>> = const { RefCell::new(Vec::new()) };
}

pub fn definitions() -> Vec<Function> {
    let (text, int, bool) = (ColumnType::Text, ColumnType::Int4, ColumnType::Bool);
    let texts = ColumnType::Array(Box::new(ColumnType::Text));
    let operator = |name, body| Function::new(name, &[Text, Text], ColumnType::Bool, body);
    vec![
        operator(MATCHES, |invocation, arguments| tested(invocation, arguments, false, true)),
        operator(MATCHES_ANY_CASE, |invocation, arguments| tested(invocation, arguments, true, true)),
        operator(DIFFERS, |invocation, arguments| tested(invocation, arguments, false, false)),
        operator(DIFFERS_ANY_CASE, |invocation, arguments| tested(invocation, arguments, true, false)),
        Function::new("regexp_like", &[Text, Text, Text], bool, like).optional(1),
        Function::new("regexp_count", &[Text, Text, Int, Text], int.clone(), count).optional(2),
        Function::new("regexp_instr", &[Text, Text, Int, Int, Int, Text, Int], int, place).optional(5),
        Function::new("regexp_substr", &[Text, Text, Int, Int, Text, Int], text.clone(), nth_part).optional(4),
        Function::new("regexp_match", &[Text, Text, Text], texts.clone(), first_groups).optional(1),
        Function::new(REGEXP_MATCHES, &[Text, Text, Text], ColumnType::Array(Box::new(texts.clone())), all_groups)
            .optional(1),
        Function::new("regexp_replace", &[Text, Text, Text, Any, Int, Text], text.clone(), replace).optional(3),
        Function::new("regexp_split_to_array", &[Text, Text, Text], texts.clone(), split).optional(1),
        Function::new("regexp_split_to_table", &[Text, Text, Text], texts, split).optional(1),
        Function::new(PART, &[Text, Text], text, part),
    ]
}

/// A search of one call.
struct Search<'i, 'a> {
    invocation: &'i Invocation<'a>,
    regex: Regex,
    text: &'i str,
}

impl<'i, 'a> Search<'i, 'a> {
    fn new(invocation: &'i Invocation<'a>, text: &'i str, pattern: &str, flags: RegexFlags) -> Result<Self> {
        Ok(Search { invocation, regex: compiled(pattern, flags)?, text })
    }

    fn pause(&self) -> Result<()> {
        context_of(self.invocation).map_or_else(|_| never(), |context| context.cancel.check())
    }

    fn find(&self, from: usize) -> Result<Option<Groups>> {
        self.regex.find(self.text, from, &|| self.pause())
    }

    /// The byte where a character begins, counted from 1; `None` behind the end.
    fn byte_of(&self, position: i64) -> Option<usize> {
        let skipped = usize::try_from(position.max(1) - 1).ok()?;
        let ends = std::iter::once(self.text.len());
        self.text.char_indices().map(|(at, _)| at).chain(ends).nth(skipped)
    }

    /// Where to search on behind a match; `None` at the end.
    fn behind(&self, (start, end): (usize, usize)) -> Option<usize> {
        if start < end {
            return Some(end);
        }
        self.text.get(end..)?.chars().next().map(|character| end + character.len_utf8())
    }

    /// Every match from a place on.
    fn each(&self, from: Option<usize>, mut visit: impl FnMut(&Groups) -> Result<bool>) -> Result<()> {
        let mut from = from;
        while let Some(start) = from {
            let Some(groups) = self.find(start)? else { return Ok(()) };
            if !visit(&groups)? {
                return Ok(());
            }
            from = self.behind(whole(&groups));
        }
        Ok(())
    }

    fn text_of(&self, bounds: Option<(usize, usize)>) -> Value {
        let found = bounds.and_then(|(start, end)| self.text.get(start..end));
        found.map_or(Value::Null, Value::text)
    }

    /// The texts of the groups, or of the match where there is no group.
    fn groups(&self, groups: &Groups) -> Value {
        let own = if self.regex.group_count() == 0 { groups.as_slice() } else { groups.get(1..).unwrap_or_default() };
        Value::Array(Box::new(ColumnType::Text), own.iter().map(|bounds| self.text_of(*bounds)).collect())
    }
}

fn whole(groups: &Groups) -> (usize, usize) {
    groups.first().copied().flatten().unwrap_or((0, 0))
}

/// An expression, from those that were used last.
fn compiled(pattern: &str, flags: RegexFlags) -> Result<Regex> {
    KEPT.with_borrow_mut(|kept| {
        if let Some(position) = kept.iter().rposition(|(known, by, _)| known == pattern && *by == flags) {
            let found = kept.remove(position);
            let regex = found.2.clone();
            kept.push(found);
            return Ok(regex);
        }
        let regex = Regex::new(pattern, flags)?;
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push((pattern.to_string(), flags, regex.clone()));
        Ok(regex)
    })
}

/// The options of a call, and whether `g` is among them.
fn options(text: &str) -> Result<(RegexFlags, bool)> {
    let mut flags = RegexFlags::default();
    let mut is_global = false;
    for option in text.chars() {
        if option == 'g' {
            is_global = true;
        } else if !flags.take(option) {
            let message = format!("invalid regular expression option: \"{option}\"");
            return Err(Error::new(ErrorKind::InvalidParameterValue, message));
        }
    }
    Ok((flags, is_global))
}

/// The options of a function that looks for one match.
fn single_options(invocation: &Invocation<'_>, text: &str) -> Result<RegexFlags> {
    let (flags, is_global) = options(text)?;
    if !is_global {
        return Ok(flags);
    }
    let message = format!("{}() does not support the \"global\" option", invocation.name);
    let error = Error::new(ErrorKind::InvalidParameterValue, message);
    Err(if invocation.name == "regexp_match" {
        error.with_hint("Use the regexp_matches function instead.")
    } else {
        error
    })
}

/// A number among the arguments, checked; what is left out is `default`.
fn number(arguments: &[Value], position: usize, name: &str, least: i64, default: i64) -> Result<i64> {
    let number = int_of(arguments, position).unwrap_or(default);
    if number >= least {
        return Ok(number);
    }
    let message = format!("invalid value for parameter \"{name}\": {number}");
    Err(Error::new(ErrorKind::InvalidParameterValue, message))
}

fn tested(invocation: &Invocation<'_>, arguments: &[Value], ignores_case: bool, wanted: bool) -> Result<Value> {
    let flags = RegexFlags { ignores_case, ..RegexFlags::default() };
    let search = Search::new(invocation, text_of(arguments, 0), text_of(arguments, 1), flags)?;
    let is_match = search.regex.is_match(search.text, &|| search.pause())?;
    Ok(Value::Bool(is_match == wanted))
}

fn like(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let flags = single_options(invocation, text_of(arguments, 2))?;
    let search = Search::new(invocation, text_of(arguments, 0), text_of(arguments, 1), flags)?;
    search.regex.is_match(search.text, &|| search.pause()).map(Value::Bool)
}

fn count(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let start = number(arguments, 2, "start", 1, 1)?;
    let flags = single_options(invocation, text_of(arguments, 3))?;
    let search = Search::new(invocation, text_of(arguments, 0), text_of(arguments, 1), flags)?;
    let mut count = 0_i32;
    search.each(search.byte_of(start), |_| {
        count = count.saturating_add(1);
        Ok(true)
    })?;
    Ok(Value::Int4(count))
}

/// The match of a number from a place on, counted from 1.
fn nth(search: &Search<'_, '_>, start: i64, number: i64) -> Result<Option<Groups>> {
    let mut left = number;
    let mut found = None;
    search.each(search.byte_of(start), |groups| {
        left -= 1;
        if left == 0 {
            found = Some(groups.clone());
        }
        Ok(left > 0)
    })?;
    Ok(found)
}

/// The bounds of a group by its number; where there are no groups, the match counts as the first. `None` for more than there are.
fn group(groups: &Groups, number: i64) -> Option<(usize, usize)> {
    let number = if groups.len() == 1 && number == 1 { 0 } else { number };
    usize::try_from(number).ok().and_then(|number| groups.get(number)).copied().flatten()
}

fn place(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let start = number(arguments, 2, "start", 1, 1)?;
    let wanted = number(arguments, 3, "n", 1, 1)?;
    let at_end = int_of(arguments, 4).unwrap_or(0);
    if !(0..=1).contains(&at_end) {
        let message = format!("invalid value for parameter \"endoption\": {at_end}");
        return Err(Error::new(ErrorKind::InvalidParameterValue, message));
    }
    let of_group = number(arguments, 6, "subexpr", 0, 0)?;
    let flags = single_options(invocation, text_of(arguments, 5))?;
    let search = Search::new(invocation, text_of(arguments, 0), text_of(arguments, 1), flags)?;
    let found = nth(&search, start, wanted)?.and_then(|groups| group(&groups, of_group));
    let position = found.map_or(0, |(start, end)| {
        let byte = if at_end == 1 { end } else { start };
        search.text.get(..byte).map_or(0, |before| before.chars().count()) + 1
    });
    Ok(Value::Int4(i32::try_from(position).unwrap_or(i32::MAX)))
}

fn nth_part(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let start = number(arguments, 2, "start", 1, 1)?;
    let wanted = number(arguments, 3, "n", 1, 1)?;
    let of_group = number(arguments, 5, "subexpr", 0, 0)?;
    let flags = single_options(invocation, text_of(arguments, 4))?;
    let search = Search::new(invocation, text_of(arguments, 0), text_of(arguments, 1), flags)?;
    let found = nth(&search, start, wanted)?.and_then(|groups| group(&groups, of_group));
    Ok(search.text_of(found))
}

/// `substring(text FROM pattern)`: the first group of the first match, or the whole match where there is no group.
fn part(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let search = Search::new(invocation, text_of(arguments, 0), text_of(arguments, 1), RegexFlags::default())?;
    let of_group = i64::from(search.regex.group_count() > 0);
    let found = search.find(0)?.and_then(|groups| group(&groups, of_group));
    Ok(search.text_of(found))
}

fn first_groups(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let flags = single_options(invocation, text_of(arguments, 2))?;
    let search = Search::new(invocation, text_of(arguments, 0), text_of(arguments, 1), flags)?;
    Ok(search.find(0)?.map_or(Value::Null, |groups| search.groups(&groups)))
}

/// Checks that so many more bytes may be made.
fn grown(invocation: &Invocation<'_>, held: &mut usize, bytes: usize) -> Result<()> {
    *held = held.saturating_add(bytes);
    check_call_bytes(invocation.name, *held)
}

fn all_groups(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (flags, is_global) = options(text_of(arguments, 2))?;
    let search = Search::new(invocation, text_of(arguments, 0), text_of(arguments, 1), flags)?;
    let mut rows = Vec::new();
    let mut held = 0;
    search.each(Some(0), |groups| {
        let row = search.groups(groups);
        grown(invocation, &mut held, row.held_bytes())?;
        rows.push(row);
        Ok(is_global)
    })?;
    Ok(Value::Array(Box::new(ColumnType::Array(Box::new(ColumnType::Text))), rows))
}

fn split(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let flags = single_options(invocation, text_of(arguments, 2))?;
    let search = Search::new(invocation, text_of(arguments, 0), text_of(arguments, 1), flags)?;
    let mut parts = Vec::new();
    let (mut from, mut previous, mut held) = (0, 0, 0);
    let mut push = |from: usize, to: usize| -> Result<()> {
        let text = search.text.get(from..to).unwrap_or("");
        grown(invocation, &mut held, text.len().saturating_add(size_of::<Value>()))?;
        parts.push(Value::text(text));
        Ok(())
    };
    search.each(Some(0), |groups| {
        let (start, end) = whole(groups);
        // Empty ones at an end of the text or behind another match divide nothing.
        if start < search.text.len() && end > previous {
            push(from, start)?;
            from = end;
        }
        previous = end;
        Ok(true)
    })?;
    push(from, search.text.len())?;
    Ok(Value::Array(Box::new(ColumnType::Text), parts))
}

/// `regexp_replace(text, pattern, replacement [, flags])` and `(text, pattern, replacement, start [, n [, flags]])`.
fn replace(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let by_options = arguments.get(3).is_some_and(|value| matches!(value, Value::Text(_)));
    if by_options
        && arguments.get(3).and_then(Value::as_str).is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()))
    {
        let shown = text_of(arguments, 3).chars().next().unwrap_or(' ');
        let message = format!("invalid regular expression option: \"{shown}\"");
        return Err(Error::new(ErrorKind::InvalidParameterValue, message)
            .with_hint("If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly."));
    }
    let (flags, is_global) = options(text_of(arguments, if by_options { 3 } else { 5 }))?;
    let (start, wanted) = if by_options {
        (1, i64::from(!is_global))
    } else {
        (number(arguments, 3, "start", 1, 1)?, number(arguments, 4, "n", 0, i64::from(!is_global))?)
    };
    let search = Search::new(invocation, text_of(arguments, 0), text_of(arguments, 1), flags)?;
    let replacement = text_of(arguments, 2);
    let mut out = String::with_capacity(search.text.len());
    let (mut copied, mut number) = (0, 0_i64);
    search.each(search.byte_of(start), |groups| {
        number += 1;
        if wanted > 0 && number != wanted {
            return Ok(true);
        }
        let (from, to) = whole(groups);
        out.push_str(search.text.get(copied..from).unwrap_or(""));
        substitute(&search, groups, replacement, &mut out);
        check_call_bytes(invocation.name, out.len())?;
        copied = to;
        Ok(wanted == 0)
    })?;
    out.push_str(search.text.get(copied..).unwrap_or(""));
    drop(invocation.making(out.len())?);
    Ok(Value::text(out))
}

/// A replacement with its `\1` and `\&`.
fn substitute(search: &Search<'_, '_>, groups: &Groups, replacement: &str, out: &mut String) {
    let mut rest = replacement;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let mut characters = behind.chars();
        let number = match characters.next() {
            Some('&') => Some(0),
            Some(digit @ '1'..='9') => digit.to_digit(10).map(|digit| digit as usize),
            Some('\\') => {
                out.push('\\');
                rest = characters.as_str();
                continue;
            }
            _ => None,
        };
        match number {
            Some(number) => {
                if let Some((start, end)) = groups.get(number).copied().flatten() {
                    out.push_str(search.text.get(start..end).unwrap_or(""));
                }
                rest = characters.as_str();
            }
            None => {
                out.push('\\');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &[Value]) -> Result<Value> {
        let definition = definitions().into_iter().find(|definition| definition.name == name).unwrap();
        (definition.body)(&Invocation { name: definition.name, statement: None, types: &[] }, arguments)
    }

    #[test]
    fn the_first_group_is_the_part() {
        let part = |text: &str, pattern: &str| call(PART, &[Value::text(text), Value::text(pattern)]);
        assert_eq!(part("foobar", "o(.)b").unwrap(), Value::text("o"));
        assert_eq!(part("foobar", "o.b").unwrap(), Value::text("oob"));
        assert_eq!(part("foo", "x(y)?").unwrap(), Value::Null);
        assert_eq!(part("foo", "(").unwrap_err().sqlstate(), "2201B");
    }

    #[test]
    fn a_search_that_takes_too_long_is_ended() {
        let text = "a".repeat(4_000);
        let slow = call("regexp_like", &[Value::text(text), Value::text("(a*)(a*)(a*)(a*)b\\1\\2\\3\\4c")]);
        assert_eq!(slow.unwrap_err().sqlstate(), "54000");
    }
}
