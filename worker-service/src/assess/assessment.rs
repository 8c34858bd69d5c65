//! The result of an assessment: level, summary, findings, and the reasons for a review by a person.

use domain::{
    assessment::Summary,
    document::{Document, Dropped, PassedOver, Versions},
    evidence::Snapshot,
    identity::ReportId,
    language::{Language, Words},
    number_check::NumberCheck,
    report::{Review, Usage},
    request::ReportRequest,
    risk::{OpenDecision, RiskLevel, Rulebook, RulesAssessment},
    time::UtcTime,
};

use super::{
    answer::ModelAnswer,
    checks::{Checked, Doubt, Instructions, Place, Problem},
    opinion::Opinion,
    verification::{Verification, Verified},
};

/// The result of an assessment.
#[derive(Clone, Debug)]
pub struct Assessment {
    assessed: RulesAssessment,
    rules_version: String,
    opinion: Option<Opinion>,
    summary: Summary,
    dropped: Vec<Dropped>,
    review: Vec<OpenDecision>,
    model: Option<ModelAnswer>,
    prompt: String,
    passed_over: Vec<PassedOver>,
    /// The verification of the claims, if there was one.
    pub(crate) verification: Option<Verification>,
    /// Every answer of a model, in order, with the problems that the checks found.
    pub(crate) answers: Vec<(ModelAnswer, Vec<Problem>)>,
}

/// The parts from which an assessment is built.
pub(super) struct AssessmentParts<'a> {
    pub(super) assessed: RulesAssessment,
    pub(super) instructions: &'a Instructions,
    /// The index of the best answer in `answers`, and the part of it that passed the checks.
    pub(super) best: Option<(usize, Checked)>,
    pub(super) answers: Vec<(ModelAnswer, Vec<Problem>)>,
    pub(super) passed_over: Vec<PassedOver>,
    pub(super) verification: Option<Verification>,
    pub(super) prompt: String,
}

impl Assessment {
    /// Builds the assessment. Texts that no model wrote are in `language`.
    pub(super) fn build(parts: AssessmentParts<'_>, rulebook: &Rulebook, language: Language) -> Self {
        let words = rulebook.words(language);
        let AssessmentParts { assessed, instructions, best, answers, passed_over, verification, prompt } =
            parts;
        let (chosen, checked) = match best {
            Some((index, checked)) => (answers.get(index).map(|(answer, _)| answer.clone()), checked),
            None => (None, Checked::default()),
        };
        let Checked { mut opinion, problems, mut dropped, doubts } = checked;
        let verified = match (&verification, &mut opinion) {
            (Some(verification), Some(opinion)) => verification.apply(opinion, words),
            _ => Verified::default(),
        };
        dropped.extend(verified.dropped);
        // What makes the level unknown comes first.
        let missing = assessed.missing.iter().map(|source| {
            let source = words.text_of("sources", source.as_str());
            OpenDecision::new(words.fill("review.source_missing", &[("source", source)]))
        });
        let mut review: Vec<OpenDecision> = missing.chain(assessed.review.iter().cloned()).collect();
        let mut decide = |text: String| review.push(OpenDecision::new(text));
        let level = |level: RiskLevel| words.text_of("levels", level.as_str());
        if let Some(opinion) = opinion.as_ref().filter(|_| assessed.missing.is_empty()) {
            let key =
                if opinion.level > assessed.floor { "review.model_higher" } else { "review.model_lower" };
            if opinion.level != assessed.floor {
                let (proposed, floor) = (level(opinion.level.into()), level(assessed.floor.into()));
                decide(words.fill(key, &[("level", proposed), ("floor", floor)]));
            }
        }
        match dropped.len() {
            0 => {}
            1 => decide(words.text("review.dropped_one").to_owned()),
            count => decide(words.fill("review.dropped_many", &[("count", &count.to_string())])),
        }
        verified.review.into_iter().for_each(&mut decide);
        // A verifier judges better than these checks, which doubt many a true claim.
        let has_judged = |statement: &str| {
            verification.as_ref().is_some_and(|verification| verification.has_judged(statement))
        };
        for Doubt { statement, reason } in doubts.iter().filter(|doubt| !has_judged(&doubt.statement)) {
            decide(words.fill("review.doubted", &[("statement", statement), ("why", reason)]));
        }
        // A filter or guardrail may have changed or removed a part of an answer that looks complete.
        if let (Some(answer), Some(_)) = (&chosen, &opinion)
            && !answer.ended_normally()
        {
            decide(words.fill("review.intervened", &[("stop_reason", &answer.stop_reason)]));
        }
        let with_instructions = instructions.evidence_ids();
        if !with_instructions.is_empty() {
            decide(words.fill("review.instructions", &[("ids", &with_instructions.join(", "))]));
        }
        let summary = match opinion.as_ref().and_then(|opinion| opinion.summary.clone()) {
            Some(summary) => summary,
            None => {
                // A problem of the summary explains more than one of the whole answer. If there is neither,
                // no model was asked.
                let first_at = |place: Place| problems.iter().find(move |problem| problem.place == place);
                let problem = first_at(Place::Summary).or_else(|| first_at(Place::Answer));
                let why = verified
                    .without_summary
                    .or_else(|| problem.map(|problem| problem.flaw.text(words)))
                    .unwrap_or_else(|| words.text("review.not_asked").to_owned());
                decide(words.fill("review.no_summary", &[("why", &why)]));
                from_rules(&assessed, words)
            }
        };
        // A stored answer names the prompt that it was given, which may be that of an earlier version of
        // Dossier.
        let last = chosen.as_ref().or(answers.last().map(|(answer, _)| answer));
        let prompt = last.map_or(prompt, |answer| answer.prompt.clone());
        let model = chosen.filter(|_| opinion.is_some());
        let rules_version = rulebook.rules().version().to_owned();
        Self {
            assessed,
            rules_version,
            opinion,
            summary,
            dropped,
            review,
            model,
            prompt,
            passed_over,
            verification,
            answers,
        }
    }
}

impl Assessment {
    /// Returns the total usage of all answers, those of the verifier included.
    pub(crate) fn usage(&self) -> Usage {
        let verifying = self.verification.iter().flat_map(|verification| &verification.answers);
        let answers = self.answers.iter().map(|(answer, _)| answer).chain(verifying);
        answers.fold(Usage::default(), |sum, answer| sum.plus(answer.usage))
    }

    /// Returns whether a model wrote the summary.
    pub fn has_summary_by_model(&self) -> bool {
        self.opinion.as_ref().is_some_and(|opinion| opinion.summary.is_some())
    }

    /// Returns the level of the report.
    pub(crate) fn level(&self) -> RiskLevel {
        self.assessed.level(self.opinion.as_ref().map(|opinion| opinion.level))
    }

    /// Returns the finished report `id` for `request`.
    pub fn into_document(
        self,
        id: ReportId,
        request: &ReportRequest,
        snapshot: &Snapshot,
        now: UtcTime,
    ) -> Document {
        Document {
            report_id: id,
            company: request.clone(),
            number_check: Some(NumberCheck::of(request, request.language.base_words())),
            risk_level: self.level(),
            risk_score: self.assessed.score,
            rules: self.assessed.rules,
            summary: self.summary,
            findings: self.opinion.map(|opinion| opinion.findings).unwrap_or_default(),
            evidence: snapshot.evidence().cloned().collect(),
            sources: snapshot.sources.clone(),
            missing_sources: self.assessed.missing,
            dropped: self.dropped,
            review: Review::because(self.review.iter().map(|decision| decision.text.clone()).collect()),
            open_decisions: self.review,
            versions: Versions {
                dossier: env!("CARGO_PKG_VERSION").to_owned(),
                rules: self.rules_version,
                sources: snapshot.versions.clone(),
                prompt: self.prompt,
                model_parameters: self.model.as_ref().map(|answer| answer.parameters.clone()),
                model: self.model.map(|answer| answer.model),
                passed_over: self.passed_over,
                verifier: self.verification.as_ref().map(Verification::to_version),
                written_at: now,
            },
        }
    }
}

/// Returns the summary of a report for which no model wrote one. It consists of the effects of the rules.
fn from_rules(assessed: &RulesAssessment, words: &Words) -> Summary {
    let level = words.text_of("levels", assessed.level(None).as_str());
    let mut sentences = vec![words.fill("from_rules.level", &[("level", level)])];
    let mut citations: Vec<String> = Vec::new();
    for rule in &assessed.rules {
        sentences.push(rule.effect.clone());
        let new: Vec<String> = rule.because.iter().filter(|id| !citations.contains(id)).cloned().collect();
        citations.extend(new);
    }
    if !assessed.missing.is_empty() {
        let names = assessed.missing.iter().map(|source| words.text_of("sources", source.as_str()));
        let names: Vec<&str> = names.collect();
        sentences.push(words.fill("from_rules.missing", &[("sources", &names.join(", "))]));
    } else if assessed.rules.is_empty() {
        sentences.push(words.text("from_rules.no_rule").to_owned());
    }
    Summary { text: sentences.join(" "), citations }
}
