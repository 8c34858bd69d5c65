//! The notations in which registers write the numbers of a country's companies.

use std::sync::LazyLock;

/// The patterns with their countries, in the order in which they are asked.
static PATTERNS: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let lines = include_str!("notations.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('\t')).collect()
});

/// Returns the notations of `number`, which has letters and digits only, in the registers of `country`
/// (ISO 3166-1 alpha-2).
pub(super) fn of<'a>(number: &'a str, country: &'a str) -> impl Iterator<Item = String> + 'a {
    let patterns = PATTERNS.iter().filter(move |(of, _)| *of == country);
    patterns.filter_map(move |(_, pattern)| written(number, pattern))
}

/// Writes `number` in the form of `pattern`, or returns `None` if it has another form.
fn written(number: &str, pattern: &str) -> Option<String> {
    let mut rest = number.chars();
    let mut text = String::with_capacity(pattern.len());
    for symbol in pattern.chars() {
        let given = match symbol {
            '#' => rest.next().filter(char::is_ascii_digit)?,
            '@' => rest.next().filter(char::is_ascii_alphabetic)?,
            '~' => {
                rest.next()?;
                continue;
            }
            'A'..='Z' | '0'..='9' => rest.next().filter(|given| *given == symbol)?,
            separator => separator,
        };
        text.push(given);
    }
    rest.next().is_none().then_some(text)
}

#[cfg(test)]
mod tests {
    use country::Country;

    use super::*;

    fn notations(number: &str, country: &str) -> Vec<String> {
        of(number, country).collect()
    }

    #[test]
    fn numbers_are_written_as_their_registers_write_them() {
        assert_eq!(notations("1019901056799", "JP"), ["0199-01-056799"]);
        assert_eq!(notations("CHE499102321", "CH"), ["CHE-499.102.321"]);
        assert_eq!(notations("5599117222", "SE"), ["559911-7222"]);
        assert_eq!(notations("12345678000195", "BR"), ["12.345.678/0001-95"]);
        assert_eq!(notations("200101234507", "ZA"), ["2001/012345/07"]);
        assert_eq!(notations("123456A", "AT")[0], "123456A");
    }

    #[test]
    fn a_number_of_another_form_has_no_notation() {
        assert_eq!(notations("101990105679", "BE"), [""; 0]);
        assert_eq!(notations("CHF499102321", "CH"), [""; 0]);
        assert_eq!(notations("５５９９１１7222", "SE"), [""; 0]);
        assert_eq!(notations("5599117222", "XX"), [""; 0]);
        assert_eq!(notations("", "JP"), [""; 0]);
    }

    #[test]
    fn every_pattern_belongs_to_a_country() {
        for (country, pattern) in PATTERNS.iter() {
            assert!(Country::all().any(|known| known.code() == *country), "{country} {pattern}");
            assert!(pattern.chars().any(|c| c == '#'), "{country} {pattern}");
        }
    }
}
