//! The name that somebody meant who wrote another one.

/// The known name that takes the fewest changes of single letters, where those are few for its length.
pub fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let wrong = wrong.to_lowercase().replace('-', "_");
    let nearest = known.iter().map(|name| (distance(&wrong, name), *name)).min()?;
    (nearest.0 <= 1 + nearest.1.len() / 4).then_some(nearest.1)
}

/// Letters to be put in, taken out, replaced, or exchanged with their neighbour (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX / 2);
    for (down, letter) in left.iter().enumerate() {
        let mut next = vec![down + 1];
        for (across, other) in right.iter().enumerate() {
            let replaced = at(&row, across) + usize::from(letter != other);
            let mut least = replaced.min(at(&row, across + 1) + 1).min(at(&next, across) + 1);
            let is_exchanged =
                down > 0 && across > 0 && left.get(down - 1) == Some(other) && right.get(across - 1) == Some(letter);
            if is_exchanged {
                least = least.min(at(&before, across - 1) + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    at(&row, right.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood_and_other_words_are_not() {
        let known = ["cache_mb", "listen", "log", "tls", "p2p_listen"];
        for (wrong, meant) in [
            ("cahce_mb", Some("cache_mb")),
            ("cache-mb", Some("cache_mb")),
            ("cache", Some("cache_mb")),
            ("Listen", Some("listen")),
            ("lsiten", Some("listen")),
            ("logs", Some("log")),
            ("password", None),
        ] {
            assert_eq!(nearest(wrong, &known), meant, "{wrong}");
        }
        assert_eq!((distance("", "abc"), distance("abc", ""), distance("ab", "ba")), (3, 3, 1));
    }
}
