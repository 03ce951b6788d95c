//! The reference page `docs/knirvql.md` comes from the grammar; this test compares it, and `UPDATE_GOLDEN=1` writes it.

use std::fmt::Write;
use std::path::Path;

use super::railroad::{Expression, Grammar, diagram, production};
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
        "In the diagrams, words in capitals are keywords, characters in quotes stand for themselves, and names in lower \
         case are other rules. Lines are read from left to right; one with `◀` goes back.\n\n",
    );
    for rule in grammar.rules.iter().filter(|rule| rule.inlined().is_none()) {
        writeln!(page, "## {}\n\n{}\n", rule.name, rule.docs.join("\n")).unwrap();
        writeln!(page, "```text\n{} = {}\n```\n", rule.name, production(grammar, &rule.expression)).unwrap();
        if !matches!(rule.expression, Expression::Terminal(_)) {
            writeln!(page, "```text\n{}```\n", diagram(grammar, &rule.expression)).unwrap();
        }
    }
    let keywords = grammar.rules.iter().filter(|rule| rule.name.starts_with("kw_")).filter_map(|rule| rule.inlined());
    writeln!(page, "## Keywords\n\n{}", keywords.collect::<Vec<_>>().join(", ")).unwrap();
    page
}
