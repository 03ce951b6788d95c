//! Numbers read by a template (`NUM_processor` of PostgreSQL's `formatting.c`, on its way in).

use crate::error::{Error, ErrorKind, Result};
use crate::types::formats::number_template::{Anchor, NumberElement, Template};
use crate::types::formats::number_text::check_length;
use crate::types::formats::roman::number_of_roman;

/// The digits of a number that was read, for `numeric` to read them.
pub struct NumberText {
    /// Sign, digits and point.
    pub text: String,
    /// Digits before the point that the template has room for.
    pub whole: i64,
    /// Decimals that it has.
    pub scale: i64,
    /// By how many powers of ten it is divided, where the template says so.
    pub shift: Option<i64>,
}

/// The state while a number is read.
struct Reader {
    template: Template,
    input: Vec<char>,
    at: usize,
    sign: Option<char>,
    digits: String,
    before: i64,
    behind: i64,
    has_point: bool,
}

/// Reads a number; `None` for an empty template.
///
/// # Errors
/// 42601 for a template whose elements do not go together, 0A000 for `EEEE`, 22P02 for a numeral that is none, 54000 for a template
/// that is too long.
pub fn number_of_text(text: &str, format: &str) -> Result<Option<NumberText>> {
    check_length(format)?;
    if format.is_empty() {
        return Ok(None);
    }
    let template = Template::read(format)?;
    if template.has_exponent {
        return Err(Error::unsupported("\"EEEE\" not supported for input", "Cast the text to numeric."));
    }
    let reader = Reader {
        template,
        input: text.chars().collect(),
        at: 0,
        sign: None,
        digits: String::new(),
        before: 0,
        behind: 0,
        has_point: false,
    };
    reader.read().map(Some)
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.input.get(self.at).copied()
    }

    fn read(mut self) -> Result<NumberText> {
        let fill = self.template.has_fill;
        let elements = self.template.elements.clone();
        for element in elements {
            let Some(next) = self.peek() else { break };
            match element {
                NumberElement::Nine | NumberElement::Zero | NumberElement::Point | NumberElement::LocalPoint => {
                    self.digit(element);
                    self.at += 1;
                }
                // No digit was shown yet: nothing is grouped.
                NumberElement::Comma | NumberElement::Group if fill => {}
                NumberElement::Comma | NumberElement::Group => self.at += usize::from(next == ','),
                NumberElement::Currency => self.skip(1),
                NumberElement::Ordinal { .. } if self.template.has_roman || self.template.has_point => {}
                NumberElement::Ordinal { .. } => self.skip(2),
                NumberElement::Minus | NumberElement::Plus | NumberElement::Sign => {
                    let is_own = match element {
                        NumberElement::Minus => next == '-',
                        NumberElement::Plus => next == '+',
                        _ => matches!(next, '-' | '+'),
                    };
                    if is_own {
                        self.sign = Some(next);
                        self.at += 1;
                    } else {
                        self.skip(1);
                    }
                }
                NumberElement::Roman { .. } => self.roman()?,
                NumberElement::Text(_) => self.at += 1,
                _ => {}
            }
        }
        let text = format!("{}{}", self.sign.unwrap_or(' '), self.digits.trim_end_matches('.'));
        let scale = self.behind;
        let shift = self.template.has_shift.then_some(self.template.shift);
        let whole = self.template.before + self.template.shift;
        Ok(NumberText { text, whole, scale, shift })
    }

    /// Skips characters that belong to no number.
    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            match self.peek() {
                Some(next) if !"0123456789.,+-".contains(next) => self.at += 1,
                _ => return,
            }
        }
    }

    fn roman(&mut self) -> Result<()> {
        let invalid = || Error::new(ErrorKind::InvalidTextRepresentation, "invalid Roman numeral");
        let text: String = self.input.iter().skip(self.at).collect();
        let blanks = text.len() - text.trim_start().len();
        let (number, length) = number_of_roman(text.trim_start()).ok_or_else(invalid)?;
        self.at += blanks + length;
        let digits = number.to_string();
        self.template.before += i64::try_from(digits.len()).unwrap_or(0);
        self.digits.push_str(&digits);
        Ok(())
    }

    /// Reads a digit or the point, with a sign that stands before or behind it. It leaves the place at what was read last.
    fn digit(&mut self, element: NumberElement) {
        if self.peek() == Some(' ') {
            self.at += 1;
        }
        if self.peek().is_none() {
            return;
        }
        let has_digits = self.before + self.behind > 0;
        if self.sign.is_none() && !has_digits && matches!(element, NumberElement::Nine | NumberElement::Zero) {
            self.leading_sign();
        }
        let Some(next) = self.peek() else { return };
        let mut is_read = false;
        if next.is_ascii_digit() {
            if self.has_point && self.behind == self.template.behind {
                return;
            }
            self.digits.push(next);
            if self.has_point {
                self.behind += 1;
            } else {
                self.before += 1;
            }
            is_read = true;
        } else if self.template.has_point && !self.has_point && next == '.' {
            self.digits.push('.');
            self.has_point = true;
            is_read = true;
        }
        if self.sign.is_none() && self.before + self.behind > 0 {
            self.trailing_sign(is_read);
        }
    }

    fn leading_sign(&mut self) {
        let Some(next) = self.peek() else { return };
        let is_anchored = self.template.has_anchored_sign && self.template.anchor == Anchor::Before;
        if next == '-' || !is_anchored && self.template.has_angle && next == '<' {
            self.sign = Some('-');
            self.at += 1;
        } else if next == '+' {
            self.sign = Some('+');
            self.at += 1;
        }
    }

    fn trailing_sign(&mut self, is_read: bool) {
        if self.template.has_anchored_sign && is_read {
            if let Some(sign @ ('-' | '+')) = self.input.get(self.at + 1).copied() {
                self.at += 1;
                self.sign = Some(sign);
            }
        } else if !is_read
            && !self.template.has_anchored_sign
            && (self.template.has_plus || self.template.has_minus)
            && let Some(sign @ ('-' | '+')) = self.peek()
        {
            self.sign = Some(sign);
        }
    }
}
