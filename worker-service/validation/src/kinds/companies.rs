//! The kinds of queries for companies and other bodies.

use super::{CYRILLIC, Kind, Make, ROMANISED, alias, exact};
use crate::{clean, perturb};

pub(super) const KINDS: [Kind; 21] = [
    Kind::new("exact", "Exact name", "The main name as the list has it.", Make::Entry(exact)),
    Kind::new(
        "alias",
        "Alias",
        "One of the other names that the list has for the entry, weak aliases excepted.",
        Make::Entry(alias),
    ),
    Kind::new(
        "word-order",
        "Word order",
        "The words of the name, legal form excepted, are put into another order.",
        Make::Name(perturb::reorder),
    ),
    Kind::new(
        "typing-1",
        "Typing error, one",
        "One error in a word of at least four letters outside the legal form: a neighbouring key, or a letter dropped, doubled or swapped with the next.",
        Make::Name(perturb::one_typing_error),
    ),
    Kind::new(
        "typing-2",
        "Typing errors, two",
        "Two such errors, in one word or two.",
        Make::Name(perturb::two_typing_errors),
    ),
    Kind::new(
        "legal-form-replaced",
        "Legal form replaced",
        "The legal form is replaced by one of another kind; a name without one gets one.",
        Make::Name(perturb::replace_legal_form),
    ),
    Kind::new(
        "legal-form-translated",
        "Legal form translated",
        "The legal form is spelt out, abbreviated, or written as in another language.",
        Make::Name(perturb::translate_legal_form),
    ),
    Kind::new(
        "legal-form-dropped",
        "Legal form dropped",
        "The legal form is left out.",
        Make::Name(perturb::drop_legal_form),
    ),
    Kind::new(
        "abbreviation",
        "Abbreviation",
        "Every common word of business in the name is abbreviated, such as International to Intl.",
        Make::Name(perturb::abbreviate),
    ),
    Kind::new(
        "romanisation",
        "Romanisation changed",
        "One or two distinctive words are romanised differently by one spelling each, such as kh to h; for entries of countries with Arabic, Persian or Cyrillic script.",
        Make::Name(perturb::change_romanisation),
    )
    .only_in(&ROMANISED),
    Kind::new(
        "cyrillic",
        "Into Cyrillic script",
        "The name without its legal form is written in Russian letters by rule; for entries of countries with Cyrillic script.",
        Make::Name(perturb::into_cyrillic),
    )
    .only_in(&CYRILLIC),
    Kind::new(
        "greek",
        "Into Greek script",
        "The name without its legal form is written in Greek letters by rule.",
        Make::Name(perturb::into_greek),
    ),
    Kind::new(
        "marks-added",
        "Marks added",
        "One to three letters outside the legal form get an accent or another mark.",
        Make::Name(perturb::add_marks),
    ),
    Kind::new(
        "marks-dropped",
        "Marks dropped",
        "All accents and other marks of a name in Latin letters are left out.",
        Make::Name(perturb::drop_marks),
    ),
    Kind::new(
        "spacing",
        "Words split or joined",
        "Two neighbouring words are written as one, or a word of at least eight letters as two.",
        Make::Name(perturb::split_or_join),
    ),
    Kind::new(
        "extra-word",
        "Extra word",
        "A word that names nobody is added, such as Group, Branch or Head Office.",
        Make::Name(perturb::add_company_words),
    ),
    Kind::new(
        "combined",
        "Three changes at once",
        "The legal form is left out, the words are put into another order, and there is one typing error.",
        Make::Name(perturb::combine),
    ),
    Kind::new(
        "clean-invented",
        "Invented company",
        "An invented word that is on no listed name, or one or two common family names, with an activity and a legal form.",
        Make::Composed(clean::invented),
    ),
    Kind::new(
        "clean-common-words",
        "Company of common words",
        "An adjective and two activities from tables of common words of business, with a legal form.",
        Make::Composed(clean::common_words),
    ),
    Kind::new(
        "sibling-name",
        "Sibling: other name",
        "The only distinctive word of a listed name is replaced by an invented one; everything else and the country stay.",
        Make::Sibling(clean::other_name),
    ),
    Kind::new(
        "sibling-number",
        "Sibling: other number",
        "The number in a listed name is replaced by another one; everything else and the country stay.",
        Make::Sibling(clean::other_number),
    ),
];
