//! Evaluates the engine on the entries of one list and kind.

use screening::{EntityKind, ListedEntity};

use crate::{
    engine::Engine,
    kinds::{self, Kind},
    measure::{self, Answer, CURVE, proportion},
    pack::{
        CleanFigures, CurvePoint, Entry, KindResult, ListedFigures, Mistake, Mistakes, PerHundredThousand,
        SubjectResult, Totals,
    },
    proportion::Proportion,
    sample,
    words::ListWords,
};

/// Maximum number of wrong answers that are listed for a kind.
const SHOWN_MAX: usize = 50;

/// Returns the result of `engine`, which was built from `entities`, all of the kind `subject`.
pub(crate) fn evaluate(
    engine: &dyn Engine,
    subject: EntityKind,
    entities: &[ListedEntity],
    seed: u64,
    sample: usize,
) -> SubjectResult {
    let words = ListWords::new(entities);
    let answers: Vec<(&Kind, Vec<Answer<'_>>)> = kinds::of(subject)
        .iter()
        .map(|kind| (kind, measure::ask(engine, sample::draw(kind, entities, &words, seed, sample))))
        .collect();
    let threshold = engine.threshold();
    SubjectResult {
        subject: match subject {
            EntityKind::Organization => "organizations",
            EntityKind::Person => "persons",
        },
        entries: entities.len(),
        names: entities.iter().map(|entity| entity.names().count()).sum(),
        threshold: rounded(threshold),
        kinds: answers.iter().map(|(kind, answers)| kind_result(kind, answers, threshold)).collect(),
        totals: totals(&answers, threshold),
        curve: curve(&answers),
    }
}

fn kind_result(kind: &Kind, answers: &[Answer<'_>], threshold: f32) -> KindResult {
    let is_clean = kind.is_clean();
    let is_mistake = |answer: &&Answer<'_>| {
        if is_clean { answer.has_others(threshold) } else { !answer.is_found(threshold) }
    };
    let mistakes: Vec<&Answer<'_>> = answers.iter().filter(is_mistake).collect();
    KindResult {
        id: kind.id,
        title: kind.title,
        method: kind.method,
        queries: answers.len(),
        listed: (!is_clean).then(|| listed(&answers.iter().collect::<Vec<_>>(), threshold)),
        clean: is_clean.then(|| clean(&answers.iter().collect::<Vec<_>>(), threshold)),
        mistakes: Mistakes {
            count: mistakes.len(),
            shown: mistakes.into_iter().take(SHOWN_MAX).map(mistake).collect(),
        },
    }
}

fn mistake(answer: &Answer<'_>) -> Mistake {
    let Answer { case, score, best, .. } = answer;
    Mistake {
        query: case.query.name.clone(),
        country: case.query.country.clone(),
        birth_date: case.query.birth_date.map(|date| date.to_string()),
        expected: case.expected.map(|entity| Entry { id: entity.id.clone(), name: entity.name.clone() }),
        expected_score: case.expected.map(|_| rounded(*score)),
        best: best.as_ref().map(|best| Entry { id: best.id.clone(), name: best.name.clone() }),
        best_score: best.as_ref().map(|best| rounded(best.score)),
    }
}

fn listed(answers: &[&Answer<'_>], threshold: f32) -> ListedFigures {
    ListedFigures {
        found_first: proportion(answers.iter().copied(), |answer| {
            answer.is_first && answer.is_found(threshold)
        }),
        found: proportion(answers.iter().copied(), |answer| answer.is_found(threshold)),
        others_reported: proportion(answers.iter().copied(), |answer| answer.has_others(threshold)),
    }
}

fn clean(answers: &[&Answer<'_>], threshold: f32) -> CleanFigures {
    let false_alarms = proportion(answers.iter().copied(), |answer| answer.has_others(threshold));
    CleanFigures { false_alarms, alerts_per_100_000: per_hundred_thousand(false_alarms) }
}

fn per_hundred_thousand(proportion: Proportion) -> Option<PerHundredThousand> {
    let scaled = |share: f64| (share * 100_000.0).round() as u32;
    Some(PerHundredThousand {
        alerts: scaled(proportion.share?),
        low: scaled(proportion.low?),
        high: scaled(proportion.high?),
    })
}

/// Returns the answers of the kinds that `is_chosen` selects.
fn chosen<'a>(
    answers: &'a [(&Kind, Vec<Answer<'a>>)],
    is_chosen: impl Fn(&Kind) -> bool,
) -> Vec<&'a Answer<'a>> {
    answers.iter().filter(|(kind, _)| is_chosen(kind)).flat_map(|(_, answers)| answers).collect()
}

fn totals(answers: &[(&Kind, Vec<Answer<'_>>)], threshold: f32) -> Totals {
    Totals {
        listed: listed(&chosen(answers, |kind| !kind.is_clean()), threshold),
        ordinary: clean(&chosen(answers, Kind::is_ordinary), threshold),
        siblings: clean(&chosen(answers, |kind| kind.is_clean() && !kind.is_ordinary()), threshold),
    }
}

fn curve(answers: &[(&Kind, Vec<Answer<'_>>)]) -> Vec<CurvePoint> {
    let at = |hundredths: u8| {
        let threshold = f32::from(hundredths) / 100.0;
        let totals = totals(answers, threshold);
        CurvePoint {
            threshold: f64::from(hundredths) / 100.0,
            found_first: totals.listed.found_first,
            found: totals.listed.found,
            false_alarms: totals.ordinary.false_alarms,
            sibling_alarms: totals.siblings.false_alarms,
        }
    };
    CURVE.map(at).collect()
}

/// Returns a score with four decimal places.
fn rounded(score: f32) -> f64 {
    (f64::from(score) * 1e4).round() / 1e4
}
