//! A run over all lists.

use screening::{EntityKind, Screener, persons::PersonScreener};

use crate::{
    engine::Engine,
    evaluate::evaluate,
    limits::LIMITS,
    listing::Listing,
    pack::{ListResult, Pack},
    settings::Settings,
};

/// Measures the screening of each list and returns the pack.
pub(crate) fn run(settings: &Settings, lists: Vec<Listing>) -> Pack {
    Pack {
        v: 1,
        version: settings.version.to_owned(),
        rules: settings.rules.clone(),
        date: settings.date.map(|date| date.to_string()),
        seed: settings.seed,
        sample: settings.sample,
        resemblance_threshold: (f64::from(settings.resemblance_threshold) * 1e4).round() / 1e4,
        lists: lists.into_iter().map(|listing| list(settings, listing)).collect(),
        limits: LIMITS.to_vec(),
    }
}

fn list(settings: &Settings, mut listing: Listing) -> ListResult {
    let mut subjects = Vec::new();
    for kind in [EntityKind::Organization, EntityKind::Person] {
        let entities = listing.take(kind);
        if entities.is_empty() {
            continue;
        }
        let engine: Box<dyn Engine> = match kind {
            EntityKind::Organization => Box::new(Screener::new(entities.clone())),
            EntityKind::Person => Box::new(PersonScreener::new(entities.clone())),
        };
        subjects.push(evaluate(engine.as_ref(), kind, &entities, settings.seed, settings.sample));
    }
    let Listing { list, name, files } = listing;
    ListResult { name, published: list.published, files, subjects }
}
