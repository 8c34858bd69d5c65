//! Decides whether two names, or a text and a name, refer to the same company, without a list whose document
//! frequencies could weight the words.

use super::{name::Name, similarity::MatchKind, token::Token};

/// Weight, from 0 to 1, above which a token distinguishes a company from others.
pub(super) const DISTINCTIVE_WEIGHT: f32 = 0.5;
/// Minimum similarity, from 0 to 1, of two tokens that count as the same.
const SAME_TOKEN_SIMILARITY: f32 = 0.9;

/// Returns whether two names can belong to the same company: every distinctive token of each name is the same
/// as, sounds like or means the same as a token of the other.
pub fn same_company(a: &str, b: &str) -> bool {
    let (a, b) = (Name::readings(a), Name::readings(b));
    a.iter().any(|a| b.iter().any(|b| contains(a, b) && contains(b, a)))
}

/// Returns whether `text` mentions the company: it contains every distinctive token of the company's name.
pub fn mentions(text: &str, company: &str) -> bool {
    let text = Name::parse_text(text);
    Name::readings(company).iter().any(|company| contains(&text, company))
}

/// Returns whether `name` holds at least one token that can be compared. A name of punctuation alone holds
/// none.
pub fn has_tokens(name: &str) -> bool {
    !Name::parse(name).tokens.is_empty()
}

/// Returns whether `text` contains every distinctive token of `name`, or all tokens except legal forms if
/// none is distinctive.
fn contains(text: &Name, name: &Name) -> bool {
    let is_distinctive =
        |token: &&Token| !token.traits.is_legal_form && token.traits.weight > DISTINCTIVE_WEIGHT;
    let mut needed: Vec<&Token> = name.tokens.iter().filter(is_distinctive).collect();
    if needed.is_empty() {
        needed = name.tokens.iter().filter(|token| !token.traits.is_legal_form).collect();
    }
    if needed.is_empty() {
        return false;
    }
    let joined: Vec<Token> = text.joined(2).collect();
    let is_contained = |token: &&Token| {
        let mut single = text.tokens.iter().filter(|other| !other.traits.is_legal_form);
        single.any(|other| is_same(other, token)) || joined.iter().any(|other| is_same(other, token))
    };
    // Equal compact forms: the names differ only in where they put spaces.
    needed.iter().all(is_contained) || text.compact() == name.compact()
}

fn is_same(a: &Token, b: &Token) -> bool {
    a.view()
        .similarity(b.view())
        .is_some_and(|(similarity, kind)| similarity >= SAME_TOKEN_SIMILARITY && kind != MatchKind::Fuzzy)
}
