//! The tokens of a person's name: its words with the part that each plays.

use super::{
    tables::{self, WordKind},
    text::{self, LatinWord},
};

/// Maximum number of tokens of a name. No person has more; it bounds the time of a comparison.
pub(super) const TOKENS_MAX: usize = 12;

/// The part of a token in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// A given or family name.
    Name,
    /// A single letter that stands for a name.
    Initial,
    /// The name of the father, formed as East Slavic languages do.
    Patronymic,
    /// A word between names: "al", "bin", "de la".
    Particle,
    /// "Abu", "Umm": a particle that forms a by-name with the next word.
    Kunya,
    /// A title, or a suffix such as "Jr".
    Title,
    /// A word of companies.
    Company,
}

impl Role {
    /// Returns the share of a token's weight that counts, from 0 to 1.
    pub(super) fn share(self) -> f32 {
        match self {
            Self::Name | Self::Company => 1.0,
            Self::Initial => 0.4,
            Self::Patronymic => 0.4,
            Self::Kunya => 0.25,
            Self::Particle | Self::Title => 0.05,
        }
    }

    /// Returns whether the token is a whole name.
    pub(super) fn is_name(self) -> bool {
        matches!(self, Self::Name | Self::Patronymic)
    }
}

/// A token of a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Token {
    /// In lower-case Latin letters.
    pub(super) text: String,
    pub(super) role: Role,
    /// Whether the name says that this is the family name.
    pub(super) is_family: bool,
    /// Whether it was written without short vowels.
    pub(super) without_vowels: bool,
}

const ARTICLES: [&str; 4] = ["al", "el", "ul", "ol"];
/// Articles that took over the first letter of the next word.
const ASSIMILATED: [&str; 20] = [
    "as", "ash", "ar", "an", "at", "ad", "az", "adh", "es", "er", "en", "ed", "et", "ez", "ur", "us", "ud",
    "un", "ut", "uz",
];
/// Endings of patronymics in Russian, Ukrainian and Belarusian, as they are romanised.
const PATRONYMICS: [&str; 30] = [
    "ovich", "evich", "ovych", "evych", "iyovych", "avich", "owich", "ewich", "ovitch", "evitch", "avitch",
    "owitsch", "ewitsch", "owitch", "ewitch", "ovic", "evic", "ovna", "evna", "ivna", "yivna", "iyivna",
    "owna", "ewna", "auna", "euna", "ouna", "avna", "ichna", "inichna",
];

/// Returns the readings of a name as tokens.
pub(super) fn readings(name: &str) -> Vec<Vec<Token>> {
    text::readings(name).into_iter().map(tokens).collect()
}

fn tokens(words: Vec<LatinWord>) -> Vec<Token> {
    let has_comma = words.iter().any(|word| word.before_comma) && words.iter().any(|word| !word.before_comma);
    let words = join_servants(words);
    let count = words.len();
    let mut tokens: Vec<Token> = Vec::with_capacity(count);
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).map(|word| word.text.as_str());
        tokens.push(Token {
            role: role(word, next, at > 0, count),
            is_family: has_comma && word.before_comma,
            without_vowels: word.without_vowels,
            text: word.text.clone(),
        });
    }
    // A name of little else: "Le Van", "Prince", "Abu Umar".
    if tokens.iter().filter(|token| token.role.is_name()).count() < 2 {
        let is_full = |token: &Token| !ARTICLES.contains(&token.text.as_str());
        for token in tokens.iter_mut().filter(|token| is_full(token)) {
            token.role = match token.role {
                Role::Particle | Role::Title | Role::Patronymic => Role::Name,
                role => role,
            };
        }
    }
    let mut family = tokens.iter_mut().filter(|token| token.is_family && token.role == Role::Patronymic);
    family.by_ref().for_each(|token| token.role = Role::Name);
    tokens.truncate(TOKENS_MAX);
    tokens
}

fn role(word: &LatinWord, next: Option<&str>, is_later: bool, count: usize) -> Role {
    let text = word.text.as_str();
    match tables::kind(text) {
        _ if ARTICLES.contains(&text) && next.is_some() => return Role::Particle,
        _ if ASSIMILATED.contains(&text) && next.is_some_and(|next| next.starts_with(&text[1..])) => {
            return Role::Particle;
        }
        Some(WordKind::Particle)
            if ["abu", "abou", "abi", "aba", "abo", "um", "umm", "oum"].contains(&text) =>
        {
            return Role::Kunya;
        }
        // A single letter at the end is an initial rather than "y" or "e".
        Some(WordKind::Particle) if text.len() > 1 || (is_later && next.is_some()) => return Role::Particle,
        Some(WordKind::Title | WordKind::Suffix) => return Role::Title,
        Some(WordKind::Company) => return Role::Company,
        _ => {}
    }
    if text.len() == 1 && text.bytes().all(|c| c.is_ascii_alphabetic()) && !word.without_vowels {
        return Role::Initial;
    }
    let is_patronymic =
        count > 2 && text.len() > 6 && PATRONYMICS.iter().any(|ending| text.ends_with(ending));
    // South Slavic family names end like patronymics without "h".
    if is_patronymic && is_later && !text.ends_with("ic") { Role::Patronymic } else { Role::Name }
}

/// Beginnings of "servant of" names, with the article or without it.
const SERVANTS: [&str; 14] = [
    "abd", "abdul", "abdel", "abdal", "abdol", "abdoul", "abdool", "abdil", "abdu", "abdur", "abdus",
    "abdun", "abd-al", "abdar",
];

/// Writes names such as "Abd al-Rahman", "Abdur Rahman" and "Abdelrahman" in one way.
fn join_servants(words: Vec<LatinWord>) -> Vec<LatinWord> {
    let mut joined: Vec<LatinWord> = Vec::with_capacity(words.len());
    let mut words = words.into_iter().peekable();
    while let Some(mut word) = words.next() {
        if SERVANTS.contains(&word.text.as_str()) && !word.without_vowels {
            let is_article = |text: &str| ARTICLES.contains(&text) || ASSIMILATED.contains(&text);
            let mut article = None;
            if words.peek().is_some_and(|next| is_article(&next.text)) {
                article = words.next();
            }
            let can_join = |next: &LatinWord| next.text.len() > 2 && tables::kind(&next.text).is_none();
            match words.next_if(can_join) {
                Some(next) => {
                    let stem =
                        next.text.strip_prefix("al").filter(|stem| stem.len() > 4).unwrap_or(&next.text);
                    word.text = if stem == "lah" || stem == "allah" {
                        "abdallah".to_owned()
                    } else {
                        // Without vowels, the article is written as part of the next word.
                        format!("{}{stem}", if next.without_vowels { "abdl" } else { "abdul" })
                    };
                    word.without_vowels = next.without_vowels;
                }
                None => {
                    joined.push(word);
                    joined.extend(article);
                    continue;
                }
            }
        } else if let Some(stem) = servant_stem(&word.text) {
            word.text = format!("abdul{stem}");
        }
        joined.push(word);
    }
    joined
}

/// Returns the second part of a name such as "Abdurrahman" that is written as one word, or `None`.
fn servant_stem(word: &str) -> Option<&str> {
    let rest = word.strip_prefix("abd")?;
    let rest = rest.trim_start_matches(['a', 'e', 'i', 'o', 'u']);
    if rest.len() < 4
        || rest.starts_with("lah")
        || rest.starts_with("llah")
        || rest.starts_with("la") && rest.len() < 5
    {
        return None;
    }
    let bytes = rest.as_bytes();
    let is_doubled = bytes[0] == bytes[1] || rest.starts_with("shsh");
    let stem =
        if is_doubled && bytes[0] != b'l' { &rest[1..] } else { rest.strip_prefix('l').unwrap_or(rest) };
    (stem.len() > 2).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(name: &str) -> String {
        let tokens = readings(name).remove(0);
        tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn servant_names_are_written_in_one_way() {
        for name in
            ["Abd al-Rahman", "Abdul Rahman", "Abdurrahman", "Abdelrahman", "Abd ar-Rahman", "ABDULRAHMAN"]
        {
            assert_eq!(texts(name), "abdulrahman", "{name}");
        }
        assert_eq!(texts("Abd Allah"), "abdallah");
        assert_eq!(texts("Ahmed Abdul"), "ahmed abdul");
        assert_eq!(texts("عبد الرحمن"), "abdulrahman");
    }

    #[test]
    fn words_around_names_have_roles() {
        let roles = |name: &str| readings(name).remove(0).iter().map(|token| token.role).collect::<Vec<_>>();
        assert_eq!(
            roles("Haji Omar bin Salih al-Masri"),
            [Role::Title, Role::Name, Role::Particle, Role::Name, Role::Particle, Role::Name]
        );
        assert_eq!(roles("PETRENKO, Oleh Stepanovych"), [Role::Name, Role::Name, Role::Patronymic]);
        assert_eq!(roles("R.M. Stone"), [Role::Initial, Role::Initial, Role::Name]);
        assert_eq!(roles("Stone Trading Ltd"), [Role::Name, Role::Company, Role::Company]);
        assert_eq!(roles("Le Van"), [Role::Name, Role::Name]);
    }

    #[test]
    fn the_part_before_a_comma_is_the_family_name() {
        let family =
            |name: &str| readings(name).remove(0).iter().map(|token| token.is_family).collect::<Vec<_>>();
        assert_eq!(family("STONE HILL, Ann"), [true, true, false]);
        assert_eq!(family("Ann Stone"), [false, false]);
    }
}
