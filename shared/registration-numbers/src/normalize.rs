//! Changes of notation that only one scheme needs.

use serde::Deserialize;

/// A conversion of a number into the form that its scheme's pattern describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Normalize {
    /// Converts letters to lower case.
    LowerCase,
    /// Restores leading zeros before the B.
    NlVat,
    /// Restores the leading zero, which may be missing or written as (0).
    BeEnterprise,
    /// Restores a missing CHE.
    ChUid,
    /// Restores the leading zero of a number of eight digits.
    GrAfm,
    /// Restores leading zeros.
    TnMf,
    /// Joins parts written apart, restores a county of two digits, and takes the year from a full date.
    RoRegister,
    /// Replaces Cyrillic letters by the Latin ones of the same shape.
    ByUnp,
    /// Replaces the Greek letters of the register by the Latin ones of the same shape.
    CyHe,
    /// Drops a dash after the second digit.
    UsEin,
    /// Restores the prefix FR when the number is displayed: Monaco's VAT numbers are French.
    McVat,
    /// Puts court, register and number in this order; done before separators are removed.
    DeRegister,
}

impl Normalize {
    /// Returns `number` in the form that the pattern describes.
    pub(crate) fn normalized(self, number: &str) -> String {
        match self {
            Self::LowerCase => number.to_ascii_lowercase(),
            Self::NlVat => match number.len().checked_sub(3).and_then(|at| number.split_at_checked(at)) {
                Some((digits, rest)) => format!("{digits:0>9}{rest}"),
                None => number.to_owned(),
            },
            Self::BeEnterprise => {
                let number = number.strip_prefix("(0)").map_or(number.to_owned(), |rest| format!("0{rest}"));
                if number.len() == 9 { format!("0{number}") } else { number }
            }
            Self::ChUid if is_digits(number) && number.len() == 9 => format!("CHE{number}"),
            Self::GrAfm if number.chars().count() == 8 => format!("0{number}"),
            Self::TnMf => {
                let digits = number.chars().take_while(char::is_ascii_digit).count();
                let (digits, rest) = number.split_at(digits);
                if digits.is_empty() { number.to_owned() } else { format!("{digits:0>7}{rest}") }
            }
            Self::RoRegister => romanian_register(number),
            Self::ByUnp => number.chars().map(latin).collect(),
            Self::CyHe => number
                .chars()
                .map(|c| match c {
                    'Α' => 'A',
                    'Ε' => 'E',
                    'Η' => 'H',
                    _ => c,
                })
                .collect(),
            Self::UsEin => match number.split_once('-') {
                Some((prefix, serial)) if prefix.len() == 2 => format!("{prefix}{serial}"),
                _ => number.to_owned(),
            },
            Self::ChUid | Self::GrAfm | Self::McVat | Self::DeRegister => number.to_owned(),
        }
    }

    /// Returns the checked `number` as it is stored and displayed.
    pub(crate) fn display(self, number: String) -> String {
        if self == Self::McVat { format!("FR{number}") } else { number }
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Returns the Latin letter that looks like the Cyrillic letter `c`.
fn latin(c: char) -> char {
    const PAIRS: [(char, char); 10] = [
        ('А', 'A'),
        ('В', 'B'),
        ('Е', 'E'),
        ('К', 'K'),
        ('М', 'M'),
        ('Н', 'H'),
        ('О', 'O'),
        ('Р', 'P'),
        ('С', 'C'),
        ('Т', 'T'),
    ];
    PAIRS.iter().find(|(cyrillic, _)| *cyrillic == c).map_or(c, |(_, latin)| *latin)
}

fn romanian_register(number: &str) -> String {
    let mut parts: Vec<String> =
        number.split([' ', '/', '\\', '-']).filter(|part| !part.is_empty()).map(str::to_owned).collect();
    if parts.first().is_some_and(|letter| letter.len() == 1) && parts.len() > 1 {
        let letter = parts.remove(0);
        parts[0] = format!("{letter}{}", parts[0]);
    }
    if let [county, _, year] = parts.as_mut_slice() {
        if county.len() == 2 && county.is_ascii() {
            county.insert(1, '0');
        }
        // Of a full date (31.12.2007) the number contains only the year.
        let fits_date =
            |(at, c): (usize, char)| if at == 2 || at == 5 { c == '.' } else { c.is_ascii_digit() };
        let is_date = year.len() == 10 && year.chars().enumerate().all(fits_date);
        if let Some(last) = year.rsplit('.').next().filter(|_| is_date) {
            *year = last.to_owned();
        }
    }
    parts.join("/")
}
