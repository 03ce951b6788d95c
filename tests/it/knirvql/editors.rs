//! The grammars for editors under `grammar/editors/` come from the grammar; this test compares them, and `UPDATE_GOLDEN=1` writes
//! them. TextMate's (VS Code) and CodeMirror's colour words, tree-sitter's knows the statements.

use std::fmt::Write;
use std::path::Path;

use super::pest::{Expression, Grammar};
use crate::golden::compare_or_update;

const GENERATED: &str = "Generated from grammar/knirvql.pest by the tests (UPDATE_GOLDEN=1): edit the grammar.";

/// Words that are values.
const CONSTANTS: [&str; 3] = ["FALSE", "NULL", "TRUE"];

/// tree-sitter's tokens for the rules that are one word of the language. None of them looks ahead as pest does; where a word may
/// stand decides there which token it is.
const TOKENS: [(&str, &str); 9] = [
    ("identifier", r"/[\p{XID_Start}_]\p{XID_Continue}*/"),
    ("number", r"/[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?/"),
    ("string", r#"token(choice(/"([^"\\]|""|\\.)*"/, /'([^']|'')*'/))"#),
    ("parameter", r"/\$[0-9]+/"),
    ("index", "/[0-9]+/"),
    ("vector_literal", r"/\[[^\]]*\]/"),
    ("peer_id", "/[A-Za-z0-9]+/"),
    ("line_comment", r#"token(seq(choice("//", "--"), /[^\r\n]*/))"#),
    ("block_comment", r"token(/\/\*[^*]*\*+([^\/*][^*]*\*+)*\//)"),
];

/// Rules that are the name of something: tree-sitter's nodes of that name are identifiers.
const NAMES: [&str; 2] = ["name", "option_name"];

/// Rules that only the parser of pest needs, or that `TOKENS` says otherwise.
const LEFT_OUT: [&str; 9] = [
    "WHITESPACE",
    "COMMENT",
    "input",
    "condition_input",
    "end_of_statement",
    "word_character",
    "reserved",
    "double_quoted",
    "single_quoted",
];

#[test]
fn the_grammars_of_editors_are_those_of_the_grammar() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let grammar = Grammar::parse(&std::fs::read_to_string(root.join("grammar/knirvql.pest")).unwrap());
    for (file, text) in [
        ("vscode/syntaxes/knirvql.tmLanguage.json", text_mate(&grammar)),
        ("codemirror/knirvql.js", code_mirror(&grammar)),
        ("tree-sitter/grammar.js", tree_sitter(&grammar)),
        ("tree-sitter/queries/highlights.scm", highlights(&grammar)),
    ] {
        let path = root.join("grammar/editors").join(file);
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        compare_or_update(&path, &written, &text);
    }
}

/// The words that are no values.
fn words(grammar: &Grammar) -> Vec<String> {
    grammar.keywords().into_iter().filter(|word| !CONSTANTS.contains(&word.as_str())).collect()
}

fn text_mate(grammar: &Grammar) -> String {
    // The longest first: TextMate takes the first of the alternatives that fits, and `\b` ends it.
    let (words, constants) = (words(grammar).join("|"), CONSTANTS.join("|"));
    let pattern = |name: &str, regex: String| serde_json::json!({ "name": format!("{name}.knirvql"), "match": regex });
    let strings = |name: &str, mark: &str, inside: serde_json::Value| {
        let name = format!("string.quoted.{name}.knirvql");
        serde_json::json!({ "name": name, "begin": mark, "end": mark, "patterns": [inside] })
    };
    let value = serde_json::json!({
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "information_for_contributors": [GENERATED],
        "name": "KNIRVQL",
        "scopeName": "source.knirvql",
        "fileTypes": ["knirvql"],
        "patterns": [
            { "include": "#comment" },
            pattern("comment.line", "(//|--).*$".to_string()),
            strings("double", "\"", pattern("constant.character.escape", "\"\"|\\\\(u[0-9a-fA-F]{4}|.)".to_string())),
            strings("single", "'", pattern("constant.character.escape", "''".to_string())),
            pattern("variable.parameter", "\\$[0-9]+\\b".to_string()),
            pattern("variable.other.member", "(?<=\\.)[\\p{L}_][\\p{L}\\p{N}_]*".to_string()),
            pattern("constant.numeric", "(?<![\\p{L}\\p{N}_])[-+]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]+)?\\b".to_string()),
            pattern("constant.language", format!("(?i)\\b({constants})\\b")),
            pattern("keyword.control", format!("(?i)\\b({words})\\b")),
            pattern("keyword.operator", "=|!=|<>|<=|>=|<|>".to_string()),
        ],
        "repository": {
            "comment": {
                "name": "comment.block.knirvql",
                "begin": "/\\*",
                "end": "\\*/",
                "patterns": [{ "include": "#comment" }],
            },
        },
    });
    serde_json::to_string_pretty(&value).unwrap() + "\n"
}

fn code_mirror(grammar: &Grammar) -> String {
    let list = |words: &[String]| words.join(" ").to_lowercase();
    let constants = list(&CONSTANTS.map(String::from));
    include_str!("codemirror.js.in")
        .replace("@GENERATED@", GENERATED)
        .replace("@WORDS@", &list(&words(grammar)))
        .replace("@CONSTANTS@", &constants)
}

fn highlights(grammar: &Grammar) -> String {
    let quoted = |words: Vec<String>| words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ");
    format!(
        "; {GENERATED}\n[{}] @keyword\n[{}] @constant.builtin\n(string) @string\n(number) @number\n(index) @number\n\
         (parameter) @variable.parameter\n(comparison_operator) @operator\n(line_comment) @comment\n(block_comment) @comment\n\
         (json_member (identifier) @property)\n(field_step (identifier) @property)\n(path (identifier) @variable)\n",
        quoted(words(grammar)),
        quoted(CONSTANTS.map(String::from).to_vec()),
    )
}

fn tree_sitter(grammar: &Grammar) -> String {
    let mut rules = String::new();
    for rule in &grammar.rules {
        let left_out = LEFT_OUT.contains(&rule.name.as_str()) || NAMES.contains(&rule.name.as_str());
        if rule.inlined().is_some() || left_out || TOKENS.iter().any(|(name, _)| *name == rule.name) {
            continue;
        }
        assert!(
            !rule.is_atomic || matches!(&rule.expression, Expression::Choice(_)),
            "{} is one word of the language: TOKENS needs its pattern",
            rule.name
        );
        let body = translated(grammar, &rule.expression).unwrap_or_else(|| panic!("{} holds nothing", rule.name));
        writeln!(rules, "    {}: $ => {body},", rule.name).unwrap();
    }
    for (name, pattern) in TOKENS {
        assert!(grammar.rules.iter().any(|rule| rule.name == name), "{name} is no rule of the grammar any more");
        writeln!(rules, "    {name}: _ => {pattern},").unwrap();
    }
    format!(
        "// {GENERATED}\n// Two things differ from the server's parser: a file may hold many statements, each with a semicolon between it and \
         the next,\n// and block comments do not nest.\n\n\
         /** A word in upper, lower or mixed case, called by its capitals. */\n\
         const keyword = word => alias(new RegExp([...word].map(c => /[A-Z]/.test(c) ? `[${{c}}${{c.toLowerCase()}}]` : c).join(\"\")), word);\n\n\
         module.exports = grammar({{\n  name: \"knirvql\",\n  word: $ => $.identifier,\n  \
         extras: $ => [/\\s/, $.line_comment, $.block_comment],\n  rules: {{\n    \
         source_file: $ => seq(repeat(seq($.statement, \";\")), optional($.statement)),\n{rules}  }},\n}});\n"
    )
}

/// An expression in tree-sitter's words; nothing for a look ahead.
fn translated(grammar: &Grammar, expression: &Expression) -> Option<String> {
    let all =
        |members: &[Expression]| members.iter().filter_map(|member| translated(grammar, member)).collect::<Vec<_>>();
    let around = |function: &str, inner: &Expression| Some(format!("{function}({})", translated(grammar, inner)?));
    match expression {
        Expression::Not(_) => None,
        Expression::Terminal(text) => {
            assert!(text.starts_with('"'), "{text} stands for characters: its rule needs a pattern in TOKENS");
            Some(text.clone())
        }
        Expression::Rule(name) if NAMES.contains(&name.as_str()) => Some("$.identifier".to_string()),
        Expression::Rule(name) => {
            let label = grammar.label(name);
            let is_mark = label.starts_with('"');
            Some(match () {
                () if label == *name => format!("$.{name}"),
                () if is_mark => label,
                () => format!("keyword(\"{label}\")"),
            })
        }
        Expression::Sequence(members) => Some(match all(members).as_slice() {
            [] => return None,
            [only] => only.clone(),
            several => format!("seq({})", several.join(", ")),
        }),
        Expression::Choice(members) => Some(format!("choice({})", all(members).join(", "))),
        Expression::Optional(inner) => around("optional", inner),
        Expression::Star(inner) => around("repeat", inner),
        Expression::Plus(inner) => around("repeat1", inner),
    }
}
