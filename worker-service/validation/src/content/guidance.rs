//! What guidance on sanctions screening asks for, and where this document answers it.

use crate::document::{Column, Part, Table};

/// The guidelines of the European Banking Authority.
const EBA: &str = "EBA/GL/2024/15";
/// The guidance of the Wolfsberg Group.
const WOLFSBERG: &str = "Wolfsberg";

/// What is asked, by whom, and where it is answered.
const QUESTIONS: [(&str, &str, &str); 12] = [
    (
        EBA,
        "Know the capabilities and the limits of the screening system, and be able to show that it suits the institution's exposure.",
        "Results by kind of query; Limits of the method",
    ),
    (
        EBA,
        "Calibrate the settings so that the system finds what it must and raises alerts of good quality; do not rely on exact matching alone.",
        "The threshold; Results by kind of query",
    ),
    (
        EBA,
        "Test the calibration before the system is used and regularly after that, with data of the lists as they are and with manipulated data.",
        "How it was tested: exact names and aliases, and every kind of perturbation",
    ),
    (
        EBA,
        "Take different spellings, transliterations and the order of names into account.",
        "Results by kind of query: romanisation, scripts, marks, word order, spacing",
    ),
    (
        EBA,
        "Use lists that are complete and current.",
        "What was tested states version and digest of each list. Whether lists are loaded in time is not tested here",
    ),
    (
        EBA,
        "Document settings, tests and their results so that a supervisor can follow them.",
        "What was tested; How to repeat this; validation.json",
    ),
    (
        EBA,
        "Review regularly whether screening is effective, and remedy weaknesses.",
        "Run this again for each version of program and list, and compare; Misses lists what to look into",
    ),
    (
        WOLFSBERG,
        "Screening compares texts and has limits as a control: know and state them.",
        "Limits of the method",
    ),
    (
        WOLFSBERG,
        "Set the degree of fuzzy matching on grounds of risk, and know what it costs in alerts.",
        "The threshold; Alerts on clean names",
    ),
    (
        WOLFSBERG,
        "Generate productive alerts: measure how many are not true matches.",
        "Alerts on clean names; False alarms",
    ),
    (
        WOLFSBERG,
        "Decide how weak aliases are handled.",
        "How it was tested: weak aliases are not used as queries; they are shown as resemblances and never make a match alone",
    ),
    (
        WOLFSBERG,
        "Test and validate the technology, its rules and its thresholds independently and periodically.",
        "How to repeat this: anybody can run the test with a seed and a list of their own",
    ),
];

/// Returns the table of questions and answers.
pub(super) fn guidance() -> Vec<Part> {
    let rows = QUESTIONS
        .iter()
        .map(|(who, what, answer)| [who, what, answer].map(|text| (*text).to_owned()).to_vec());
    vec![
        Part::text(
            "The table relates this document to two sources. It gives their subjects in our words, without citing sections; \
             the wording of the sources decides. What they ask for beyond the engine (governance, data of customers, handling of alerts, ownership and \
             control, reporting) is not covered here.",
        ),
        Part::List {
            items: vec![
                format!(
                    "{EBA}: European Banking Authority, Guidelines on internal policies, procedures and controls to ensure the \
                     implementation of Union and national restrictive measures under Regulation (EU) 2023/1113, \
                     14 November 2024. They address payment service providers and crypto-asset service providers; their \
                     companion EBA/GL/2024/14 addresses all financial institutions."
                ),
                format!("{WOLFSBERG}: The Wolfsberg Group, Guidance on Sanctions Screening, 2019."),
            ],
        },
        Part::Table(Table {
            caption: "What is asked for, and where it is answered".to_owned(),
            columns: vec![
                Column::text("Source", 1.0),
                Column::text("What is asked for", 2.6),
                Column::text("Where it is answered", 2.2),
            ],
            rows: rows.collect(),
        }),
    ]
}
