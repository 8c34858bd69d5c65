//! The queries of a full-text search: phrases in quotation marks, words, brackets, OR and a minus.

/// A parsed query.
#[derive(Debug)]
pub(super) enum Query {
    Text(String),
    Not(Box<Query>),
    All(Vec<Query>),
    Any(Vec<Query>),
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let mut rest = text;
        Self::any(&mut rest)
    }

    fn any(rest: &mut &str) -> Self {
        let mut parts = vec![Self::all(rest)];
        while let Some(next) = rest.trim_start().strip_prefix("OR ") {
            *rest = next;
            parts.push(Self::all(rest));
        }
        Self::Any(parts)
    }

    fn all(rest: &mut &str) -> Self {
        let mut parts = Vec::new();
        loop {
            *rest = rest.trim_start();
            if rest.is_empty() || rest.starts_with("OR ") || rest.starts_with(')') {
                return Self::All(parts);
            }
            parts.push(Self::one(rest));
        }
    }

    fn one(rest: &mut &str) -> Self {
        if let Some(next) = rest.strip_prefix('-') {
            *rest = next;
            return Self::Not(Box::new(Self::one(rest)));
        }
        if let Some(next) = rest.strip_prefix('(') {
            *rest = next;
            let inner = Self::any(rest);
            *rest = rest.trim_start().strip_prefix(')').unwrap_or(rest);
            return inner;
        }
        let (text, next) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_at(rest.find([' ', ')', '(']).unwrap_or(rest.len())),
        };
        *rest = next;
        Self::Text(text.to_lowercase())
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        match self {
            Self::Text(words) => text.to_lowercase().contains(words),
            Self::Not(query) => !query.is_in(text),
            Self::All(queries) => queries.iter().all(|query| query.is_in(text)),
            Self::Any(queries) => queries.iter().any(|query| query.is_in(text)),
        }
    }
}
