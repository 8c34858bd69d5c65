//! Numbers, units and dates of a claim that are not in its evidence.

use super::relative::is_relative;
use crate::{
    case::{Case, PieceText},
    figures::{Date, DateMention, Figure, Unit},
    flaw::Flaw,
};

/// Value below which a number in words may count what the evidence lists: "two banks" for the names of both.
const COUNTED_MAX: f64 = 13.0;
/// Value from which a bare number can be an amount of money.
const MONEY_MIN: f64 = 100.0;

/// Returns the first number and the first date of the claim that its evidence does not have.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let written = |start: usize, end: usize| case.statement.written(start..end);
    let number = case.statement.figures.iter().find_map(|figure| {
        let flaw = if is_of_name(case, figure) || is_one(figure) { None } else { number_flaw(case, figure) };
        flaw.map(|is_unit| {
            let written = written(figure.start, figure.end);
            if is_unit { Flaw::Unit(written) } else { Flaw::Number(written) }
        })
    });
    let date = case.statement.dates.iter().find(|date| !is_proven(case, date));
    number.into_iter().chain(date.map(|date| Flaw::Date(written(date.start, date.end)))).collect()
}

/// Returns whether a figure only says "a": "the one", 1年間.
pub(super) fn is_one(figure: &Figure) -> bool {
    let is_counted = !matches!(figure.unit, Unit::Money(_));
    figure.values == [1.0]
        && is_counted
        && (figure.is_spelled
            || matches!(&figure.unit, Unit::Measure { dimension, .. } if dimension.starts_with("duration")))
}

/// Returns whether the digits of a figure are part of a name, such as E1 or the company's own name.
fn is_of_name(case: &Case<'_>, figure: &Figure) -> bool {
    if figure.is_in_name {
        return true;
    }
    let written = case.statement.at(figure.start..figure.end);
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    let number: String = case.claim.company.number.chars().filter(char::is_ascii_digit).collect();
    !digits.is_empty()
        && (number.contains(&digits) && digits.len() > 2
            || case.company.contains(&digits)
            || number == digits)
}

/// Returns `None` if the evidence has the figure, and otherwise whether it has the value in another unit.
fn number_flaw(case: &Case<'_>, figure: &Figure) -> Option<bool> {
    if case.statement.language.is_dense() && figure.values == [1.0] && !figure.unit.is_strict() {
        return None;
    }
    let mut has_value = false;
    let mut has_other = false;
    let mut in_other_measure = false;
    for piece in &case.pieces {
        for proof in &piece.text.figures {
            if figure.is_other_form_of(proof) {
                return None;
            }
            let same_value = figure.has_value_of(proof);
            let agrees = match (&figure.unit, &proof.unit) {
                // Languages count the same things by different words.
                (Unit::Count(a), Unit::Count(b)) if a != b && !case.is_of_one_language() => None,
                (a, b) => a.agrees(b),
            };
            match agrees {
                Some(true) if same_value => return None,
                None if same_value && may_be_unit(piece, figure, proof) => return None,
                Some(true) => has_other = true,
                _ => {}
            }
            has_value |= same_value;
            in_other_measure |= is_other_measure(figure, proof);
        }
        // "2019" may be read as a number on one side and as a year on the other.
        let years = piece.text.dates.iter().flat_map(|date| &date.readings);
        if figure.unit == Unit::Unknown
            && years.flat_map(date_numbers).any(|number| figure.values.contains(&number))
        {
            return None;
        }
    }
    // A small number in words may count what the evidence lists.
    let is_word = figure.is_spelled || case.statement.language.is_dense();
    if is_word && figure.values.iter().all(|value| *value < COUNTED_MAX) && !has_other && !in_other_measure {
        return None;
    }
    Some(has_value)
}

/// Returns whether both are the same number of another measure: 12 days, and 12 years.
fn is_other_measure(figure: &Figure, proof: &Figure) -> bool {
    let measures = (&figure.unit, &proof.unit);
    let (Unit::Measure { dimension, factor }, Unit::Measure { dimension: other, factor: other_factor }) =
        measures
    else {
        return false;
    };
    figure.values == proof.values && (dimension != other || factor != other_factor)
}

/// Returns whether a proof of which only one side names a unit can be of the same unit.
fn may_be_unit(piece: &PieceText, figure: &Figure, proof: &Figure) -> bool {
    match (&figure.unit, &proof.unit) {
        // The claim names no unit, or a thing that the lexicon does not know: only a share or a rate is written as such.
        (Unit::Unknown, Unit::Measure { dimension, .. }) => *dimension != "percent",
        (Unit::Unknown, _) | (Unit::Count(_), _) => true,
        // Amounts after the first are often given without their currency.
        (Unit::Money(_), _) => {
            let large = proof.values.iter().any(|value| *value >= MONEY_MIN);
            let others = piece.text.figures.iter().filter(|other| matches!(other.unit, Unit::Money(_)));
            large
                && (others.clone().count() == 0
                    || others.into_iter().any(|other| figure.unit.agrees(&other.unit) == Some(true)))
        }
        (Unit::Measure { dimension, .. }, _) => *dimension != "percent",
    }
}

fn date_numbers(date: &Date) -> impl Iterator<Item = f64> {
    [date.year.map(f64::from), date.month.map(f64::from), date.day.map(f64::from)].into_iter().flatten()
}

/// Words for "last year" and other references to the time of publication.
const RELATIVE: [&str; 44] = [
    "last year",
    "previous year",
    "year earlier",
    "next year",
    "this year",
    "a year ago",
    "year before",
    "vorjahr",
    "letzten jahr",
    "vergangenen jahr",
    "kommenden jahr",
    "nächsten jahr",
    "diesem jahr",
    "l'an dernier",
    "l'année dernière",
    "année prochaine",
    "an prochain",
    "année précédente",
    "año pasado",
    "próximo año",
    "año anterior",
    "este año",
    "ano passado",
    "próximo ano",
    "este ano",
    "scorso anno",
    "anno scorso",
    "prossimo anno",
    "vorig jaar",
    "afgelopen jaar",
    "volgend jaar",
    "прошлом году",
    "прошлого года",
    "следующем году",
    "العام الماضي",
    "العام المقبل",
    "昨年",
    "前年",
    "来年",
    "去年",
    "明年",
    "작년",
    "지난해",
    "내년",
];

/// Returns whether the evidence has the date, or was published then.
fn is_proven(case: &Case<'_>, date: &DateMention) -> bool {
    let name_has = date.readings.iter().flat_map(date_numbers).all(|number| {
        case.company.words().any(|word| word.parse() == Ok(number))
            || case.claim.company.number.contains(&number.to_string())
    });
    name_has || case.pieces.iter().any(|piece| date.readings.iter().any(|date| proves(piece, *date)))
}

/// Returns whether a piece of evidence has the date.
pub(super) fn proves(piece: &PieceText, date: Date) -> bool {
    let years = || {
        let written = piece.text.dates.iter().flat_map(|date| &date.readings).filter_map(|date| date.year);
        written.chain(piece.times.iter().filter_map(|time| time.year))
    };
    let in_text = piece.text.dates.iter().flat_map(|date| &date.readings).any(|proof| {
        date.is_proven_by(*proof)
            // The year of "on 12 March" stands elsewhere or follows from the time of publication.
            || (proof.year.is_none() && date.may_be(*proof) && date.is_proven_by(Date { year: date.year, ..*proof })
                && date.year.is_none_or(|year| years().any(|known| known.abs_diff(year) <= 1)))
    });
    let published = piece.times.iter().any(|time| date.is_proven_by(*time));
    // A figure that the lexicon does not take for a year, such as "fiscal 2019".
    let in_figures = date.month.is_none()
        && piece
            .text
            .figures
            .iter()
            .any(|figure| date.year.is_some_and(|year| figure.values.contains(&f64::from(year))));
    let relative = date.year.is_some_and(|year| {
        piece.times.iter().any(|time| time.year.is_some_and(|known| known.abs_diff(year) == 1))
            && *piece
                .names_other_year
                .get_or_init(|| RELATIVE.iter().any(|phrase| piece.text.folded.contains(phrase)))
    });
    in_text
        || published
        || in_figures
        || relative
        || piece.times.iter().any(|time| is_relative(piece, date, *time))
}

/// Returns whether the evidence gives another figure of the same clause of the claim beside this one: "rank 22 of 180".
pub(super) fn has_companion(case: &Case<'_>, figure: &Figure) -> bool {
    let statement = &case.statement;
    let clause = statement.clause_at(figure.start);
    let others: Vec<&Figure> =
        statement.figures_in(&clause).filter(|other| other.start != figure.start && !is_one(other)).collect();
    let is_beside = |piece: &PieceText, own: &Figure| {
        let near = own.start.saturating_sub(COMPANION_GAP)..own.end + COMPANION_GAP;
        others.iter().any(|other| piece.text.figures_in(&near).any(|proof| other.has_value_of(proof)))
    };
    !others.is_empty()
        && case.pieces.iter().any(|piece| {
            piece.text.figures.iter().any(|own| figure.has_value_of(own) && is_beside(piece, own))
        })
}

/// Bytes between two figures that a text gives together.
const COMPANION_GAP: usize = 16;

/// Factor up to which two counts can be mistaken for each other.
const COMPARABLE: f64 = 100.0;

/// Returns whether one figure can be mistaken for the other.
pub(super) fn is_comparable(figure: &Figure, rival: &Figure) -> bool {
    if figure.is_day != rival.is_day {
        return false;
    }
    match (&figure.unit, &rival.unit) {
        (Unit::Unknown, Unit::Unknown | Unit::Count(_))
        | (Unit::Count(_), Unit::Unknown | Unit::Count(_)) => {
            let (a, b) = (figure.values.first().copied(), rival.values.first().copied());
            a.zip(b).is_some_and(|(a, b)| a.max(b) <= COMPARABLE * a.min(b))
        }
        (a, b) => {
            a.agrees(b).unwrap_or(false) || (matches!(a, Unit::Money(_)) && matches!(b, Unit::Money(_)))
        }
    }
}
