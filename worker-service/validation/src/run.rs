//! A run over all lists.

use screening::{EntityKind, Screener};

use crate::{
    evaluate::evaluate,
    limits::LIMITS,
    listing::Listing,
    pack::{ListResult, NotCovered, Pack},
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
    let organizations = listing.take(EntityKind::Organization);
    if !organizations.is_empty() {
        let engine = Screener::new(organizations.clone());
        subjects.push(evaluate(
            &engine,
            EntityKind::Organization,
            &organizations,
            settings.seed,
            settings.sample,
        ));
    }
    let persons = listing.take(EntityKind::Person);
    let mut not_covered = Vec::new();
    if !persons.is_empty() {
        not_covered.push(NotCovered {
            subject: "persons",
            entries: persons.len(),
            reason: "not covered: this version screens companies and other bodies only",
        });
    }
    ListResult {
        name: listing.name,
        published: listing.list.published,
        files: listing.files,
        subjects,
        not_covered,
    }
}
