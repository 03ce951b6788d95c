//! Numbers written by a template (`NUM_processor` of PostgreSQL's `formatting.c`, on its way out).

use crate::error::{Error, ErrorKind, Result};
use crate::types::formats::number_template::{Anchor, NumberElement, Template};
use crate::types::formats::roman::roman;
use crate::types::numeric::Numeric;

/// Characters of a template for numbers, at most.
const TEMPLATE_CHARACTERS_MAX: usize = 1_000_000;
/// The most digits that a template may have behind `V`, so that the shifted number is one.
const SHIFT_MAX: i64 = 400;

/// A number to be written.
#[derive(Clone, Debug)]
pub enum FormattedNumber {
    Int(i64),
    Numeric(Numeric),
    /// With the count of decimal digits that such a float surely has: no more are shown.
    Float(f64, usize),
}

/// The digits of a number, without its sign, as the template wants them.
struct Digits {
    text: Vec<char>,
    is_negative: bool,
    /// Places before the first digit.
    blanks: i64,
}

/// Writes a number.
///
/// # Errors
/// 42601 for a template whose elements do not go together, 22003 for a number that a shift makes too large, 54000 for a template
/// that is too long.
pub fn number_text(number: FormattedNumber, format: &str) -> Result<String> {
    check_length(format)?;
    let mut template = Template::read(format)?;
    if template.has_exponent {
        return Ok(scientific(number, &template));
    }
    if template.has_roman {
        return Ok(roman_text(number, &template));
    }
    let digits = digits_of(number, &mut template)?;
    Writer::new(template, digits).write()
}

/// # Errors
/// 54000 for a template that is too long.
pub fn check_length(format: &str) -> Result<()> {
    if format.len() <= TEMPLATE_CHARACTERS_MAX {
        return Ok(());
    }
    Err(Error::new(ErrorKind::LimitExceeded, "the template is too long")
        .with_detail(format!("It has at most {TEMPLATE_CHARACTERS_MAX} bytes.")))
}

fn places(count: i64) -> usize {
    usize::try_from(count).unwrap_or(0)
}

fn scientific(number: FormattedNumber, template: &Template) -> String {
    let digits = places(template.behind);
    let float = match number {
        // As PostgreSQL has it: an integer by way of a float, a bigint by way of a numeric.
        FormattedNumber::Int(number) if i32::try_from(number).is_ok() => number as f64,
        FormattedNumber::Int(number) => return scientific_of_numeric(&Numeric::from(number), digits),
        FormattedNumber::Numeric(number) if number.special().is_some() => f64::NAN,
        FormattedNumber::Numeric(number) => return scientific_of_numeric(&number, digits),
        FormattedNumber::Float(number, _) => number,
    };
    if !float.is_finite() {
        let mut out: Vec<char> = vec!['#'; places(template.before + template.behind + 6)];
        if let Some(first) = out.first_mut() {
            *first = ' ';
        }
        if let Some(point) = out.get_mut(places(template.before + 1)) {
            *point = '.';
        }
        return out.into_iter().collect();
    }
    let text = format!("{float:.digits$e}");
    with_exponent(&text)
}

/// An exponent of two digits at least, and a blank in the place of a sign.
fn with_exponent(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    let blank = if mantissa.starts_with('-') { "" } else { " " };
    format!("{blank}{mantissa}e{sign}{:02}", exponent.abs())
}

fn scientific_of_numeric(number: &Numeric, digits: usize) -> String {
    let magnitude = number.abs();
    let all: String = magnitude.to_string().chars().filter(char::is_ascii_digit).collect();
    let all = all.trim_start_matches('0');
    if magnitude.is_zero() {
        return with_exponent(&format!("{:.digits$e}", 0.0));
    }
    let exponent = i64::try_from(all.len()).unwrap_or(0) - 1 - i64::from(magnitude.scale());
    let mut before_point = 1;
    let mut kept: Vec<u8> =
        all.bytes().map(|digit| digit - b'0').chain(std::iter::repeat(0)).take(digits + 2).collect();
    // Half away from zero, by the first digit that is left out.
    if kept.pop().is_some_and(|next| next >= 5) {
        let mut carry = true;
        for digit in kept.iter_mut().rev() {
            if !carry {
                break;
            }
            carry = *digit == 9;
            *digit = if carry { 0 } else { *digit + 1 };
        }
        if carry {
            // PostgreSQL leaves the exponent as it was before.
            kept.insert(0, 1);
            before_point = 2;
        }
    }
    let text: String = kept.iter().map(|digit| char::from(b'0' + digit)).collect();
    let (whole, fraction) = text.split_at_checked(before_point).unwrap_or((&text, ""));
    let sign = if number.is_negative() { "-" } else { "" };
    let point = if digits > 0 { "." } else { "" };
    with_exponent(&format!("{sign}{whole}{point}{fraction}e{exponent}"))
}

fn roman_text(number: FormattedNumber, template: &Template) -> String {
    let whole = match number {
        FormattedNumber::Int(number) => number,
        FormattedNumber::Numeric(number) => number.to_i64().unwrap_or(i64::MAX),
        FormattedNumber::Float(number, _) if number.is_nan() => i64::MAX,
        FormattedNumber::Float(number, _) => number.round_ties_even() as i64,
    };
    let numeral = roman(whole);
    let mut out = String::new();
    for element in &template.elements {
        match element {
            NumberElement::Roman { is_lower } => {
                let numeral = if *is_lower { numeral.to_ascii_lowercase() } else { numeral.clone() };
                out.push_str(&if template.has_fill { numeral } else { format!("{numeral:>15}") });
            }
            NumberElement::Text(character) => out.push(*character),
            // The others have nothing to show beside a numeral.
            NumberElement::Comma | NumberElement::Group if !template.has_fill => out.push(' '),
            NumberElement::Currency => out.push(' '),
            _ => {}
        }
    }
    out
}

/// The digits of a number, rounded as the template wants it; what does not fit becomes `#`.
fn digits_of(number: FormattedNumber, template: &mut Template) -> Result<Digits> {
    let overflow = || Error::new(ErrorKind::NumericOutOfRange, "value overflows numeric format");
    if template.shift > SHIFT_MAX {
        return Err(overflow());
    }
    let shift = u32::try_from(template.shift).unwrap_or(0);
    template.before += template.shift;
    let behind = places(template.behind);
    let text = match number {
        FormattedNumber::Int(number) => {
            let shifted = 10_i128.checked_pow(shift).and_then(|factor| i128::from(number).checked_mul(factor));
            let whole = shifted.ok_or_else(overflow)?.to_string();
            if behind > 0 { format!("{whole}.{}", "0".repeat(behind)) } else { whole }
        }
        FormattedNumber::Numeric(number) => {
            let unit = 10_i128
                .checked_pow(shift)
                .map_or_else(|| format!("1e{shift}").parse(), |unit| Ok(Numeric::from(unit)))?;
            number.times(&unit)?.rounded(i32::try_from(behind).unwrap_or(i32::MAX))?.to_string()
        }
        FormattedNumber::Float(number, certain) => {
            let shifted = number * 10_f64.powi(i32::try_from(shift).unwrap_or(0));
            if shifted.is_nan() {
                "NaN".to_string()
            } else if shifted.is_infinite() {
                if shifted < 0.0 { "-Infinity" } else { "Infinity" }.to_string()
            } else {
                let whole = format!("{:.0}", shifted.abs()).len();
                let behind = if whole >= certain { 0 } else { behind.min(certain - whole) };
                template.behind = i64::try_from(behind).unwrap_or(0);
                format!("{shifted:.behind$}")
            }
        }
    };
    let is_negative = text.starts_with('-');
    let unsigned = text.trim_start_matches('-');
    let whole = i64::try_from(unsigned.find('.').unwrap_or(unsigned.len())).unwrap_or(i64::MAX);
    if whole > template.before {
        let before = places(template.before);
        let text =
            std::iter::repeat_n('#', before).chain(['.']).chain(std::iter::repeat_n('#', places(template.behind)));
        return Ok(Digits { text: text.collect(), is_negative, blanks: 0 });
    }
    Ok(Digits { text: unsigned.chars().collect(), is_negative, blanks: template.before - whole })
}

/// The state while a number is written.
struct Writer {
    template: Template,
    digits: Digits,
    out: Vec<char>,
    /// The next digit, and the place of the template that it goes to.
    next: usize,
    place: i64,
    /// Places that take a digit or a sign, less one.
    count: i64,
    has_sign: bool,
    is_inside: bool,
    /// The last digit of the fraction that matters where zeros are left out.
    last: Option<usize>,
}

impl Writer {
    fn new(mut template: Template, digits: Digits) -> Writer {
        let zero_end = template.zero_end;
        template.zero_start -= i64::from(template.zero_start > 0);
        let has_sign = if template.has_plus || template.has_minus {
            !template.has_plus || template.has_minus
        } else {
            if !digits.is_negative && template.has_fill {
                template.has_angle = false;
            }
            if template.anchor == Anchor::Before && template.before == template.before_sign {
                template.anchor = Anchor::Behind;
            }
            !digits.is_negative && template.has_fill && !template.has_anchored_sign
        };
        let last = (template.has_fill && template.has_point).then(|| last_relevant(&digits.text)).flatten();
        let last = last.map(|last| {
            if zero_end <= digits.blanks {
                return last;
            }
            let end = i64::try_from(digits.text.len()).unwrap_or(0) - 1;
            last.max(places(end.min(zero_end - digits.blanks)))
        });
        let count = template.behind + template.before - 1 + i64::from(!has_sign && digits.blanks == 0);
        Writer { template, digits, out: Vec::new(), next: 0, place: 0, count, has_sign, is_inside: false, last }
    }

    fn write(mut self) -> Result<String> {
        let elements = std::mem::take(&mut self.template.elements);
        let is_negative = self.digits.is_negative;
        let fill = self.template.has_fill;
        for element in elements {
            match element {
                NumberElement::Nine | NumberElement::Zero | NumberElement::Point | NumberElement::LocalPoint => {
                    self.digit(element)
                }
                NumberElement::Comma | NumberElement::Group if self.is_inside => self.out.push(','),
                NumberElement::Comma | NumberElement::Group if fill => {}
                NumberElement::Comma | NumberElement::Group | NumberElement::Currency => self.out.push(' '),
                NumberElement::Ordinal { is_upper } => self.ordinal(is_upper)?,
                NumberElement::Minus if is_negative => self.out.push('-'),
                NumberElement::Plus if !is_negative => self.out.push('+'),
                NumberElement::Minus | NumberElement::Plus if fill => {}
                NumberElement::Minus | NumberElement::Plus => self.out.push(' '),
                NumberElement::Sign => self.out.push(if is_negative { '-' } else { '+' }),
                NumberElement::Text(character) => self.out.push(character),
                _ => {}
            }
        }
        // What stands behind the end of the digits is not shown.
        Ok(self.out.into_iter().take_while(|character| *character != '\0').collect())
    }

    fn ordinal(&mut self, is_upper: bool) -> Result<()> {
        if self.digits.is_negative || self.template.has_point || self.digits.text.first() == Some(&'#') {
            return Ok(());
        }
        let text: String = self.digits.text.iter().collect();
        if !text.ends_with(|last: char| last.is_ascii_digit()) {
            let message = format!("\"{text}\" is not a number");
            return Err(Error::new(ErrorKind::InvalidTextRepresentation, message));
        }
        self.out.extend(ordinal(&text, is_upper).chars());
        Ok(())
    }

    /// Whether a zero before the point is left out.
    fn hides_zero(&self) -> bool {
        !self.template.has_zero && self.next == 0 && self.digits.text.first() == Some(&'0') && self.template.behind != 0
    }

    fn last_is_point(&self) -> bool {
        self.last.and_then(|last| self.digits.text.get(last)) == Some(&'.')
    }

    fn digit(&mut self, element: NumberElement) {
        self.is_inside = false;
        self.sign();
        let template = &self.template;
        if self.place < self.digits.blanks && (template.zero_start > self.place || !template.has_zero) {
            if !template.has_fill {
                self.out.push(' ');
            }
        } else if template.has_zero && self.place < self.digits.blanks {
            self.out.push('0');
            self.is_inside = true;
        } else {
            self.own_digit(element);
            self.next += usize::from(self.next < self.digits.text.len());
        }
        let mut end = self.count + i64::from(self.digits.blanks != 0) + i64::from(self.template.has_point);
        if self.last == Some(self.next) {
            end = self.place;
        }
        if self.place + 1 == end {
            if self.has_sign && self.template.has_angle {
                self.out.push(if self.digits.is_negative { '>' } else { ' ' });
            } else if self.template.has_anchored_sign && self.template.anchor == Anchor::Behind {
                self.out.push(if self.digits.is_negative { '-' } else { '+' });
            }
        }
        self.place += 1;
    }

    /// The sign before the first digit that shows.
    fn sign(&mut self) {
        let template = &self.template;
        let is_at_number = self.place >= self.digits.blanks || template.has_zero && template.zero_start == self.place;
        if self.has_sign || !is_at_number || self.hides_zero() && !self.last_is_point() {
            return;
        }
        let is_negative = self.digits.is_negative;
        if template.has_anchored_sign {
            if template.anchor == Anchor::Before {
                self.out.push(if is_negative { '-' } else { '+' });
                self.has_sign = true;
            }
        } else if template.has_angle {
            self.out.push(if is_negative { '<' } else { ' ' });
            self.has_sign = true;
        } else {
            if is_negative {
                self.out.push('-');
            } else if !template.has_fill {
                self.out.push(' ');
            }
            self.has_sign = true;
        }
    }

    fn own_digit(&mut self, element: NumberElement) {
        let digit = self.digits.text.get(self.next).copied().unwrap_or('\0');
        if digit == '.' {
            if !self.last_is_point() || self.template.has_fill {
                self.out.push('.');
            }
        } else if self.last.is_some_and(|last| self.next > last) && element != NumberElement::Zero {
            // A zero at the end.
        } else if self.hides_zero() {
            if !self.template.has_fill {
                self.out.push(' ');
            } else if self.last_is_point() {
                self.out.push('0');
            }
        } else {
            self.out.push(digit);
            self.is_inside = true;
        }
    }
}

/// The last digit behind the point that is no zero, or the point.
fn last_relevant(digits: &[char]) -> Option<usize> {
    let point = digits.iter().position(|digit| *digit == '.')?;
    let last = digits.iter().skip(point + 1).rposition(|digit| *digit != '0');
    Some(last.map_or(point, |last| point + 1 + last))
}

/// The ending of an ordinal number.
pub fn ordinal(number: &str, is_upper: bool) -> &'static str {
    let mut digits = number.chars().rev();
    let (last, tens) = (digits.next(), digits.next());
    let ending = match last {
        _ if tens == Some('1') => ["TH", "th"],
        Some('1') => ["ST", "st"],
        Some('2') => ["ND", "nd"],
        Some('3') => ["RD", "rd"],
        _ => ["TH", "th"],
    };
    if is_upper { ending[0] } else { ending[1] }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn floats_show_the_digits_that_they_have() {
        for (value, format, expected) in [
            (12_345_678_901.0, "FM9999999999D9999900000000000000000", "##########.####"),
            (1e300, "9999", " ####"),
            (f64::NAN, "9999D99", "  NaN"),
            (0.1, "0D99", " 0.10"),
            (-1.5, "9D9", "-1.5"),
        ] {
            assert_eq!(number_text(FormattedNumber::Float(value, 15), format).unwrap(), expected, "{value} {format}");
        }
    }

    proptest! {
        #[test]
        fn every_template_has_an_end(number in any::<f64>(), format in "[90.,DGSMIPLRVTHEFB$ x\"]{0,20}") {
            let _written_or_refused = number_text(FormattedNumber::Float(number, 15), &format);
            let _written_or_refused = number_text(FormattedNumber::Int(number as i64), &format);
        }
    }
}
