//! Figures that the evidence gives per another period: per day, and per month in the claim.

use std::ops::Range;

use crate::{case::Case, flaw::Flaw, text::Text};

/// Periods of which a figure can be a rate, each with its phrases in folded form.
const PERIODS: [&[&str]; 5] = [
    &[
        "per hour",
        "an hour",
        "hourly",
        "毎時",
        "1時間当たり",
        "1時間あたり",
        "pro stunde",
        "par heure",
        "por hora",
    ],
    &[
        "per day",
        "a day",
        "every day",
        "each day",
        "daily",
        "1日当たり",
        "1日あたり",
        "日額",
        "日量",
        "毎日",
        "一日当たり",
        "por dia",
        "por día",
        "al día",
        "diario",
        "par jour",
        "pro tag",
        "täglich",
        "je tag",
        "al giorno",
        "per dag",
        "每天",
        "每日",
        "в день",
        "в сутки",
        "하루",
        "يوميا",
    ],
    &[
        "per week",
        "a week",
        "every week",
        "each week",
        "weekly",
        "毎週",
        "週当たり",
        "por semana",
        "par semaine",
        "pro woche",
        "wöchentlich",
        "alla settimana",
        "每周",
        "в неделю",
        "매주",
        "اسبوعيا",
    ],
    &[
        "per month",
        "a month",
        "every month",
        "each month",
        "monthly",
        "毎月",
        "月額",
        "月当たり",
        "月あたり",
        "por mes",
        "al mes",
        "por mês",
        "ao mês",
        "mensual",
        "par mois",
        "pro monat",
        "monatlich",
        "je monat",
        "al mese",
        "per maand",
        "每月",
        "в месяц",
        "매월",
        "매달",
        "월 ",
        "شهريا",
    ],
    &[
        "per year",
        "a year",
        "every year",
        "each year",
        "yearly",
        "annually",
        "毎年",
        "年額",
        "年間",
        "al año",
        "por año",
        "anual",
        "por ano",
        "ao ano",
        "par an",
        "pro jahr",
        "jährlich",
        "je jahr",
        "all'anno",
        "per jaar",
        "每年",
        "в год",
        "연간",
        "매년",
        "سنويا",
    ],
];

/// Number of bytes before and after a figure in which the period of its rate stands.
const BEFORE: usize = 24;
const AFTER: usize = 40;

/// Returns the first figure of the claim that is a rate per another period than in all of its evidence.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let statement = &case.statement;
    let moved = statement.figures.iter().find(|figure| {
        let Some(claimed) = period(statement, figure.start..figure.end) else { return false };
        let mut proofs = case
            .pieces
            .iter()
            .flat_map(|piece| piece.text.figures.iter().map(move |proof| (&piece.text, proof)))
            .filter(|(_, proof)| figure.has_value_of(proof))
            .map(|(text, proof)| period(text, proof.start..proof.end))
            .peekable();
        proofs.peek().is_some() && proofs.all(|period| period.is_some_and(|period| period != claimed))
    });
    moved.map(|figure| Flaw::Unit(statement.written(figure.start..figure.end))).into_iter().collect()
}

/// Returns the index of the period by which a figure is a rate, if there is exactly one near it.
fn period(text: &Text, figure: Range<usize>) -> Option<usize> {
    let clause = text.clause_at(figure.start);
    let folded = &text.folded;
    let start = folded.floor_char_boundary(figure.start.saturating_sub(BEFORE)).max(clause.start);
    let end =
        folded.ceil_char_boundary((figure.end + AFTER).min(folded.len())).min(clause.end.max(figure.end));
    let near = text.at(start..end);
    let mut periods = PERIODS.iter().enumerate().filter(|(_, phrases)| {
        phrases.iter().any(|phrase| near.match_indices(phrase).any(|(at, _)| is_word(near, at, phrase)))
    });
    let (only, _) = periods.next()?;
    periods.next().is_none().then_some(only)
}

/// Returns whether a phrase stands for itself and not within another word, and no other meaning follows: "a year ago".
fn is_word(text: &str, at: usize, phrase: &str) -> bool {
    let rest = &text[at + phrase.len()..];
    if !phrase.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return true;
    }
    let cut = text[..at].ends_with(char::is_alphanumeric) || rest.starts_with(char::is_alphanumeric);
    let is_time =
        [" ago", " later", " earlier", " before", " after"].iter().any(|word| rest.starts_with(word));
    !cut && !is_time
}
