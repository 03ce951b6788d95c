//! An expression in the words of the crate `regex`, which finds out quickly whether and from where on it matches.

use std::fmt::Write;

use crate::types::patterns::regex::syntax::{Assertion, Characters, Class, RegexTree};

/// The words of the crate for a tree; `None` for what it does not know, or knows differently.
pub fn translated(tree: &RegexTree) -> Option<String> {
    let mut out = String::new();
    write_tree(tree, &mut out)?;
    Some(out)
}

fn write_tree(tree: &RegexTree, out: &mut String) -> Option<()> {
    match tree {
        RegexTree::Empty => out.push_str("(?:)"),
        RegexTree::One(characters) => write_set(characters, out)?,
        RegexTree::Assertion(assertion) => out.push_str(match assertion {
            Assertion::TextStart => "\\A",
            Assertion::TextEnd => "\\z",
            Assertion::LineStart => "(?m:^)",
            Assertion::LineEnd => "(?m:$)",
            // The crate has other letters in words.
            Assertion::WordStart | Assertion::WordEnd | Assertion::WordBound | Assertion::NoWordBound => return None,
        }),
        RegexTree::Look { .. } | RegexTree::Reference { .. } => return None,
        RegexTree::Group { inner, .. } => grouped(inner, out)?,
        RegexTree::Sequence(parts) => parts.iter().try_for_each(|part| write_tree(part, out))?,
        RegexTree::Choice(branches) => {
            out.push_str("(?:");
            for (position, branch) in branches.iter().enumerate() {
                out.push_str(if position == 0 { "" } else { "|" });
                write_tree(branch, out)?;
            }
            out.push(')');
        }
        RegexTree::Repeat { inner, least, most, .. } => {
            grouped(inner, out)?;
            match most {
                Some(most) => write!(out, "{{{least},{most}}}").ok()?,
                None => write!(out, "{{{least},}}").ok()?,
            }
        }
    }
    Some(())
}

fn grouped(inner: &RegexTree, out: &mut String) -> Option<()> {
    out.push_str("(?:");
    write_tree(inner, out)?;
    out.push(')');
    Some(())
}

fn write_set(characters: &Characters, out: &mut String) -> Option<()> {
    let is_any = characters.is_negated && characters.ranges.is_empty() && characters.classes.is_empty();
    if is_any {
        out.push_str(if characters.stops_at_newline { "[^\\n]" } else { "(?s:.)" });
        return Some(());
    }
    // Cases beyond ASCII fold differently.
    let is_ascii = characters.ranges.iter().all(|(first, last)| first.is_ascii() && last.is_ascii());
    if characters.ignores_case && !is_ascii {
        return None;
    }
    out.push_str(if characters.is_negated { "[^" } else { "[" });
    if characters.is_negated && characters.stops_at_newline {
        out.push_str("\\n");
    }
    for (first, last) in &characters.ranges {
        write_range(*first, *last, out)?;
        if characters.ignores_case {
            write_cases(*first, *last, out)?;
        }
    }
    for (class, is_complement) in &characters.classes {
        write_class(*class, *is_complement, out)?;
    }
    out.push(']');
    Some(())
}

fn write_range(first: char, last: char, out: &mut String) -> Option<()> {
    write!(out, "\\x{{{:x}}}-\\x{{{:x}}}", u32::from(first), u32::from(last)).ok()
}

/// The other cases of the ASCII letters in a range.
fn write_cases(first: char, last: char, out: &mut String) -> Option<()> {
    for character in (first..=last).filter(char::is_ascii_alphabetic) {
        let other = if character.is_ascii_lowercase() {
            character.to_ascii_uppercase()
        } else {
            character.to_ascii_lowercase()
        };
        write_range(other, other, out)?;
        // Letters whose other case is no ASCII letter: the Kelvin sign and the long s.
        match other.to_ascii_lowercase() {
            'k' => write_range('\u{212a}', '\u{212a}', out)?,
            's' => write_range('\u{17f}', '\u{17f}', out)?,
            _ => {}
        }
    }
    Some(())
}

fn write_class(class: Class, is_complement: bool, out: &mut String) -> Option<()> {
    let name = match class {
        Class::Alnum => "[\\p{Alphabetic}\\p{N}]",
        Class::Alpha => "\\p{Alphabetic}",
        Class::Ascii => "[\\x00-\\x7f]",
        Class::Blank => "[ \\t]",
        Class::Cntrl => "\\p{Cc}",
        Class::Digit => "[0-9]",
        Class::Lower => "\\p{Lowercase}",
        Class::Space => "\\p{White_Space}",
        Class::Upper => "\\p{Uppercase}",
        Class::Xdigit => "[0-9A-Fa-f]",
        Class::Word => "[\\p{Alphabetic}\\p{N}_]",
        Class::Graph | Class::Print | Class::Punct => return None,
    };
    if is_complement {
        write!(out, "[^{name}]").ok()
    } else {
        out.push_str(name);
        Some(())
    }
}
