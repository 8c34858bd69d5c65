//! Compares words of different scripts by how they sound: a Japanese text writes names and borrowed words in katakana.

/// A class of consonants that one script may write for another: `r` and `l`, `b` and `v`, `s` and `t`.
type Class = u8;

const K: Class = b'k';
const T: Class = b't';
const P: Class = b'p';
const M: Class = b'm';
const N: Class = b'n';
const R: Class = b'r';

/// Most characters of a word that are compared.
const LENGTH_MAX: usize = 24;
/// Fewest consonants of a word that tell it from others.
const CLASSES_MIN: usize = 3;
/// Fewest consonants of a word of a company's name that tell it from others.
const NAME_MIN: usize = 2;
/// Share of their consonants that two words must have in common.
const SHARE_MIN: f64 = 0.8;
/// The same for a word that can only be the company's name.
const NAME_SHARE_MIN: f64 = 0.74;

/// Returns whether a word in katakana and one in Latin letters sound alike.
pub(crate) fn sounds_like(katakana: &str, latin: &str) -> bool {
    is_alike(katakana, latin, CLASSES_MIN, SHARE_MIN)
}

/// Returns whether a word in katakana can be a word of a company's name in Latin letters.
pub(crate) fn may_be_name(katakana: &str, latin: &str) -> bool {
    is_alike(katakana, latin, NAME_MIN, NAME_SHARE_MIN)
}

fn is_alike(katakana: &str, latin: &str, least: usize, share: f64) -> bool {
    let (a, b) = (of_katakana(katakana), of_latin(latin));
    if a.len() < least || b.len() < least || a.first() != b.first() {
        return false;
    }
    #[expect(clippy::cast_precision_loss, reason = "words are short")]
    let alike = 2.0 * common(&a, &b) as f64 / (a.len() + b.len()) as f64;
    alike >= share
}

/// Returns the length of the longest sequence that both have in this order.
fn common(a: &[Class], b: &[Class]) -> usize {
    let mut row = vec![0_usize; b.len() + 1];
    for one in a {
        let mut diagonal = 0;
        for (at, other) in b.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if one == other { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Returns the consonants of a word in katakana; vowels, `h`, `w` and `y` are left out.
fn of_katakana(word: &str) -> Vec<Class> {
    word.chars()
        .take(LENGTH_MAX)
        .filter_map(|c| match c {
            'カ'..='ゴ' => Some(K),
            'サ'..='ヂ' | 'ツ'..='ド' => Some(T),
            'ナ'..='ノ' | 'ン' => Some(N),
            'バ' | 'パ' | 'ビ' | 'ピ' | 'フ' | 'ブ' | 'プ' | 'ベ' | 'ペ' | 'ボ' | 'ポ' | 'ヴ' => {
                Some(P)
            }
            'マ'..='モ' => Some(M),
            'ラ'..='ロ' => Some(R),
            _ => None,
        })
        .collect()
}

/// Returns the consonants of a word in Latin letters, without doubled ones.
fn of_latin(word: &str) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    let mut last = None;
    for c in word.chars().take(LENGTH_MAX) {
        let found: &[Class] = match c {
            'k' | 'q' | 'g' => &[K],
            // "c" is read like "k" or "s".
            'c' | 'ç' | 'č' => &[K],
            'x' => &[K, T],
            's' | 'z' | 't' | 'd' | 'j' | 'š' | 'ž' | 'ß' => &[T],
            'p' | 'b' | 'v' | 'f' => &[P],
            'm' => &[M],
            'n' | 'ñ' => &[N],
            'r' | 'l' => &[R],
            _ => &[],
        };
        // "ck", "tt", "sch".
        if found.len() == 1 && last == found.first().copied() {
            continue;
        }
        last = found.last().copied();
        classes.extend(found);
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_katakana_sound_like_their_originals() {
        for (katakana, latin) in [
            ("ウィッカースリー", "wickersley"),
            ("コッパーライン", "copperline"),
            ("クラウドベリー", "cloudberry"),
            ("オスプレイ", "osprey"),
            ("ケストレル", "kestrel"),
            ("フィルター", "filter"),
        ] {
            assert!(
                sounds_like(katakana, latin),
                "{katakana}: {:?} {:?}",
                of_katakana(katakana),
                of_latin(latin)
            );
        }
        for (katakana, latin) in [("コッパーライン", "osprey"), ("オスプレイ", "wickersley"), ("ア", "a")]
        {
            assert!(!sounds_like(katakana, latin), "{katakana}");
        }
    }
}
