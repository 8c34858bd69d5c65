//! The claims of an assessment, each with the evidence that it cites.

use domain::{
    artifact::sha256_hex,
    assessment::{Finding, Summary},
    evidence::{Evidence, Snapshot},
    request::ReportRequest,
};
use serde_json::{Value, json};

/// What a claim is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClaimKind {
    /// A finding.
    Finding,
    /// The summary. It may also speak of the search and of the rules, which are no evidence.
    Summary,
}

/// A claim about a company.
#[derive(Clone, Debug)]
pub(crate) struct Claim<'a> {
    /// What the claim is part of.
    pub(crate) kind: ClaimKind,
    /// The claim itself.
    pub(crate) statement: &'a str,
    /// The pieces of evidence that the claim cites.
    pub(crate) evidence: Vec<CitedEvidence<'a>>,
}

/// A piece of evidence that a claim cites.
#[derive(Clone, Debug)]
pub(crate) struct CitedEvidence<'a> {
    /// The piece.
    pub(crate) piece: &'a Evidence,
    /// The quotes from it that the claim relies on.
    pub(crate) quotes: Vec<&'a str>,
}

/// The claims about one company.
#[derive(Clone, Debug)]
pub(crate) struct ClaimSet<'a> {
    /// The request that names the company.
    pub(crate) request: &'a ReportRequest,
    /// The claims.
    pub(crate) claims: Vec<Claim<'a>>,
}

/// The blocks of a question to a model about a [`ClaimSet`].
#[derive(Clone, Debug)]
pub(super) struct ClaimSetJson {
    /// The company.
    pub(super) company: Value,
    /// Each piece of evidence that a claim cites.
    pub(super) evidence: Value,
    /// The claims, with the ids of the pieces that they cite.
    pub(super) claims: Value,
}

impl ClaimKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Finding => "finding",
            Self::Summary => "summary",
        }
    }
}

impl<'a> Claim<'a> {
    /// Returns the claim that `finding` makes. Citations of evidence that `snapshot` does not hold are left
    /// out.
    pub(crate) fn of_finding(finding: &'a Finding, snapshot: &'a Snapshot) -> Self {
        let mut evidence: Vec<CitedEvidence<'a>> = Vec::new();
        for citation in &finding.citations {
            match evidence.iter_mut().find(|cited| cited.piece.id == citation.evidence_id) {
                Some(cited) => cited.quotes.push(&citation.quote),
                None => {
                    let piece = snapshot.evidence().find(|piece| piece.id == citation.evidence_id);
                    evidence
                        .extend(piece.map(|piece| CitedEvidence { piece, quotes: vec![&citation.quote] }));
                }
            }
        }
        Self { kind: ClaimKind::Finding, statement: &finding.statement, evidence }
    }

    /// Returns the claim that `summary` makes. Citations of evidence that `snapshot` does not hold are left
    /// out.
    pub(crate) fn of_summary(summary: &'a Summary, snapshot: &'a Snapshot) -> Self {
        let cited = |piece: &&Evidence| summary.citations.contains(&piece.id);
        let evidence = snapshot.evidence().filter(cited);
        let evidence = evidence.map(|piece| CitedEvidence { piece, quotes: Vec::new() }).collect();
        Self { kind: ClaimKind::Summary, statement: &summary.text, evidence }
    }

    /// Returns the SHA-256 of the claim and its evidence, in hexadecimal.
    fn digest(&self) -> String {
        let cited = |cited: &CitedEvidence<'_>| json!({"id": cited.piece.id, "sha256": cited.piece.sha256, "quotes": cited.quotes});
        let evidence: Vec<Value> = self.evidence.iter().map(cited).collect();
        let claim = json!({"kind": self.kind.as_str(), "claim": self.statement, "evidence": evidence});
        sha256_hex(claim.to_string().as_bytes())
    }
}

impl ClaimSet<'_> {
    /// Returns the id of the claim at `index`: `C1`, `C2`, …
    pub(crate) fn id(index: usize) -> String {
        format!("C{}", index + 1)
    }

    /// Returns the SHA-256 of each claim, which tells whether a stored answer judges these claims.
    pub(super) fn digests(&self) -> Vec<String> {
        self.claims.iter().map(Claim::digest).collect()
    }

    /// Returns the company, the evidence and the claims as a model reads them. Each piece of evidence stands there
    /// once, however many claims cite it; a claim names the pieces that it cites.
    pub(super) fn to_json(&self) -> ClaimSetJson {
        let ReportRequest { company_name, corporate_number, country, .. } = self.request;
        let company =
            json!({"companyName": company_name, "corporateNumber": corporate_number, "country": country});
        let mut pieces: Vec<&Evidence> = Vec::new();
        for CitedEvidence { piece, .. } in self.claims.iter().flat_map(|claim| &claim.evidence) {
            if pieces.iter().all(|other| other.id != piece.id) {
                pieces.push(piece);
            }
        }
        let piece = |piece: &&Evidence| {
            json!({
                "id": piece.id,
                "source": piece.source,
                "title": piece.title,
                "text": piece.text,
                "publishedAt": piece.published_at,
            })
        };
        let cited = |cited: &CitedEvidence<'_>| json!({"evidence": cited.piece.id, "quotes": cited.quotes});
        let claim = |(index, claim): (usize, &Claim<'_>)| {
            json!({
                "id": Self::id(index),
                "kind": claim.kind.as_str(),
                "claim": claim.statement,
                "cites": claim.evidence.iter().map(cited).collect::<Vec<_>>(),
            })
        };
        ClaimSetJson {
            company,
            evidence: pieces.iter().map(piece).collect(),
            claims: self.claims.iter().enumerate().map(claim).collect(),
        }
    }
}
