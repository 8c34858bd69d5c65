//! What the method cannot show.

/// The limits of the method, one sentence or two each.
pub(crate) const LIMITS: [&str; 11] = [
    "Perturbed names are not customers. They are made from the list by rules, and real data have other errors, in other proportions, and several at once. The figures show how the engine reacts to each kind of error, not how many listed customers a bank has or would miss.",
    "Each kind has the same sample, whatever its share in real data, and the totals count each query once. Weigh the kinds by your own data before you compare totals.",
    "A query has the country of the entry, and for persons its date of birth, unless the kind says otherwise. Customers with another country or none score lower. Registration numbers, addresses and other identifiers are not used, although Dossier compares numbers as well.",
    "Clean names are put together from tables. By chance one may be the name of a real company or person. None is on the list, but a listed one may have a similar name that is a true resemblance, and is counted as a false alarm here.",
    "Clean names come from small tables and are simpler than a bank's customers. The alerts per 100,000 names are an order of magnitude for comparing thresholds and versions, not a forecast of workload. Screen a sample of your own customers for that.",
    "Siblings are made to be hard. Their rate of false alarms is an upper range and not that of ordinary names.",
    "The confidence intervals describe the chance of the sample alone. They treat queries as independent, although several kinds may use the same entry, and they say nothing about how well the kinds represent real data.",
    "Names in Chinese, Japanese, Korean, Arabic and other scripts that no rule can derive from Latin letters are tested only as far as the list has them as aliases.",
    "Tables of abbreviations, legal forms and spellings overlap with those of the engine, because both describe usual practice. Rare variants are missing in both.",
    "Weights and thresholds of the engine were tuned on US and UN lists. A list under test may be a version of one of them.",
    "The engine is tested alone. Whether the right lists are loaded in time, every customer is screened, and alerts are handled well is the subject of other controls.",
];
