//! Units of figures: currencies, measures, and kinds of things that are counted.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use serde::Deserialize;

use crate::{
    language::Language,
    lexicon::{Terms, rows},
    text::token::{Kind, Token},
};

/// The unit of a figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unit {
    /// None, or one that the lexicon does not know.
    Unknown,
    /// Money, in one of the currencies that the text can mean: `$` is any dollar.
    Money(&'static [Currency]),
    /// A measure, such as a mass, with the size of the unit in the base unit of its dimension.
    Measure { dimension: &'static str, factor: f64 },
    /// Things of one kind, such as persons.
    Count(&'static str),
}

/// An ISO 4217 code.
pub(crate) type Currency = &'static str;

impl Unit {
    /// Returns whether figures in these units can be equal if their values are. `None` means that it cannot be
    /// told.
    pub(crate) fn agrees(&self, other: &Self) -> Option<bool> {
        Some(match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => return None,
            (Self::Money(a), Self::Money(b)) => a.iter().any(|currency| b.contains(currency)),
            (Self::Measure { dimension: a, .. }, Self::Measure { dimension: b, .. }) => a == b,
            (Self::Count(a), Self::Count(b)) => a == b,
            _ => false,
        })
    }

    /// Returns the size of the unit in the base unit of its dimension.
    pub(crate) fn factor(&self) -> f64 {
        if let Self::Measure { factor, .. } = self { *factor } else { 1.0 }
    }

    /// Returns whether a text names the unit wherever it gives such a figure.
    pub(crate) fn is_strict(&self) -> bool {
        matches!(self, Self::Money(_) | Self::Measure { .. })
    }
}

#[derive(Deserialize)]
struct FileEntry {
    dimension: String,
    factor: Option<f64>,
    #[serde(flatten)]
    terms: HashMap<Language, String>,
}

/// Units, and the words for them by the index of the unit.
type Units = (Vec<Unit>, HashMap<Language, Terms<usize>>);

/// The units that follow a number.
static UNITS: LazyLock<Units> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the binary and a test uses it")]
    let file: BTreeMap<String, FileEntry> =
        toml::from_str(include_str!("../lexicon/data/units.toml")).expect("units.toml is valid");
    let mut units = Vec::new();
    let mut terms: HashMap<Language, Vec<(String, usize)>> = HashMap::new();
    for entry in file.into_values() {
        let dimension: &'static str = entry.dimension.leak();
        units.push(entry.factor.map_or(Unit::Count(dimension), |factor| Unit::Measure { dimension, factor }));
        for (language, list) in entry.terms {
            let list = list.split(", ").map(|term| (term.to_owned(), units.len() - 1));
            terms.entry(language).or_default().extend(list);
        }
    }
    let build =
        |terms: Vec<(String, usize)>| Terms::new(terms.iter().map(|(term, unit)| (term.as_str(), *unit)));
    (units, terms.into_iter().map(|(language, terms)| (language, build(terms))).collect())
});

/// Signs and abbreviations of currencies, in folded form.
const SIGNS: &[(&str, &[Currency])] = &[
    ("us$", &["USD"]),
    ("u.s.$", &["USD"]),
    ("au$", &["AUD"]),
    ("a$", &["AUD"]),
    ("ca$", &["CAD"]),
    ("c$", &["CAD"]),
    ("hk$", &["HKD"]),
    ("nt$", &["TWD"]),
    ("nz$", &["NZD"]),
    ("s$", &["SGD"]),
    ("mx$", &["MXN"]),
    ("r$", &["BRL"]),
    (
        "$",
        &[
            "USD", "AUD", "CAD", "HKD", "TWD", "NZD", "SGD", "MXN", "ARS", "CLP", "COP", "UYU", "JMD", "BSD",
            "BBD", "NAD",
        ],
    ),
    ("€", &["EUR"]),
    ("£", &["GBP", "EGP", "GIP", "FKP", "SHP"]),
    ("¥", &["JPY", "CNY", "CNH"]),
    ("円", &["JPY"]),
    ("₩", &["KRW"]),
    ("₹", &["INR"]),
    ("₽", &["RUB"]),
    ("₺", &["TRY"]),
    ("₪", &["ILS"]),
    ("₫", &["VND"]),
    ("฿", &["THB"]),
    ("₴", &["UAH"]),
    ("₦", &["NGN"]),
    ("₱", &["PHP"]),
    ("₸", &["KZT"]),
    ("₵", &["GHS"]),
    ("₡", &["CRC"]),
    ("zł", &["PLN"]),
    ("zl", &["PLN"]),
    ("kč", &["CZK"]),
    ("ft", &["HUF"]),
    ("fr", &["CHF"]),
    ("sfr", &["CHF"]),
    ("kr", &["SEK", "NOK", "DKK", "ISK"]),
    ("rs", &["INR", "PKR", "LKR", "NPR", "MUR"]),
    ("re", &["INR", "PKR"]),
    ("rm", &["MYR"]),
    ("rp", &["IDR"]),
    ("rmb", &["CNY", "CNH"]),
    ("cny", &["CNY", "CNH"]),
    ("dhs", &["AED", "MAD"]),
    ("dh", &["AED", "MAD"]),
    ("sr", &["SAR"]),
    ("r", &["ZAR"]),
    ("tl", &["TRY"]),
    ("руб", &["RUB", "BYN"]),
    ("р", &["RUB"]),
    ("грн", &["UAH"]),
    ("тг", &["KZT"]),
    ("долл", &["USD"]),
    ("元", &["CNY", "CNH", "TWD", "HKD"]),
    ("圓", &["TWD", "HKD"]),
    ("人民元", &["CNY", "CNH"]),
    ("人民币", &["CNY", "CNH"]),
    ("人民幣", &["CNY", "CNH"]),
    ("新台币", &["TWD"]),
    ("新台幣", &["TWD"]),
    ("台湾ドル", &["TWD"]),
    ("台湾元", &["TWD"]),
    ("港元", &["HKD"]),
    ("港币", &["HKD"]),
    ("港幣", &["HKD"]),
    ("香港ドル", &["HKD"]),
    ("日元", &["JPY"]),
    ("日圓", &["JPY"]),
    ("日币", &["JPY"]),
    ("日円", &["JPY"]),
    ("엔", &["JPY"]),
    ("美元", &["USD"]),
    ("美金", &["USD"]),
    ("米ドル", &["USD"]),
    ("ドル", &["USD", "AUD", "CAD", "HKD", "TWD", "NZD", "SGD"]),
    ("豪ドル", &["AUD"]),
    ("オーストラリアドル", &["AUD"]),
    ("カナダドル", &["CAD"]),
    ("加ドル", &["CAD"]),
    ("シンガポールドル", &["SGD"]),
    ("ニュージーランドドル", &["NZD"]),
    ("달러", &["USD", "AUD", "CAD", "HKD", "SGD"]),
    ("ユーロ", &["EUR"]),
    ("欧元", &["EUR"]),
    ("歐元", &["EUR"]),
    ("유로", &["EUR"]),
    ("ポンド", &["GBP", "EGP"]),
    ("英ポンド", &["GBP"]),
    ("エジプトポンド", &["EGP"]),
    ("英镑", &["GBP"]),
    ("英鎊", &["GBP"]),
    ("파운드", &["GBP"]),
    ("スイスフラン", &["CHF"]),
    ("フラン", &["CHF", "XOF", "XAF"]),
    ("瑞士法郎", &["CHF"]),
    ("스위스프랑", &["CHF"]),
    ("韓国ウォン", &["KRW"]),
    ("ウォン", &["KRW", "KPW"]),
    ("韩元", &["KRW"]),
    ("韓元", &["KRW"]),
    ("원", &["KRW"]),
    ("위안", &["CNY", "CNH"]),
    ("ルピー", &["INR", "PKR", "LKR"]),
    ("インドルピー", &["INR"]),
    ("パキスタンルピー", &["PKR"]),
    ("ルピア", &["IDR"]),
    ("ルーブル", &["RUB", "BYN"]),
    ("卢布", &["RUB"]),
    ("루블", &["RUB"]),
    ("レアル", &["BRL"]),
    ("ペソ", &["MXN", "ARS", "CLP", "COP", "PHP"]),
    ("メキシコペソ", &["MXN"]),
    ("フィリピンペソ", &["PHP"]),
    ("アルゼンチンペソ", &["ARS"]),
    ("チリペソ", &["CLP"]),
    ("ランド", &["ZAR"]),
    ("バーツ", &["THB"]),
    ("リンギット", &["MYR"]),
    ("ドン", &["VND"]),
    ("リラ", &["TRY"]),
    ("トルコリラ", &["TRY"]),
    ("クローナ", &["SEK"]),
    ("スウェーデンクローナ", &["SEK"]),
    ("クローネ", &["NOK", "DKK"]),
    ("ノルウェークローネ", &["NOK"]),
    ("デンマーククローネ", &["DKK"]),
    ("ズウォティ", &["PLN"]),
    ("ズロチ", &["PLN"]),
    ("コルナ", &["CZK"]),
    ("フォリント", &["HUF"]),
    ("ディルハム", &["AED", "MAD"]),
    ("リヤル", &["SAR", "QAR"]),
    ("リアル", &["SAR", "IRR", "QAR", "OMR"]),
    ("シェケル", &["ILS"]),
    ("フリヴニャ", &["UAH"]),
    ("テンゲ", &["KZT"]),
    ("ナイラ", &["NGN"]),
    ("シリング", &["KES", "UGX", "TZS"]),
    ("レフ", &["BGN"]),
    ("レウ", &["RON"]),
    ("タカ", &["BDT"]),
];

/// Words for the currencies of several countries that the table of currencies lists for some of them only.
const SHARED: &[(&str, &[Currency])] = &[
    ("krona", &["SEK", "ISK"]),
    ("kronor", &["SEK"]),
    ("kroner", &["NOK", "DKK"]),
    ("krone", &["NOK", "DKK"]),
    ("crowns", &["CZK", "SEK", "NOK", "DKK"]),
    ("sterling", &["GBP"]),
    ("renminbi", &["CNY", "CNH"]),
    ("pence", &["GBP"]),
];

/// Names of currencies that are also ordinary words.
const ORDINARY: [&str; 2] = ["real", "sum"];

static CURRENCIES: LazyLock<(Vec<Vec<Currency>>, Terms<usize>)> = LazyLock::new(|| {
    let mut by_name: BTreeMap<String, Vec<Currency>> = BTreeMap::new();
    for (code, names) in rows(include_str!("../lexicon/data/currencies.tsv")) {
        for name in names.split('|').chain([code]).filter(|name| !ORDINARY.contains(name)) {
            let codes = by_name.entry(name.to_lowercase()).or_default();
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
    }
    // "a$" is no word: its letter stands alone in other places.
    let words = SHARED.iter().chain(SIGNS).filter(|(sign, _)| sign.chars().all(char::is_alphabetic));
    for (sign, codes) in words {
        by_name.insert((*sign).to_owned(), codes.to_vec());
    }
    let lists: Vec<(String, Vec<Currency>)> = by_name.into_iter().collect();
    let terms = Terms::new(lists.iter().enumerate().map(|(at, (name, _))| (name.as_str(), at)));
    (lists.into_iter().map(|(_, codes)| codes).collect(), terms)
});

/// Returns whether a text that ends before a number says that it is a share in percent, as Turkish and Japanese write it.
pub(crate) fn is_percent_before(before: &str) -> bool {
    let before = before.trim_end();
    before.ends_with('%') || ["yüzde", "百分之"].iter().any(|word| before.ends_with(word))
}

/// Tokens that may stand between a number and its unit.
const BETWEEN: [&str; 9] = ["de", "d", "di", "of", "от", "من", "del", "dei", "s"];

/// Returns the unit that begins at byte `from` of `text`, after a number, and the byte after it.
pub(crate) fn after(text: &str, tokens: &[Token], from: usize, language: Language) -> Option<(Unit, usize)> {
    let rest = &text[from..];
    let skipped = rest.len() - rest.trim_start_matches([' ', '-', '\u{a0}']).len();
    let (rest, at) = (&rest[skipped..], from + skipped);
    if skipped <= 2 && rest.starts_with('%') {
        return Some((Unit::Measure { dimension: "percent", factor: 1.0 }, at + 1));
    }
    if let Some((codes, length)) = sign_at(rest, false) {
        return Some((Unit::Money(codes), at + length));
    }
    if let Some(found) = CURRENCIES.1.dense_prefix(rest) {
        return Some((Unit::Money(&CURRENCIES.0[found.value]), at + found.end));
    }
    if let Some(found) = UNITS.1.get(&language).and_then(|terms| terms.dense_prefix(rest)) {
        return Some((UNITS.0[found.value].clone(), at + found.end));
    }
    let mut index = tokens.partition_point(|token| token.start < at);
    while tokens.get(index).is_some_and(|token| BETWEEN.contains(&&text[token.start..token.end])) {
        index += 1;
    }
    let first = tokens.get(index)?;
    if first.kind != Kind::Word
        || !text[from..first.start].chars().all(|c| !matches!(c, ',' | ';' | '(' | ':' | '.' | '。' | '、'))
    {
        return (first.kind != Kind::Word).then(|| dense_token(text, first, language)).flatten();
    }
    let currency = CURRENCIES.1.at(text, tokens, index).into_iter().max_by_key(|found| found.end);
    if let Some(found) = currency {
        return Some((Unit::Money(&CURRENCIES.0[found.value]), found.end));
    }
    let terms = UNITS.1.get(&language)?;
    // The unit directly after the number, or the noun of a group: "500 former employees".
    for offset in 0..3 {
        let unit = terms.at(text, tokens, index + offset).into_iter().max_by_key(|found| found.end);
        if let Some(found) = unit {
            let unit = UNITS.0[found.value].clone();
            if offset == 0 || !unit.is_strict() {
                return Some((unit, found.end));
            }
        }
        let next = tokens.get(index + offset)?;
        let gap = tokens.get(index + offset + 1).map(|token| &text[next.end..token.start]);
        let word = &text[next.start..next.end];
        if gap.is_none_or(|gap| gap.contains([',', ';', '.', ':', '('])) || language.is_function_word(word) {
            return None;
        }
    }
    None
}

fn dense_token(text: &str, token: &Token, language: Language) -> Option<(Unit, usize)> {
    let rest = &text[token.start..];
    let found = CURRENCIES.1.dense_prefix(rest);
    if let Some(found) = found {
        return Some((Unit::Money(&CURRENCIES.0[found.value]), token.start + found.end));
    }
    let found = UNITS.1.get(&language)?.dense_prefix(rest)?;
    Some((UNITS.0[found.value].clone(), token.start + found.end))
}

/// Returns the currency that ends at byte `to` of `text`, before a number, and its first byte.
pub(crate) fn currency_before(text: &str, to: usize) -> Option<(Unit, usize)> {
    let before = text[..to].trim_end_matches([' ', '\u{a0}', '.']);
    if to - before.len() > 2 {
        return None;
    }
    // No sign ends with a digit.
    if before.ends_with(|c: char| c.is_ascii_digit() || c == ',') {
        return None;
    }
    if let Some((codes, length)) = sign_at(before, true) {
        return Some((Unit::Money(codes), before.len() - length));
    }
    let word: String = before.chars().rev().take_while(|c| c.is_alphabetic()).collect();
    let word: String = word.chars().rev().collect();
    if !word.is_ascii() || word.is_empty() {
        return dense_before(before);
    }
    let at = CURRENCIES.1.find_word(&word)?;
    let is_code = word.len() == 3 || SIGNS.iter().any(|(sign, _)| *sign == word);
    is_code.then(|| (Unit::Money(&CURRENCIES.0[at]), before.len() - word.len()))
}

fn dense_before(before: &str) -> Option<(Unit, usize)> {
    if before.ends_with(|c: char| c.is_ascii()) {
        return None;
    }
    let ending = |(name, codes): &&(&str, &'static [Currency])| {
        // "직원 30명" counts employees: the end of a word is no won.
        let is_word_end = before
            .strip_suffix(name)
            .is_some_and(|rest| rest.ends_with(|c: char| matches!(c, '\u{ac00}'..='\u{d7a3}')));
        before.ends_with(name) && !is_word_end && name.chars().all(|c| !c.is_ascii()) && codes.len() < 8
    };
    let (name, codes) = SIGNS.iter().filter(ending).max_by_key(|(name, _)| name.len())?;
    Some((Unit::Money(codes), before.len() - name.len()))
}

/// Returns the currencies of the sign at the beginning or end of `text`, and its length. Signs that consist of
/// letters are words.
fn sign_at(text: &str, at_end: bool) -> Option<(&'static [Currency], usize)> {
    let has = |sign: &str| {
        let ends = if at_end { text.ends_with(sign) } else { text.starts_with(sign) };
        // "a$" is a sign, but the end of "via $" is not.
        let rest = if at_end { text.strip_suffix(sign) } else { None };
        let cut_word = sign.starts_with(|c: char| c.is_ascii_alphabetic())
            && rest.is_some_and(|rest| rest.ends_with(|c: char| c.is_alphanumeric()));
        ends && !cut_word && !sign.chars().all(char::is_alphabetic)
    };
    SIGNS
        .iter()
        .filter(|(sign, _)| has(sign))
        .max_by_key(|(sign, _)| sign.len())
        .map(|(sign, codes)| (*codes, sign.len()))
}
