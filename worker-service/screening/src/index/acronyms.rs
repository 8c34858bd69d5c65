//! Names by their initials: "POKT" for "Pars Omid Kavir Technology".

use super::{Index, ListedName, NameId, hash, multimap::HashMultimap};
use crate::names::{Name, Role, TokenView};

/// Numbers of letters of acronyms that are recognised. Shorter ones stand for too many names.
const LETTERS: std::ops::RangeInclusive<usize> = 3..=8;
/// Maximum weight of a word that acronyms leave out: "of", "and".
const FUNCTION_WORD_WEIGHT: f32 = 0.03;
/// Maximum weight of a word that acronyms may leave out: "company". Legal forms are such words, too.
const OPTIONAL_WORD_WEIGHT: f32 = 0.05;
/// Maximum number of words such as "company" at the end of a name whose initials may be part of the acronym.
const ENDING_MAX: usize = 2;
/// Minimum number of letters of an acronym that identifies a name, whatever the length of the list: three letters
/// stand for too many names.
const CERTAIN_LETTERS_MIN: usize = 4;
/// Similarity of an acronym and a name that it identifies.
const CERTAIN_SIMILARITY: f32 = 0.86;
/// Similarity of an acronym and a name of which it is one of several readings: at most a resemblance.
const POSSIBLE_SIMILARITY: f32 = 0.73;

/// Names by the initials of their words.
#[derive(Debug, Default)]
pub(super) struct Acronyms {
    names: HashMultimap,
    /// The hash of the initials of each name, while names are added.
    added: Vec<(u32, NameId)>,
}

/// The acronym that is the only distinctive word of a query.
#[derive(Debug)]
pub(crate) struct Acronym {
    /// Position of the acronym among the tokens.
    pub(crate) at: usize,
    letters: String,
}

impl Acronyms {
    /// Adds a name with its initials.
    pub(super) fn add(&mut self, initials: &Initials, name: NameId) {
        self.added.push((hash(initials.all.as_str()), name));
    }

    /// Sorts the names that were added.
    pub(super) fn finish(&mut self) {
        self.names = HashMultimap::new(std::mem::take(&mut self.added));
    }
}

impl Index {
    /// Returns the acronym of which `name` consists, legal forms and fillers aside, or `None` if it does not.
    pub(crate) fn acronym(&self, name: &Name) -> Option<Acronym> {
        let is_distinctive = |at: &usize| {
            !name.tokens[*at].traits.is_legal_form && name.tokens[*at].traits.role != Role::Filler
        };
        let mut distinctive = (0..name.tokens.len()).filter(is_distinctive);
        let (at, None) = (distinctive.next()?, distinctive.next()) else { return None };
        let token = name.tokens[at].view();
        let letters = token.latin;
        let is_word = token.traits.is_known || token.traits.is_number || token.traits.without_vowels;
        if is_word || !LETTERS.contains(&letters.len()) {
            return None;
        }
        Some(Acronym { at, letters: letters.to_owned() })
    }

    /// Returns the names that may have the initials `acronym`.
    pub(super) fn names_with_initials(&self, acronym: &Acronym) -> impl Iterator<Item = NameId> {
        self.acronyms.names.get(hash(acronym.letters.as_str()))
    }

    /// Returns how similar the acronym is to a listed name, from 0 to 1, or `None` if the name has
    /// other initials.
    pub(crate) fn acronym_similarity(&self, acronym: &Acronym, listed: &ListedName<'_>) -> Option<f32> {
        let found = initials(listed.views.iter().copied())
            .into_iter()
            .find(|initials| initials.all == acronym.letters)?;
        let is_certain = found.distinctive >= CERTAIN_LETTERS_MIN;
        Some(if is_certain { CERTAIN_SIMILARITY } else { POSSIBLE_SIMILARITY })
    }
}

/// The initials of a name.
pub(super) struct Initials {
    pub(super) all: String,
    /// Number of initials that are not those of common words at the end.
    distinctive: usize,
}

/// Returns the initials of a name: without and, if words such as "company" end it, with those of these words.
pub(super) fn initials<'a>(tokens: impl Iterator<Item = TokenView<'a>>) -> Vec<Initials> {
    let mut letters = String::new();
    let mut ending = String::new();
    for token in tokens {
        let traits = token.traits;
        let Some(first) = token.latin.chars().next() else { continue };
        if traits.is_legal_form || is_optional(traits.weight) {
            ending.push(first);
        } else if traits.weight > OPTIONAL_WORD_WEIGHT {
            letters.push(first);
            ending.clear();
        }
    }
    let endings = (0..=ENDING_MAX.min(ending.len())).map(|length| &ending[..length]);
    // Letters of common words prove little, so they do not count towards the minimum.
    let endings = endings.filter(|_| letters.len() >= *LETTERS.start());
    let initials = |ending| Initials { all: format!("{letters}{ending}"), distinctive: letters.len() };
    endings.map(initials).filter(|initials| LETTERS.contains(&initials.all.len())).collect()
}

/// Returns whether acronyms may leave out a word of this weight.
fn is_optional(weight: f32) -> bool {
    weight > FUNCTION_WORD_WEIGHT && weight <= OPTIONAL_WORD_WEIGHT
}
