//! The reference page `docs/knirvql.md` and its pictures in `docs/railroad/` come from the grammar; these tests compare them, and
//! `UPDATE_GOLDEN=1` writes them.

use std::fmt::Write;
use std::path::Path;

use super::pest::{Expression, Grammar, Rule, production};
use super::railroad::picture;
use crate::golden::compare_or_update;

#[test]
fn the_reference_page_is_that_of_the_grammar() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let grammar = std::fs::read_to_string(root.join("grammar/knirvql.pest")).unwrap();
    let page = root.join("docs/knirvql.md");
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    compare_or_update(&page, &written, &render(&Grammar::parse(&grammar)));
}

#[test]
fn the_pictures_are_those_of_the_grammar() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let grammar = Grammar::parse(&std::fs::read_to_string(root.join("grammar/knirvql.pest")).unwrap());
    let folder = root.join("docs/railroad");
    let named: Vec<String> = drawn(&grammar).map(|rule| format!("{}.svg", rule.name)).collect();
    for file in std::fs::read_dir(&folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(named.contains(&name), "docs/railroad/{name} belongs to no rule of the grammar: remove it");
    }
    for rule in drawn(&grammar) {
        let path = folder.join(format!("{}.svg", rule.name));
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        compare_or_update(&path, &written, &picture(&grammar, &rule.name, &rule.expression));
    }
}

/// The rules that have a picture: all but those that stand for a mark, a keyword, or one class of characters.
fn drawn(grammar: &Grammar) -> impl Iterator<Item = &Rule> {
    grammar.rules.iter().filter(|rule| rule.inlined().is_none() && !matches!(rule.expression, Expression::Terminal(_)))
}

#[test]
fn every_rule_is_explained() {
    let grammar = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/grammar/knirvql.pest"));
    for rule in Grammar::parse(grammar).rules {
        assert!(rule.inlined().is_some() || !rule.docs.is_empty(), "{} has no doc comment", rule.name);
    }
}

fn render(grammar: &Grammar) -> String {
    let mut page = String::new();
    let (title, introduction) = grammar.docs.split_first().expect("the grammar opens with a title");
    writeln!(page, "<!-- Generated from grammar/knirvql.pest by the tests (UPDATE_GOLDEN=1); edit the grammar. -->\n")
        .unwrap();
    writeln!(page, "# {}\n", title.trim_end_matches('.')).unwrap();
    writeln!(page, "{}\n", introduction.join("\n").trim()).unwrap();
    page.push_str(
        "In the pictures, words in capitals are keywords, characters in quotes stand for themselves (both in round boxes), and \
         names in lower case are other rules (in square ones). Lines are read from left to right; one with an arrow goes \
         back. Above each picture stands the same as a production, `?` for what may be left out, `*` for any number, `+` for \
         one or more.\n\n",
    );
    for rule in grammar.rules.iter().filter(|rule| rule.inlined().is_none()) {
        writeln!(page, "## {}\n\n{}\n", rule.name, rule.docs.join("\n")).unwrap();
        writeln!(page, "```text\n{} = {}\n```\n", rule.name, production(grammar, &rule.expression)).unwrap();
        if !matches!(rule.expression, Expression::Terminal(_)) {
            writeln!(page, "![The rule {0} as a railroad diagram](railroad/{0}.svg)\n", rule.name).unwrap();
        }
    }
    writeln!(page, "## Keywords\n\n{}", grammar.keywords().join(", ")).unwrap();
    page
}
