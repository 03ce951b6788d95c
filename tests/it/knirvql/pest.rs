//! Reads the text of a pest grammar and writes its rules as productions.

use std::iter::Peekable;
use std::vec::IntoIter;

/// A grammar file.
pub struct Grammar {
    /// Its `//!` lines.
    pub docs: Vec<String>,
    pub rules: Vec<Rule>,
}

/// One rule with its `///` lines.
pub struct Rule {
    pub name: String,
    pub docs: Vec<String>,
    /// White space may not stand between its parts: one word of the language.
    pub is_atomic: bool,
    pub expression: Expression,
}

/// The right side of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// Characters or a class of characters, as they are shown.
    Terminal(String),
    Rule(String),
    Not(Box<Expression>),
    Sequence(Vec<Expression>),
    Choice(Vec<Expression>),
    Optional(Box<Expression>),
    /// Zero or more.
    Star(Box<Expression>),
    /// One or more.
    Plus(Box<Expression>),
}

impl Rule {
    /// What stands for a keyword or a punctuation mark in other rules.
    pub fn inlined(&self) -> Option<String> {
        match (&self.expression, self.name.strip_prefix("kw_")) {
            (_, Some(keyword)) => Some(keyword.to_uppercase()),
            (Expression::Terminal(mark), None) if mark.starts_with('"') => Some(mark.clone()),
            _ => None,
        }
    }
}

impl Grammar {
    pub fn parse(text: &str) -> Self {
        let mut grammar = Grammar { docs: Vec::new(), rules: Vec::new() };
        let mut docs = Vec::new();
        let mut body = String::new();
        for line in text.lines() {
            if let Some(doc) = line.strip_prefix("//!") {
                grammar.docs.push(doc.strip_prefix(' ').unwrap_or(doc).to_string());
            } else if let Some(doc) = line.strip_prefix("///") {
                docs.push(doc.strip_prefix(' ').unwrap_or(doc).to_string());
            } else {
                body.push_str(line);
                body.push('\n');
                if line.ends_with('}') && !line.ends_with("\"}") {
                    let (name, right) = body.split_once('=').expect("a rule has a name");
                    let is_atomic = right.trim().starts_with('@');
                    let right = right.trim().trim_start_matches(['@', '$', '_', '!']);
                    let right =
                        right.strip_prefix('{').and_then(|right| right.strip_suffix('}')).expect("a rule has braces");
                    let mut tokens = tokens(right).into_iter().peekable();
                    let expression = choice(&mut tokens);
                    assert_eq!(tokens.next(), None, "{name}");
                    grammar.rules.push(Rule {
                        name: name.trim().to_string(),
                        docs: std::mem::take(&mut docs),
                        is_atomic,
                        expression,
                    });
                    body.clear();
                }
            }
        }
        assert!(body.trim().is_empty(), "left over: {body}");
        grammar
    }

    /// The words that are written in capitals, in alphabetical order.
    pub fn keywords(&self) -> Vec<String> {
        self.rules.iter().filter(|rule| rule.name.starts_with("kw_")).filter_map(Rule::inlined).collect()
    }

    /// The word for a rule in another one.
    pub fn label(&self, name: &str) -> String {
        let rule = self.rules.iter().find(|rule| rule.name == name);
        rule.and_then(Rule::inlined).unwrap_or_else(|| name.to_string())
    }
}

fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let mut token = character.to_string();
        if character == '"' {
            while let Some(next) = characters.next() {
                token.push(next);
                match next {
                    '\\' => token.extend(characters.next()),
                    '"' => break,
                    _ => {}
                }
            }
        } else if character.is_alphanumeric() || character == '_' {
            while let Some(next) = characters.next_if(|next| next.is_alphanumeric() || *next == '_') {
                token.push(next);
            }
        } else if character.is_whitespace() {
            continue;
        }
        tokens.push(token);
    }
    tokens
}

type Tokens = Peekable<IntoIter<String>>;

fn choice(tokens: &mut Tokens) -> Expression {
    let mut members = vec![sequence(tokens)];
    while tokens.next_if(|token| token == "|").is_some() {
        members.push(sequence(tokens));
    }
    if members.len() == 1 { members.remove(0) } else { Expression::Choice(members) }
}

fn sequence(tokens: &mut Tokens) -> Expression {
    let mut members = vec![suffixed(tokens)];
    while tokens.next_if(|token| token == "~").is_some() {
        members.push(suffixed(tokens));
    }
    if members.len() == 1 { members.remove(0) } else { Expression::Sequence(members) }
}

fn suffixed(tokens: &mut Tokens) -> Expression {
    let mut expression = primary(tokens);
    while let Some(suffix) = tokens.next_if(|token| ["?", "*", "+"].contains(&token.as_str())) {
        expression = match suffix.as_str() {
            "?" => Expression::Optional(Box::new(expression)),
            "*" => Expression::Star(Box::new(expression)),
            _ => Expression::Plus(Box::new(expression)),
        };
    }
    expression
}

fn primary(tokens: &mut Tokens) -> Expression {
    let token = tokens.next().expect("an expression");
    match token.as_str() {
        "(" => {
            let inner = choice(tokens);
            assert_eq!(tokens.next().as_deref(), Some(")"));
            inner
        }
        "!" => Expression::Not(Box::new(primary(tokens))),
        "^" => Expression::Terminal(tokens.next().expect("a keyword").trim_matches('"').to_uppercase()),
        class if class.chars().all(|character| character.is_uppercase() || character == '_') && class.len() > 1 => {
            Expression::Terminal(class_name(class))
        }
        quoted if quoted.starts_with('"') => Expression::Terminal(quoted.to_string()),
        rule => Expression::Rule(rule.to_string()),
    }
}

/// pest's built-in rules in words.
fn class_name(class: &str) -> String {
    let name = match class {
        "SOI" => "start of text",
        "EOI" => "end of text",
        "ANY" => "any character",
        "NEWLINE" => "end of line",
        "ASCII_DIGIT" => "digit",
        "ASCII_ALPHANUMERIC" => "letter or digit of ASCII",
        "XID_START" => "letter",
        "XID_CONTINUE" => "letter, digit or _",
        other => panic!("the built-in rule {other} has no name"),
    };
    format!("<{name}>")
}

/// The production as text.
pub fn production(grammar: &Grammar, expression: &Expression) -> String {
    let grouped = |inner: &Expression| match inner {
        Expression::Sequence(_) | Expression::Choice(_) => format!("( {} )", production(grammar, inner)),
        _ => production(grammar, inner),
    };
    match expression {
        Expression::Terminal(text) => text.clone(),
        Expression::Rule(name) => grammar.label(name),
        Expression::Not(inner) => format!("!{}", grouped(inner)),
        Expression::Optional(inner) => format!("{}?", grouped(inner)),
        Expression::Star(inner) => format!("{}*", grouped(inner)),
        Expression::Plus(inner) => format!("{}+", grouped(inner)),
        Expression::Choice(members) => {
            members.iter().map(|member| production(grammar, member)).collect::<Vec<_>>().join(" | ")
        }
        Expression::Sequence(members) => members
            .iter()
            .map(|member| match member {
                Expression::Choice(_) => grouped(member),
                _ => production(grammar, member),
            })
            .collect::<Vec<_>>()
            .join(" "),
    }
}
