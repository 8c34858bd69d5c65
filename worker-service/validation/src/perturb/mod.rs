//! Perturbations of names and dates of birth: what customers, clerks and other systems do to them.
//!
//! Each takes a name and returns another one, or `None` if it does not apply to the name. They have tables of their
//! own, independent of those of the engine.

mod abbreviations;
mod birth_dates;
mod legal_forms;
mod marks;
mod persons;
mod romanisation;
mod scripts;
mod spacing;
mod typing;
mod word_order;

pub(crate) use self::{
    abbreviations::abbreviate,
    birth_dates::{day_and_month_swapped, year_off, year_only},
    legal_forms::{drop_legal_form, replace_legal_form, translate_legal_form},
    marks::{add_marks, drop_marks},
    persons::{change_particle, drop_middle_name, given_name_first, initials, swap_person_order},
    romanisation::change_romanisation,
    scripts::{into_cyrillic, into_greek},
    spacing::{add_company_words, add_title, split_or_join},
    typing::{one_typing_error, two_typing_errors},
    word_order::reorder,
};
use crate::random::Random;

/// A change of a name.
pub(crate) type Perturbation = fn(&str, &mut Random) -> Option<String>;

/// Three changes at once: without the legal form, the words in another order, one typing error.
pub(crate) fn combine(name: &str, random: &mut Random) -> Option<String> {
    let name = drop_legal_form(name, random)?;
    one_typing_error(&reorder(&name, random)?, random)
}

/// Returns `text` in the case of `like`: in capitals if all its letters are.
fn in_case_of(text: &str, like: &str) -> String {
    let is_upper = like.chars().any(char::is_uppercase) && !like.chars().any(char::is_lowercase);
    if is_upper { text.to_uppercase() } else { text.to_owned() }
}
