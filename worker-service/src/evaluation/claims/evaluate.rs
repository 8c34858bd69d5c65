//! Checks and verifies the claims of a corpus, those about one company together, as a report does. Claims that cite the
//! same piece of evidence are apart: a corpus has true and untrue twins, of which a verifier could pick the odd one out.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    assessment::{Category, Citation, Finding, Severity},
    evidence::{EvidenceDraft, Snapshot, SourceName},
    report::Usage,
    request::ReportRequest,
    time::UtcTime,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    corpus::{ClaimCorpus, LabelledClaim},
    result::{ByChecks, ByVerifier, ClaimEvaluation, ClaimResult},
};
use crate::{
    assess::{
        CheckedFinding, Checks, Claim, ClaimSet, ClaimVerifier, Instructions, NoLedger, Verdict,
        Verification, verify,
    },
    concurrency_limit::ConcurrencyLimit,
    evaluation::snapshot::snapshot,
    failure::AttemptError,
};

/// Claims of a corpus about one company, in one language, with their evidence. No two cite the same piece.
struct CompanyClaims<'a> {
    request: &'a ReportRequest,
    claims: Vec<&'a LabelledClaim>,
    snapshot: Snapshot,
    /// One finding for each claim.
    findings: Vec<Finding>,
}

/// What became of the claims about one company.
struct CompanyResult {
    claims: Vec<ClaimResult>,
    /// Name and prompt of the verifier that was asked.
    verifier: Option<[String; 2]>,
    usage: Usage,
}

/// Checks the claims of `corpus` and has `verifier`, if there is one, judge those that pass. A call judges claims about
/// one company that cite different evidence; at most `concurrency` calls are made at a time. No budget limits the
/// calls, and no answer is stored.
///
/// # Errors
/// Returns an [`AttemptError`] if the prompt of the verifier cannot be filled in. A verifier that gives no usable
/// answer is counted, not an error.
pub async fn evaluate_claims(
    corpus: &ClaimCorpus,
    verifier: Option<Arc<dyn ClaimVerifier>>,
    concurrency: usize,
) -> Result<ClaimEvaluation, AttemptError> {
    let limit = ConcurrencyLimit::new(concurrency);
    let companies = by_company(corpus);
    let results = companies.iter().map(|company| company.evaluate(verifier.as_deref(), &limit));
    let results: Vec<CompanyResult> =
        stream::iter(results).buffered(concurrency.max(1)).try_collect().await?;
    let usage = results.iter().fold(Usage::default(), |sum, result| sum.plus(result.usage));
    let named = results.iter().find_map(|result| result.verifier.clone());
    let claims: Vec<ClaimResult> = results.into_iter().flat_map(|result| result.claims).collect();
    Ok(ClaimEvaluation::new(named, &claims, usage))
}

/// Returns the claims of `corpus` by company, country and language, without two that cite the same piece together.
fn by_company(corpus: &ClaimCorpus) -> Vec<CompanyClaims<'_>> {
    let mut companies: BTreeMap<[&str; 3], Vec<Vec<&LabelledClaim>>> = BTreeMap::new();
    for claim in &corpus.claims {
        let ReportRequest { company_name, country, language, .. } = &claim.request;
        let groups = companies.entry([company_name, country.code(), language.tag()]).or_default();
        match groups.iter_mut().find(|group| !group.iter().any(|other| cite_same_piece(claim, other))) {
            Some(group) => group.push(claim),
            None => groups.push(vec![claim]),
        }
    }
    companies.into_values().flatten().filter_map(CompanyClaims::new).collect()
}

fn cite_same_piece(one: &LabelledClaim, other: &LabelledClaim) -> bool {
    let cited = |claim: &LabelledClaim| {
        let is_cited = |id: &String| claim.citations.iter().any(|(cited, _)| cited == id);
        let pieces = claim.evidence.iter().filter(|(id, ..)| is_cited(id));
        pieces.map(|(_, source, draft)| (source.clone(), draft.clone())).collect::<Vec<_>>()
    };
    let others = cited(other);
    cited(one).iter().any(|piece| others.contains(piece))
}

impl<'a> CompanyClaims<'a> {
    fn new(claims: Vec<&'a LabelledClaim>) -> Option<Self> {
        let request = &claims.first()?.request;
        let mut pieces: Vec<(SourceName, EvidenceDraft)> = Vec::new();
        for (_, source, draft) in claims.iter().flat_map(|claim| &claim.evidence) {
            let piece = (source.clone(), draft.clone());
            if !pieces.contains(&piece) {
                pieces.push(piece);
            }
        }
        // A snapshot numbers the evidence in the order of the sources.
        pieces.sort_by_key(|(name, _)| sources::REGISTERED.iter().position(|source| source.name == *name));
        // No claim is about this day, so that the day of retrieval proves no date of a claim.
        let snapshot = snapshot(pieces.clone(), &[], UtcTime::from_epoch_millis(0));
        let findings = claims.iter().map(|claim| finding(claim, &pieces)).collect();
        Some(Self { request, claims, snapshot, findings })
    }

    async fn evaluate(
        &self,
        verifier: Option<&dyn ClaimVerifier>,
        limit: &ConcurrencyLimit,
    ) -> Result<CompanyResult, AttemptError> {
        let checked = self.check();
        let passed: Vec<&Finding> = checked.iter().flatten().map(|(finding, _)| finding).collect();
        let verification = match verifier {
            Some(verifier) if !passed.is_empty() => {
                let claims = passed.iter().map(|finding| Claim::of_finding(finding, &self.snapshot));
                let claims = ClaimSet { request: self.request, claims: claims.collect() };
                Some(verify(verifier, &claims, Usage::default(), &mut NoLedger, limit).await?)
            }
            _ => None,
        };
        let mut verdicts = verification.iter().flat_map(by_verifier);
        let claims = self.claims.iter().zip(&checked).map(|(claim, checked)| {
            let (by_checks, by_verifier, reason) = match checked {
                Ok((_, None)) => (ByChecks::Passed, verdicts.next(), None),
                Ok((_, Some(doubt))) => (ByChecks::Doubted, verdicts.next(), Some(doubt.reason.clone())),
                Err(flaws) => {
                    let words = self.request.language.base_words();
                    (ByChecks::Dropped, None, flaws.first().map(|flaw| flaw.text(words)))
                }
            };
            let LabelledClaim { id, kind, is_true, .. } = claim;
            ClaimResult {
                id: id.clone(),
                kind: kind.clone(),
                is_true: *is_true,
                by_checks,
                by_verifier,
                reason,
            }
        });
        let claims = claims.collect();
        let usage = verification.iter().flat_map(|verification| &verification.answers);
        let usage = usage.fold(Usage::default(), |sum, answer| sum.plus(answer.usage));
        let named = |verifier: &dyn ClaimVerifier| [verifier.id().to_owned(), verifier.version().to_owned()];
        Ok(CompanyResult { claims, verifier: verifier.map(named), usage })
    }

    /// Checks each claim as a finding of a report.
    fn check(&self) -> Vec<CheckedFinding> {
        let assessed = sources::rulebook().assess(&self.snapshot, &[], self.request.language);
        let instructions = Instructions::find(&self.snapshot, &self.request.company_name);
        let checks = Checks {
            request: self.request,
            snapshot: &self.snapshot,
            assessed: &assessed,
            instructions: &instructions,
        };
        checks.check_findings(&self.findings)
    }
}

/// Returns the finding that states `claim`. The ids of its citations are those of a snapshot of `pieces`.
fn finding(claim: &LabelledClaim, pieces: &[(SourceName, EvidenceDraft)]) -> Finding {
    let citations = claim.citations.iter().filter_map(|(id, quote)| {
        let (_, source, draft) = claim.evidence.iter().find(|(evidence, ..)| evidence == id)?;
        let place = pieces.iter().position(|(name, piece)| name == source && piece == draft)?;
        Some(Citation { evidence_id: format!("E{}", place + 1), quote: quote.clone() })
    });
    Finding {
        category: Category::Other,
        severity: Severity::Medium,
        statement: claim.statement.clone(),
        citations: citations.collect(),
    }
}

/// Returns what became of each claim of `verification`, in their order, and then that the verifier failed.
fn by_verifier(verification: &Verification) -> impl Iterator<Item = ByVerifier> {
    let judgements = verification.result.as_ref().map(Vec::as_slice).unwrap_or_default();
    let judged = judgements.iter().map(|judgement| match judgement.verdict {
        Verdict::Supported => ByVerifier::Kept,
        Verdict::Contradicted | Verdict::NotStated => ByVerifier::Dropped,
        Verdict::NotJudged => ByVerifier::NotJudged,
    });
    judged.chain(std::iter::repeat(ByVerifier::Failed))
}
