//! Roman numerals.

/// The largest number that has one.
pub const ROMAN_MAX: i64 = 3_999;

const PARTS: [(i64, &str); 13] = [
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
];

/// The numeral of a number; fifteen `#` for one that has none.
pub fn roman(number: i64) -> String {
    if !(1..=ROMAN_MAX).contains(&number) {
        return "#".repeat(15);
    }
    let mut left = number;
    let mut out = String::new();
    for (value, letters) in PARTS {
        while left >= value {
            out.push_str(letters);
            left -= value;
        }
    }
    out
}

/// The number of a numeral at the beginning of a text, and the bytes that it takes; `None` for what is none.
pub fn number_of_roman(text: &str) -> Option<(i64, usize)> {
    let length = text.bytes().take_while(|byte| b"IVXLCDMivxlcdm".contains(byte)).count();
    let upper = text.get(..length)?.to_ascii_uppercase();
    let number = (1..=ROMAN_MAX).find(|number| roman(*number) == upper)?;
    Some((number, length))
}
