//! Draws rules of a grammar as railroad diagrams: pictures in SVG that are read from left to right, on light and on dark pages.

use std::fmt::Write;

use super::pest::{Expression, Grammar, production};

/// A sequence that is wider goes on in a new row.
const WIDTH_MAX: usize = 760;
/// Of one character of the labels.
const CHARACTER_WIDTH: usize = 8;
/// From the line to the upper and to the lower edge of a label.
const HALF_HEIGHT: usize = 13;
/// Of the curves.
const RADIUS: usize = 10;
/// Between ways that lie below one another.
const GAP: usize = 8;
/// Around the whole picture.
const MARGIN: usize = 12;

const STYLE: &str = "\
rect.page{fill:#ffffff}path{stroke:#57606a;stroke-width:1.5;fill:none}rect.box{stroke:#57606a;stroke-width:1.2}\
rect.keyword{fill:#dbeafe}rect.rule{fill:#fef3c7}rect.not{fill:#fee2e2;stroke-dasharray:4 3}\
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328;text-anchor:middle}\
@media (prefers-color-scheme:dark){rect.page{fill:#0d1117}path,rect.box{stroke:#9198a1}\
rect.keyword{fill:#1e3a5f}rect.rule{fill:#4a3b12}rect.not{fill:#5a1e1e}text{fill:#f0f6fc}}";

/// A part of a drawing. The line enters it at (0, 0) and leaves it at (width, 0).
struct Piece {
    width: usize,
    /// How far it reaches above the line.
    above: usize,
    /// How far it reaches below the line.
    below: usize,
    svg: String,
}

/// The picture of a rule.
pub fn picture(grammar: &Grammar, name: &str, expression: &Expression) -> String {
    let rows = match expression {
        Expression::Sequence(members) => rows(pieces(grammar, members)),
        other => vec![draw(grammar, other)],
    };
    let widest = rows.iter().map(|row| row.width).max().unwrap_or_default();
    let width = widest + 2 * MARGIN + 4 * RADIUS;
    let (mut shapes, mut y, last) = (String::new(), MARGIN, rows.len() - 1);
    for (number, row) in rows.iter().enumerate() {
        y += row.above;
        let (left, right) = (MARGIN + 2 * RADIUS, MARGIN + 2 * RADIUS + row.width);
        if number == 0 {
            write!(shapes, "<path d=\"M{MARGIN} {}v20m5 -20v20M{MARGIN} {y}H{left}\"/>", y - 10).unwrap();
        }
        write!(shapes, "<g transform=\"translate({left} {y})\">{}</g>", row.svg).unwrap();
        if number == last {
            let end = right + 2 * RADIUS;
            write!(shapes, "<path d=\"M{right} {y}H{end}M{end} {}v20m-5 -20v20\"/>", y - 10).unwrap();
            y += row.below;
        } else {
            let (between, next) = (y + row.below + GAP, y + row.below + 3 * GAP + rows[number + 1].above);
            let turn = RADIUS / 2;
            write!(
                shapes,
                "<path d=\"M{right} {y}h{turn}q{turn} 0 {turn} {turn}V{}q0 {turn} -{turn} {turn}H{}q-{turn} 0 -{turn} {turn}\
                 V{}q0 {turn} {turn} {turn}H{left}\"/>",
                between - turn,
                MARGIN + turn,
                next - turn,
            )
            .unwrap();
            y += row.below + 3 * GAP;
        }
    }
    let height = y + MARGIN;
    let title = escaped(&format!("{name} = {}", production(grammar, expression)));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\"><title>{title}</title><style>{STYLE}</style>\
         <rect class=\"page\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>{shapes}</svg>\n"
    )
}

/// Sequences broken into rows that fit the page.
fn rows(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut rows: Vec<Piece> = Vec::new();
    for piece in pieces {
        match rows.pop() {
            Some(row) if row.width + piece.width <= WIDTH_MAX => rows.push(row.beside(&piece)),
            Some(row) => rows.extend([row, piece]),
            None => rows.push(piece),
        }
    }
    rows
}

/// The members of a sequence; `x (separator x)*` becomes one loop.
fn pieces(grammar: &Grammar, members: &[Expression]) -> Vec<Piece> {
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
                pieces.push(ways(vec![draw(grammar, member)], Some(draw(grammar, separator))));
            }
            None => pieces.push(draw(grammar, member)),
        }
    }
    pieces
}

fn draw(grammar: &Grammar, expression: &Expression) -> Piece {
    match expression {
        Expression::Terminal(text) => Piece::label(text, "keyword"),
        Expression::Rule(name) => {
            let label = grammar.label(name);
            Piece::label(&label, if label == *name { "rule" } else { "keyword" })
        }
        Expression::Not(inner) => Piece::label(&format!("not {}", production(grammar, inner)), "not"),
        Expression::Sequence(members) => pieces(grammar, members)
            .into_iter()
            .reduce(|left, right| left.beside(&right))
            .expect("a sequence has members"),
        Expression::Choice(members) => ways(members.iter().map(|member| draw(grammar, member)).collect(), None),
        Expression::Optional(inner) => ways(vec![Piece::line(), draw(grammar, inner)], None),
        Expression::Plus(inner) => ways(vec![draw(grammar, inner)], Some(Piece::line())),
        Expression::Star(inner) => {
            ways(vec![Piece::line(), ways(vec![draw(grammar, inner)], Some(Piece::line()))], None)
        }
    }
}

/// Ways side by side, the first in line with the whole, and perhaps a way back below them.
fn ways(forward: Vec<Piece>, back: Option<Piece>) -> Piece {
    let forward_count = forward.len();
    let pieces: Vec<Piece> = forward.into_iter().chain(back).collect();
    let inner = pieces.iter().map(|piece| piece.width).max().unwrap_or_default();
    let (side, r) = (2 * RADIUS, RADIUS);
    let width = inner + 2 * side;
    let mut whole = Piece { width, above: pieces[0].above, below: pieces[0].below, svg: String::new() };
    let mut y = 0;
    for (number, piece) in pieces.iter().enumerate() {
        if number > 0 {
            y = (whole.below + GAP + piece.above).max(y + 2 * r);
            whole.below = y + piece.below;
        }
        let (left, right) = (side + (inner - piece.width) / 2, side + (inner - piece.width) / 2 + piece.width);
        let path = if number == 0 {
            format!("M0 0H{left}M{right} 0H{width}")
        } else if number < forward_count {
            let (low, turn) = (y - r, width - r);
            format!(
                "M0 0q{r} 0 {r} {r}V{low}q0 {r} {r} {r}H{left}M{right} {y}H{}q{r} 0 {r} -{r}V{r}q0 -{r} {r} -{r}",
                turn - r
            )
        } else {
            let (low, far) = (y - r, width - side);
            format!(
                "M{side} 0q-{r} 0 -{r} {r}V{low}q0 {r} {r} {r}H{left}M{right} {y}H{far}q{r} 0 {r} -{r}V{r}q0 -{r} -{r} -{r}\
                 M{} {}l-5 6m5 -6l5 6",
                side / 2,
                (r + low) / 2 - 3,
            )
        };
        write!(whole.svg, "<path d=\"{path}\"/><g transform=\"translate({left} {y})\">{}</g>", piece.svg).unwrap();
    }
    whole
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Piece {
    fn label(text: &str, class: &str) -> Self {
        let width = text.chars().count() * CHARACTER_WIDTH + 2 * RADIUS;
        let rounding = if class == "keyword" { HALF_HEIGHT } else { 3 };
        let svg = format!(
            "<rect class=\"box {class}\" y=\"-{HALF_HEIGHT}\" width=\"{width}\" height=\"{}\" rx=\"{rounding}\"/>\
             <text x=\"{}\" y=\"4.5\">{}</text>",
            2 * HALF_HEIGHT,
            width / 2,
            escaped(text),
        );
        Piece { width, above: HALF_HEIGHT, below: HALF_HEIGHT, svg }
    }

    fn line() -> Self {
        Piece { width: RADIUS, above: 0, below: 0, svg: format!("<path d=\"M0 0H{RADIUS}\"/>") }
    }

    fn beside(self, right: &Piece) -> Self {
        let at = self.width + RADIUS;
        Piece {
            width: at + right.width,
            above: self.above.max(right.above),
            below: self.below.max(right.below),
            svg: format!(
                "{}<path d=\"M{} 0H{at}\"/><g transform=\"translate({at} 0)\">{}</g>",
                self.svg, self.width, right.svg
            ),
        }
    }
}
