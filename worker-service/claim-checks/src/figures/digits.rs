//! Reads runs of digits with separators.

/// Returns the ways to read a run of digits and separators, the most likely first. `5,000,000` equals `5.000.000`,
/// `5 000 000` and `50,00,000`, and `1,5` equals `1.5`. Returns several numbers for a run that is not a single one.
pub(super) fn readings(run: &str) -> Readings {
    let is_separator = |c: char| !c.is_ascii_digit();
    let groups: Vec<&str> = run.split(is_separator).collect();
    let separators: Vec<char> =
        run.chars().filter(|c| is_separator(*c)).map(|c| if c == '\u{a0}' { ' ' } else { c }).collect();
    let (Some(first), Some(last)) = (separators.first(), separators.last()) else {
        return Readings::Single(groups.iter().map(|group| value(group, "")).collect());
    };
    let are_thousands = |groups: &[&str]| {
        (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3)
    };
    // In India the groups before the last have two digits.
    let are_lakhs = |groups: &[&str]| {
        groups.len() > 2
            && (1..=2).contains(&groups[0].len())
            && groups.last().is_some_and(|group| group.len() == 3)
            && groups[1..groups.len() - 1].iter().all(|group| group.len() == 2)
    };
    let is_uniform = separators.iter().all(|separator| separator == first);
    if is_uniform && (are_thousands(&groups) || (*first == ',' && are_lakhs(&groups))) {
        let mut readings = vec![value(&groups.concat(), "")];
        // 1.234 may have three decimals instead, and 5 100 may be two numbers.
        if groups.len() == 2 && matches!(first, '.' | ',') {
            readings.push(value(groups[0], groups[1]));
        }
        if *first == ' ' {
            readings.extend(groups.iter().map(|group| value(group, "")));
        }
        return Readings::Single(readings);
    }
    let (whole, decimals) = groups.split_at(groups.len() - 1);
    let before_last = &separators[..separators.len() - 1];
    let is_grouped = whole.len() == 1
        || ((are_thousands(whole) || are_lakhs(whole))
            && before_last.iter().all(|separator| separator == first && separator != last));
    if matches!(last, '.' | ',') && is_grouped {
        return Readings::Single(vec![value(&whole.concat(), decimals[0])]);
    }
    Readings::Several
}

/// How a run can be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Readings {
    /// As one number, in one of these ways.
    Single(Vec<f64>),
    /// As one number for each of its groups.
    Several,
}

fn value(whole: &str, decimals: &str) -> f64 {
    format!("{whole}.{decimals}0").parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_the_forms_of_many_countries() {
        for (run, expected) in [
            ("5,000,000", 5e6),
            ("5.000.000", 5e6),
            ("5 000 000", 5e6),
            ("5'000'000", 5e6),
            ("50,00,000", 5e6),
            ("1,23,45,678", 12_345_678.0),
            ("1.50", 1.5),
            ("1,5", 1.5),
            ("1.234,56", 1234.56),
            ("1,234.56", 1234.56),
            ("05", 5.0),
        ] {
            assert!(
                matches!(readings(run), Readings::Single(values) if values[0] == expected),
                "{run}: {:?}",
                readings(run)
            );
        }
        assert_eq!(readings("1.234"), Readings::Single(vec![1234.0, 1.234]));
        assert_eq!(readings("1.2.3"), Readings::Several);
        assert_eq!(readings("10.0.0.1"), Readings::Several);
    }
}
