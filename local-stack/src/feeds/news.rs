//! News in the format of the GDELT DOC 2.0 API's article list: `GET /api/v2/doc/doc`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Feeds;
use super::names;
use super::news_query::NewsQuery;
use super::world::{Article, days_ago};

/// GDELT's own numbers.
const DEFAULT_RECORDS: usize = 75;
const MAX_RECORDS: usize = 250;
const DEFAULT_TIMESPAN: &str = "3months";

#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    query: String,
    mode: Option<String>,
    format: Option<String>,
    maxrecords: Option<usize>,
    timespan: Option<String>,
}

pub(super) async fn search(
    State(feeds): State<Arc<Feeds>>,
    Query(parameters): Query<Parameters>,
) -> Response {
    match find(&feeds.world.news, &parameters, Timestamp::now()) {
        Ok(answer) => Json(answer).into_response(),
        // GDELT tells every mistake of the caller as a line of text, with status 200.
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
        return Err("This stand-in answers mode=artlist with format=json alone.".to_owned());
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
    // GDELT sees the news in steps of fifteen minutes.
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

/// `15min`, `24h`, `7d`, `2w`, `3months`, `1y`, in the spellings that GDELT takes.
fn timespan(text: &str) -> Result<SignedDuration, String> {
    let wrong =
        || format!("The timespan {text} is not understood: give one such as 24h, 7d, 2w, 3months or 1y.");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse::<u32>().map_err(|_| wrong())?.into();
    let minutes = match unit.to_ascii_lowercase().as_str() {
        "min" | "minutes" => 1,
        "h" | "hours" => 60,
        "d" | "days" => 24 * 60,
        "w" | "weeks" => 7 * 24 * 60,
        "m" | "months" => 30 * 24 * 60,
        "y" | "years" => 365 * 24 * 60,
        _ => return Err(wrong()),
    };
    Ok(SignedDuration::from_secs(number.saturating_mul(minutes * 60)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timespans_are_read_in_all_units() {
        assert_eq!(timespan("24h").unwrap(), timespan("1d").unwrap());
        assert_eq!(timespan("1w").unwrap(), timespan("7days").unwrap());
        assert!(timespan("12months").unwrap() < timespan("1y").unwrap());
        for text in ["", "d", "3", "3 fortnights", "-1d"] {
            assert!(timespan(text).is_err(), "{text}");
        }
    }
}
