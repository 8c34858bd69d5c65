//! The stand-in for the article list of the GDELT DOC 2.0 API: `GET /api/v2/doc/doc`.

mod query;

use axum::{
    Json,
    extract::Query,
    http::header,
    response::{IntoResponse as _, Response},
    routing::get,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use self::query::NewsQuery;
use crate::stand_in::{
    Operation, StandIn, names,
    world::{Article, World, days_ago},
};

/// Makes the stand-in. Unlike GDELT, it requires no pause between two requests.
pub(super) fn stand_in() -> StandIn {
    StandIn {
        operations: vec![Operation { name: "news.search", path: "/api/v2/doc/doc", handler: get(search) }],
        environment: |base_url| {
            vec![("DOSSIER_NEWS_URL", base_url.to_owned()), ("DOSSIER_NEWS_PAUSE_SECONDS", "0".to_owned())]
        },
    }
}

/// The defaults and limits of GDELT.
const DEFAULT_RECORDS: usize = 75;
const MAX_RECORDS: usize = 250;
const DEFAULT_TIMESPAN: &str = "3months";

#[derive(Debug, Deserialize)]
struct Parameters {
    #[serde(default)]
    query: String,
    mode: Option<String>,
    format: Option<String>,
    maxrecords: Option<usize>,
    timespan: Option<String>,
}

async fn search(Query(parameters): Query<Parameters>) -> Response {
    match find(&World::sample().news, &parameters, Timestamp::now()) {
        Ok(answer) => Json(answer).into_response(),
        // GDELT reports every client error as a line of text with status 200.
        Err(problem) => {
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], format!("{problem}\n")).into_response()
        }
    }
}

fn find(news: &[Article], parameters: &Parameters, now: Timestamp) -> Result<Value, String> {
    let is = |given: &Option<String>, expected: &str| {
        given.as_deref().is_some_and(|given| given.eq_ignore_ascii_case(expected))
    };
    if !is(&parameters.mode, "artlist") || !is(&parameters.format, "json") {
        return Err("This stand-in only answers mode=artlist with format=json.".to_owned());
    }
    let query = NewsQuery::parse(&parameters.query)?;
    let oldest = now
        .checked_sub(timespan(parameters.timespan.as_deref().unwrap_or(DEFAULT_TIMESPAN))?)
        .map_err(|error| format!("The timespan is too long: {error}"))?;
    let limit = parameters.maxrecords.unwrap_or(DEFAULT_RECORDS).min(MAX_RECORDS);
    let mut found: Vec<&Article> = news
        .iter()
        .filter(|article| days_ago(now, article.days_ago) >= oldest && query.matches(article))
        .collect();
    found.sort_by_key(|article| article.days_ago);
    if found.is_empty() {
        return Ok(json!({}));
    }
    let articles: Vec<Value> =
        found.into_iter().take(limit).map(|article| article_json(article, now)).collect();
    Ok(json!({ "articles": articles }))
}

fn article_json(article: &Article, now: Timestamp) -> Value {
    // GDELT records news in steps of fifteen minutes.
    let second = days_ago(now, article.days_ago).as_second();
    let seen = Timestamp::from_second(second - second.rem_euclid(15 * 60)).unwrap_or(now);
    let slug = names::words(&article.title).join("-");
    json!({
        "url": format!("https://{}/{slug}", article.domain),
        "url_mobile": "",
        "title": article.title,
        "seendate": seen.strftime("%Y%m%dT%H%M%SZ").to_string(),
        "socialimage": "",
        "domain": article.domain,
        "language": article.language,
        "sourcecountry": article.source_country,
    })
}

/// Parses a timespan such as `15min`, `24h`, `7d`, `2w`, `3months` or `1y`, in the notations that GDELT
/// accepts.
fn timespan(text: &str) -> Result<SignedDuration, String> {
    let invalid =
        || format!("The timespan {text} is not understood: give one such as 24h, 7d, 2w, 3months or 1y.");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse::<u32>().map_err(|_| invalid())?.into();
    let minutes = match unit.to_ascii_lowercase().as_str() {
        "min" | "minutes" => 1,
        "h" | "hours" => 60,
        "d" | "days" => 24 * 60,
        "w" | "weeks" => 7 * 24 * 60,
        "m" | "months" => 30 * 24 * 60,
        "y" | "years" => 365 * 24 * 60,
        _ => return Err(invalid()),
    };
    Ok(SignedDuration::from_secs(number.saturating_mul(minutes * 60)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timespans_are_parsed_in_all_units() {
        assert_eq!(timespan("24h").unwrap(), timespan("1d").unwrap());
        assert_eq!(timespan("1w").unwrap(), timespan("7days").unwrap());
        assert!(timespan("12months").unwrap() < timespan("1y").unwrap());
        for text in ["", "d", "3", "3 fortnights", "-1d"] {
            assert!(timespan(text).is_err(), "{text}");
        }
    }
}
