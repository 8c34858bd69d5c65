//! German commercial register numbers together with the court that keeps the register.

use std::{collections::HashMap, sync::LazyLock};

use unicode_normalization::UnicodeNormalization;

/// The courts that keep a register, by their name reduced to lower-case ASCII letters.
static COURTS: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
    let mut courts = HashMap::new();
    for line in include_str!("courts.tsv").lines() {
        let (court, aliases) = line.split_once('\t').unwrap_or((line, ""));
        for name in std::iter::once(court).chain(aliases.split('|')).filter(|name| !name.is_empty()) {
            courts.insert(court_key(name), court);
            courts.insert(court_key(&transliterated(name)), court);
        }
    }
    courts
});

/// The registers that a court keeps.
const REGISTERS: [&str; 6] = ["HRA", "HRB", "PR", "GnR", "GsR", "VR"];

/// Replaces umlauts and ß by the letters that stand for them on keyboards without them.
fn transliterated(name: &str) -> String {
    [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")]
        .into_iter()
        .fold(name.to_lowercase(), |name, (umlaut, letters)| name.replace(umlaut, letters))
}

fn court_key(name: &str) -> String {
    name.to_lowercase().replace('ß', "ss").nfd().filter(char::is_ascii_lowercase).collect()
}

/// Returns whether `number`, as [`normalized`] returns it, names a court that keeps a register.
pub(crate) fn is_normalized(number: &str) -> bool {
    let courts = REGISTERS.iter().filter_map(|register| number.split_once(&format!(" {register} ")));
    courts.map(|(court, _)| court).any(|court| COURTS.get(&court_key(court)) == Some(&court))
}

/// Returns `number`, with its parts in any order and spacing, in the form `Court HRB 123 B`. If it cannot be
/// parsed or its court is unknown, returns it unchanged apart from NFC.
pub(crate) fn normalized(number: &str) -> String {
    let number: String = number.nfc().collect();
    parsed(&number).unwrap_or(number)
}

fn parsed(number: &str) -> Option<String> {
    // The key of a court drops all characters except letters, so unexpected characters must be rejected
    // before.
    let is_letter = |c: char| c.is_ascii_alphabetic() || "äöüßÄÖÜ".contains(c);
    let is_allowed = |c: char| is_letter(c) || c.is_ascii_digit() || " ,.()-/".contains(c);
    let may_end = |c: char| is_letter(c) || c.is_ascii_digit() || c == ')';
    if !number.chars().all(is_allowed) || !number.starts_with(is_letter) || !number.ends_with(may_end) {
        return None;
    }
    let words: Vec<&str> = number.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let register_of = |word: &str| REGISTERS.into_iter().find(|name| name.eq_ignore_ascii_case(word));
    let at = words.iter().position(|word| register_of(word).is_some())?;
    let (register, serial) = (register_of(words[at])?, words.get(at + 1)?);
    let digits = serial.chars().take_while(char::is_ascii_digit).count();
    let (digits, mut suffix) = serial.split_at(digits);
    let mut after = &words[at + 2..];
    let is_suffix = |word: &str| word.chars().count() <= 3 && !COURTS.contains_key(&court_key(word));
    if let (true, Some(next)) = (suffix.is_empty(), after.first().filter(|word| is_suffix(word))) {
        suffix = next;
        after = &after[1..];
    }
    let court = [&words[..at], after].concat();
    let court =
        court.strip_prefix(&["Amtsgericht"]).or(court.strip_prefix(&["AG"])).unwrap_or(&court).join(" ");
    let may_be_in_suffix = |c: char| c.is_ascii_alphabetic() || c == 'ö' || c == 'Ö';
    if court.contains(|c: char| c.is_ascii_digit()) || !suffix.chars().all(may_be_in_suffix) {
        return None;
    }
    let court = COURTS.get(&court_key(&court))?;
    let suffix = if suffix.is_empty() { String::new() } else { format!(" {}", suffix.to_uppercase()) };
    Some(format!("{court} {register} {digits}{suffix}"))
}
