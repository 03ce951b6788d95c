//! Templates of numbers: `9`, `0`, `.`, `,` and their like.

use crate::error::{Error, Result};

/// What an element of a template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberElement {
    Nine,
    Zero,
    Point,
    LocalPoint,
    Comma,
    Group,
    Blank,
    Currency,
    Exponent,
    Fill,
    Minus,
    Plus,
    Angle,
    Roman {
        is_lower: bool,
    },
    Sign,
    AnchoredSign,
    Ordinal {
        is_upper: bool,
    },
    Shift,
    /// Known, and without effect.
    Nothing,
    Text(char),
}

/// Where the sign `S` stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    #[default]
    None,
    Before,
    Behind,
}

/// A template that was read, with what it says of the number as a whole.
#[derive(Clone, Debug, Default)]
pub struct Template {
    pub elements: Vec<NumberElement>,
    /// Digits before and behind the point.
    pub before: i64,
    pub behind: i64,
    /// The first place that shows a zero, from 1; 0 for none.
    pub zero_start: i64,
    pub zero_end: i64,
    pub anchor: Anchor,
    /// Digits before the point when the sign came.
    pub before_sign: i64,
    /// Digits behind `V`.
    pub shift: i64,
    pub has_zero: bool,
    pub has_blank: bool,
    pub has_fill: bool,
    pub has_anchored_sign: bool,
    pub has_point: bool,
    pub has_angle: bool,
    pub has_minus: bool,
    pub has_plus: bool,
    pub has_roman: bool,
    pub has_shift: bool,
    pub has_exponent: bool,
}

const KEYWORDS: [(&str, NumberElement); 36] = [
    (",", NumberElement::Comma),
    (".", NumberElement::Point),
    ("0", NumberElement::Zero),
    ("9", NumberElement::Nine),
    ("B", NumberElement::Blank),
    ("C", NumberElement::Nothing),
    ("D", NumberElement::LocalPoint),
    ("EEEE", NumberElement::Exponent),
    ("FM", NumberElement::Fill),
    ("G", NumberElement::Group),
    ("L", NumberElement::Currency),
    ("MI", NumberElement::Minus),
    ("PL", NumberElement::Plus),
    ("PR", NumberElement::Angle),
    ("RN", NumberElement::Roman { is_lower: false }),
    ("SG", NumberElement::Sign),
    ("SP", NumberElement::Nothing),
    ("S", NumberElement::AnchoredSign),
    ("TH", NumberElement::Ordinal { is_upper: true }),
    ("V", NumberElement::Shift),
    ("b", NumberElement::Blank),
    ("c", NumberElement::Nothing),
    ("d", NumberElement::LocalPoint),
    ("eeee", NumberElement::Exponent),
    ("fm", NumberElement::Fill),
    ("g", NumberElement::Group),
    ("l", NumberElement::Currency),
    ("mi", NumberElement::Minus),
    ("pl", NumberElement::Plus),
    ("pr", NumberElement::Angle),
    ("rn", NumberElement::Roman { is_lower: true }),
    ("sg", NumberElement::Sign),
    ("sp", NumberElement::Nothing),
    ("s", NumberElement::AnchoredSign),
    ("th", NumberElement::Ordinal { is_upper: false }),
    ("v", NumberElement::Shift),
];

fn refused(message: &str) -> Error {
    Error::syntax(message, None)
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// 42601 for elements that do not go together.
    pub fn read(format: &str) -> Result<Template> {
        let mut template = Template::default();
        let mut rest = format;
        while let Some(first) = rest.chars().next() {
            if let Some((word, element)) = KEYWORDS.iter().find(|(word, _)| rest.starts_with(word)) {
                template.take(*element)?;
                template.elements.push(*element);
                rest = rest.get(word.len()..).unwrap_or("");
                continue;
            }
            if let Some(quoted) = rest.strip_prefix('"') {
                rest = template.quoted(quoted);
                continue;
            }
            // A backslash means something before a quote alone.
            let shown = if rest.starts_with("\\\"") { '"' } else { first };
            let taken = if rest.starts_with("\\\"") { 2 } else { first.len_utf8() };
            template.elements.push(NumberElement::Text(shown));
            rest = rest.get(taken..).unwrap_or("");
        }
        Ok(template)
    }

    /// Takes a quoted text behind its first quote; what follows it.
    fn quoted<'a>(&mut self, text: &'a str) -> &'a str {
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => return characters.as_str(),
                '\\' if !characters.as_str().is_empty() => {
                    self.elements.extend(characters.next().map(NumberElement::Text));
                }
                other => self.elements.push(NumberElement::Text(other)),
            }
        }
        ""
    }

    fn take(&mut self, element: NumberElement) -> Result<()> {
        if self.has_exponent && element != NumberElement::Exponent {
            return Err(refused("\"EEEE\" must be the last pattern used"));
        }
        match element {
            NumberElement::Nine | NumberElement::Zero => self.digit(element)?,
            NumberElement::Blank if self.before == 0 && self.behind == 0 && !self.has_zero => self.has_blank = true,
            NumberElement::Point | NumberElement::LocalPoint => {
                if self.has_point {
                    return Err(refused("multiple decimal points"));
                }
                if self.has_shift {
                    return Err(refused("cannot use \"V\" and decimal point together"));
                }
                self.has_point = true;
            }
            NumberElement::Fill => self.has_fill = true,
            NumberElement::AnchoredSign
            | NumberElement::Minus
            | NumberElement::Plus
            | NumberElement::Sign
            | NumberElement::Angle => {
                self.sign(element)?;
            }
            NumberElement::Roman { .. } => {
                if self.has_roman {
                    return Err(refused("cannot use \"RN\" twice"));
                }
                self.has_roman = true;
            }
            NumberElement::Shift => {
                if self.has_point {
                    return Err(refused("cannot use \"V\" and decimal point together"));
                }
                self.has_shift = true;
            }
            NumberElement::Exponent => self.exponent()?,
            _ => {}
        }
        let has_others = self.has_zero
            || self.has_blank
            || self.has_anchored_sign
            || self.has_point
            || self.has_angle
            || self.has_minus
            || self.has_plus
            || self.has_shift
            || self.has_exponent;
        if self.has_roman && has_others {
            let detail = "\"RN\" may only be used together with \"FM\".";
            return Err(refused("\"RN\" is incompatible with other formats").with_detail(detail));
        }
        Ok(())
    }

    fn digit(&mut self, element: NumberElement) -> Result<()> {
        let is_zero = element == NumberElement::Zero;
        if self.has_angle {
            let digit = if is_zero { '0' } else { '9' };
            return Err(refused(&format!("\"{digit}\" must be ahead of \"PR\"")));
        }
        if !is_zero && self.has_shift {
            self.shift += 1;
            return Ok(());
        }
        if is_zero && !self.has_zero && !self.has_point {
            self.has_zero = true;
            self.zero_start = self.before + 1;
        }
        if self.has_point {
            self.behind += 1;
        } else {
            self.before += 1;
        }
        if is_zero {
            self.zero_end = self.before + self.behind;
        }
        Ok(())
    }

    fn sign(&mut self, element: NumberElement) -> Result<()> {
        match element {
            NumberElement::AnchoredSign => {
                if self.has_anchored_sign {
                    return Err(refused("cannot use \"S\" twice"));
                }
                if self.has_plus || self.has_minus || self.has_angle {
                    return Err(refused("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together"));
                }
                if !self.has_point {
                    self.anchor = Anchor::Before;
                    self.before_sign = self.before;
                } else if self.anchor == Anchor::None {
                    self.anchor = Anchor::Behind;
                }
                self.has_anchored_sign = true;
            }
            NumberElement::Angle => {
                if self.has_anchored_sign || self.has_plus || self.has_minus {
                    return Err(refused("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together"));
                }
                self.has_angle = true;
            }
            other => {
                let name = match other {
                    NumberElement::Minus => "MI",
                    NumberElement::Plus => "PL",
                    _ => "SG",
                };
                if self.has_anchored_sign {
                    return Err(refused(&format!("cannot use \"S\" and \"{name}\" together")));
                }
                self.has_minus |= other != NumberElement::Plus;
                self.has_plus |= other != NumberElement::Minus;
            }
        }
        Ok(())
    }

    fn exponent(&mut self) -> Result<()> {
        if self.has_exponent {
            return Err(refused("cannot use \"EEEE\" twice"));
        }
        let has_others = self.has_blank
            || self.has_fill
            || self.has_anchored_sign
            || self.has_angle
            || self.has_minus
            || self.has_plus
            || self.has_roman
            || self.has_shift;
        if has_others {
            let detail = "\"EEEE\" may only be used together with digit and decimal point patterns.";
            return Err(refused("\"EEEE\" is incompatible with other formats").with_detail(detail));
        }
        self.has_exponent = true;
        Ok(())
    }
}
