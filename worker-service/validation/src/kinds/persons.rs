//! The kinds of queries for persons.

use screening::{BirthDate, ListedEntity};

use super::{CYRILLIC, Kind, Make, ROMANISED, alias, exact, query};
use crate::{
    clean,
    engine::Query,
    perturb::{self, given_name_first},
    random::Random,
};

pub(super) const KINDS: [Kind; 21] = [
    Kind::new("exact", "Exact name", "The main name as the list has it.", Make::Entry(exact)),
    Kind::new(
        "alias",
        "Alias",
        "One of the other names that the list has for the person, weak aliases excepted.",
        Make::Entry(alias),
    ),
    Kind::new(
        "name-order",
        "Name order",
        "The last word of the name is put first, before a comma.",
        Make::Name(perturb::swap_person_order),
    ),
    Kind::new(
        "typing-1",
        "Typing error, one",
        "One error in a word of at least four letters: a neighbouring key, or a letter dropped, doubled or swapped with the next.",
        Make::Name(perturb::one_typing_error),
    ),
    Kind::new(
        "typing-2",
        "Typing errors, two",
        "Two such errors, in one word or two.",
        Make::Name(perturb::two_typing_errors),
    ),
    Kind::new(
        "romanisation",
        "Romanisation changed",
        "One or two words are romanised differently by one spelling each, such as kh to h; for persons of countries with Arabic, Persian or Cyrillic script.",
        Make::Name(perturb::change_romanisation),
    )
    .only_in(&ROMANISED),
    Kind::new(
        "cyrillic",
        "Into Cyrillic script",
        "The name is written in Russian letters by rule; for persons of countries with Cyrillic script.",
        Make::Name(perturb::into_cyrillic),
    )
    .only_in(&CYRILLIC),
    Kind::new(
        "greek",
        "Into Greek script",
        "The name is written in Greek letters by rule.",
        Make::Name(perturb::into_greek),
    ),
    Kind::new(
        "marks-added",
        "Marks added",
        "One to three letters get an accent or another mark.",
        Make::Name(perturb::add_marks),
    ),
    Kind::new(
        "spacing",
        "Words split or joined",
        "Two neighbouring words are written as one, or a word of at least eight letters as two.",
        Make::Name(perturb::split_or_join),
    ),
    Kind::new(
        "extra-word",
        "Title added",
        "A title or form of address stands before the name.",
        Make::Name(perturb::add_title),
    ),
    Kind::new(
        "initials",
        "Initials",
        "The first given name, or all of them, are shortened to initials.",
        Make::Name(perturb::initials),
    ),
    Kind::new(
        "middle-name-missing",
        "Middle name missing",
        "One name between the first and the last is left out.",
        Make::Name(perturb::drop_middle_name),
    ),
    Kind::new(
        "particles",
        "Particles",
        "A particle such as al-, bin or de is left out, joined to the next word, or written differently.",
        Make::Name(perturb::change_particle),
    ),
    Kind::new(
        "birth-date-missing",
        "Birth date missing",
        "The name as listed, given name first, without the date of birth that the list has.",
        Make::Entry(birth_date_missing),
    ),
    Kind::new(
        "birth-date-partial",
        "Birth date in part",
        "Only the year of a longer date of birth is given.",
        Make::Entry(birth_date_partial),
    ),
    Kind::new(
        "birth-year-off",
        "Birth date one year off",
        "The date of birth is a year earlier or later than listed.",
        Make::Entry(birth_year_off),
    ),
    Kind::new(
        "birth-day-month-swapped",
        "Birth day and month swapped",
        "Day and month of the date of birth are exchanged.",
        Make::Entry(birth_day_and_month_swapped),
    ),
    Kind::new(
        "clean-composed",
        "Composed person",
        "One or two common given names and a common family name from tables, with a random date of birth.",
        Make::Composed(clean::composed),
    ),
    Kind::new(
        "namesake",
        "Namesake",
        "The name and country of a listed person, with a date of birth at least ten years away from every listed one.",
        Make::Sibling(clean::namesake),
    ),
    Kind::new(
        "other-given-name",
        "Other given name",
        "The family name and country of a listed person, with another given name and a date of birth at least ten years away.",
        Make::Sibling(clean::other_given_name),
    ),
];

/// Returns a query with the main name and a changed date of birth.
fn with_birth_date(
    entity: &ListedEntity,
    random: &mut Random,
    change: fn(BirthDate, &mut Random) -> Option<BirthDate>,
) -> Option<Query> {
    let changed = change(*entity.birth_dates.first()?, random)?;
    Some(Query { birth_date: Some(changed), ..query(entity, given_name_first(&entity.name)) })
}

fn birth_date_missing(entity: &ListedEntity, _: &mut Random) -> Option<Query> {
    entity.birth_dates.first()?;
    Some(Query { birth_date: None, ..query(entity, given_name_first(&entity.name)) })
}

fn birth_date_partial(entity: &ListedEntity, random: &mut Random) -> Option<Query> {
    with_birth_date(entity, random, perturb::year_only)
}

fn birth_year_off(entity: &ListedEntity, random: &mut Random) -> Option<Query> {
    with_birth_date(entity, random, perturb::year_off)
}

fn birth_day_and_month_swapped(entity: &ListedEntity, random: &mut Random) -> Option<Query> {
    with_birth_date(entity, random, perturb::day_and_month_swapped)
}
