//! The form of a verifier's answer. The JSON Schema that the model receives is generated from these types, and
//! their doc comments are its descriptions: a changed comment is a changed prompt.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claim::ClaimSet;
use crate::assess::{
    answer::{Content, ModelAnswer},
    form::AnswerForm,
};

/// Maximum length of a reason that is kept, in characters.
const REASON_MAX: usize = 300;
/// Maximum length of the description of an answer that does not follow the schema, in characters.
const ERROR_MAX: usize = 160;

/// The form of a verifier's answer.
pub(super) static FORM: LazyLock<AnswerForm> =
    LazyLock::new(|| AnswerForm::of::<Verdicts>("record_verdicts", "Records a verdict on each claim."));

/// The verdicts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Verdicts {
    /// One verdict for each claim.
    pub(super) verdicts: Vec<JudgedClaim>,
}

/// A verdict on one claim.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JudgedClaim {
    /// Id of the claim, such as C1.
    pub(super) claim: String,
    /// The words of the evidence that decide.
    pub(super) reason: String,
    /// The verdict.
    pub(super) verdict: Verdict,
}

/// A verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Supported,
    Contradicted,
    NotStated,
    // A guardrail that does not support a language gives no verdict. A model's schema has no such value; a model that
    // writes it nevertheless leaves the claim to a person.
    #[schemars(skip)]
    NotJudged,
}

/// A verdict on a claim, with the verifier's reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// The reason, in English.
    pub(crate) reason: String,
}

impl Verdict {
    /// Returns the name of the verdict in answers and in the audit bundle.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Contradicted => "contradicted",
            Self::NotStated => "not_stated",
            Self::NotJudged => "not_judged",
        }
    }
}

/// Returns the judgement of each of `count` claims, in their order.
///
/// # Errors
/// Returns the problems of the answer, in English, unless it judges each claim exactly once and nothing else.
pub(super) fn judgements(answer: &ModelAnswer, count: usize) -> Result<Vec<Judgement>, Vec<String>> {
    let Content::Structured(content) = &answer.content else {
        return Err(vec!["the answer does not follow the schema".to_owned()]);
    };
    let Verdicts { verdicts } = serde_json::from_value(content.clone()).map_err(|error| {
        // The error repeats names that the model chose, perhaps because the evidence asked for them.
        let error = safe_text::clean(&error.to_string(), ERROR_MAX);
        vec![format!("the answer does not follow the schema: {error}")]
    })?;
    let mut problems = Vec::new();
    let mut judged: Vec<Option<Judgement>> = vec![None; count];
    for JudgedClaim { claim, reason, verdict } in verdicts {
        let place = (0..count).find(|index| ClaimSet::id(*index) == claim);
        match place.and_then(|index| judged.get_mut(index)) {
            None => problems.push(format!("there is no claim {}", safe_text::clean(&claim, 20))),
            Some(Some(_)) => problems.push(format!("claim {claim} has more than one verdict")),
            Some(judgement) => {
                *judgement = Some(Judgement { verdict, reason: safe_text::clean(&reason, REASON_MAX) });
            }
        }
    }
    let missing = judged.iter().enumerate().filter(|(_, judgement)| judgement.is_none());
    problems.extend(missing.map(|(index, _)| format!("claim {} has no verdict", ClaimSet::id(index))));
    if problems.is_empty() { Ok(judged.into_iter().flatten().collect()) } else { Err(problems) }
}
