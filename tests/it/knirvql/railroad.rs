//! Reads the text of a pest grammar and draws its rules as productions and as railroad diagrams of characters.

use std::iter::Peekable;
use std::vec::IntoIter;

/// Columns after which a sequence goes on in a new line.
const WIDTH_MAX: usize = 100;

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
                    let right = right.trim().trim_start_matches(['@', '$', '_', '!']);
                    let right =
                        right.strip_prefix('{').and_then(|right| right.strip_suffix('}')).expect("a rule has braces");
                    let mut tokens = tokens(right).into_iter().peekable();
                    let expression = choice(&mut tokens);
                    assert_eq!(tokens.next(), None, "{name}");
                    grammar.rules.push(Rule {
                        name: name.trim().to_string(),
                        docs: std::mem::take(&mut docs),
                        expression,
                    });
                    body.clear();
                }
            }
        }
        assert!(body.trim().is_empty(), "left over: {body}");
        grammar
    }

    /// The word for a rule in another one.
    fn label(&self, name: &str) -> String {
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

/// A drawing: rows of equal width, one of which the line runs through.
#[derive(Clone)]
struct Block {
    rows: Vec<String>,
    base: usize,
}

/// The railroad diagram, with a line break at its end.
pub fn diagram(grammar: &Grammar, expression: &Expression) -> String {
    let mut blocks = match expression {
        Expression::Sequence(members) => lines(pieces(grammar, members)),
        other => vec![draw(grammar, other)],
    };
    let last = blocks.len() - 1;
    let mut text = String::new();
    for (number, block) in blocks.drain(..).enumerate() {
        let (start, end) = (if number == 0 { "├──" } else { "▷──" }, if number == last { "──┤" } else { "──▷" });
        for (row, line) in block.rows.iter().enumerate() {
            let (start, end) = if row == block.base { (start, end) } else { ("   ", "") };
            text.push_str(format!("{start}{line}{end}").trim_end());
            text.push('\n');
        }
    }
    text
}

/// Sequences broken into lines that fit the page.
fn lines(pieces: Vec<Block>) -> Vec<Block> {
    let mut lines: Vec<Block> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if line.width() + piece.width() < WIDTH_MAX => *line = line.clone().beside(piece),
            _ => lines.push(piece),
        }
    }
    lines
}

/// The members of a sequence; `x (separator x)*` becomes one loop.
fn pieces(grammar: &Grammar, members: &[Expression]) -> Vec<Block> {
    let mut pieces = Vec::new();
    let mut members = members.iter().peekable();
    while let Some(member) = members.next() {
        let separator = members.peek().and_then(|next| match next {
            Expression::Star(inner) => match inner.as_ref() {
                Expression::Sequence(repeated) => match repeated.as_slice() {
                    [separator, again] if again == member => Some(separator),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
        match separator {
            Some(separator) => {
                members.next();
                pieces.push(branches(vec![draw(grammar, member)], Some(draw(grammar, separator))));
            }
            None => pieces.push(draw(grammar, member)),
        }
    }
    pieces
}

fn draw(grammar: &Grammar, expression: &Expression) -> Block {
    match expression {
        Expression::Terminal(_) | Expression::Rule(_) => Block::word(&production(grammar, expression)),
        Expression::Not(inner) => Block::word(&format!("not {}", production(grammar, inner))),
        Expression::Sequence(members) => {
            pieces(grammar, members).into_iter().reduce(Block::beside).expect("a sequence has members")
        }
        Expression::Choice(members) => branches(members.iter().map(|member| draw(grammar, member)).collect(), None),
        Expression::Optional(inner) => branches(vec![Block::line(), draw(grammar, inner)], None),
        Expression::Plus(inner) => branches(vec![draw(grammar, inner)], Some(Block::line())),
        Expression::Star(inner) => branches(vec![Block::line()], Some(draw(grammar, inner))),
    }
}

/// Ways side by side, the first in line with the whole, and perhaps a way back below them.
fn branches(ways: Vec<Block>, back: Option<Block>) -> Block {
    let forward = ways.len();
    let blocks: Vec<Block> = ways.into_iter().chain(back).collect();
    let width = blocks.iter().map(Block::width).max().unwrap_or_default();
    let last = blocks.len() - 1;
    let mut rows = Vec::new();
    let mut base = 0;
    for (number, block) in blocks.into_iter().enumerate() {
        for (row, line) in block.rows.iter().enumerate() {
            let on_line = row == block.base;
            let fill = if on_line { "─" } else { " " }.repeat(width - line.chars().count());
            let (left, right) = match (on_line, number) {
                (true, 0) => ("┬─", "─┬"),
                (true, _) if number == last && number >= forward => ("└◀", "─┘"),
                (true, _) if number == last => ("└─", "─┘"),
                (true, _) => ("├─", "─┤"),
                (false, 0) if row < block.base => ("  ", "  "),
                (false, _) if number == last && row > block.base => ("  ", "  "),
                (false, _) => ("│ ", " │"),
            };
            if on_line && number == 0 {
                base = rows.len();
            }
            rows.push(format!("{left}{line}{fill}{right}"));
        }
    }
    Block { rows, base }
}

impl Block {
    fn word(word: &str) -> Self {
        Block { rows: vec![format!("─ {word} ─")], base: 0 }
    }

    fn line() -> Self {
        Block { rows: vec!["─".to_string()], base: 0 }
    }

    fn width(&self) -> usize {
        self.rows.first().map_or(0, |row| row.chars().count())
    }

    fn below(&self) -> usize {
        self.rows.len() - self.base
    }

    fn beside(self, right: Block) -> Block {
        let base = self.base.max(right.base);
        let height = base + self.below().max(right.below());
        let row = |block: &Block, row: usize| {
            let line = row.checked_sub(base - block.base).and_then(|row| block.rows.get(row)).cloned();
            line.unwrap_or_else(|| " ".repeat(block.width()))
        };
        let rows = (0..height).map(|number| {
            let joint = if number == base { "─" } else { " " };
            format!("{}{joint}{}", row(&self, number), row(&right, number))
        });
        Block { rows: rows.collect(), base }
    }
}
