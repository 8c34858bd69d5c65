//! Dates that a text gives by its own time of publication: "last month", "on Monday", "three years ago".

use crate::{case::PieceText, figures::Date};

/// Phrases for the month before, in folded form.
const LAST_MONTH: [&str; 21] = [
    "last month",
    "previous month",
    "先月",
    "前月",
    "letzten monat",
    "vergangenen monat",
    "vormonat",
    "mois dernier",
    "mes pasado",
    "mês passado",
    "scorso mese",
    "mese scorso",
    "vorige maand",
    "afgelopen maand",
    "上个月",
    "上月",
    "지난달",
    "прошлом месяце",
    "الشهر الماضي",
    "zeszłym miesiącu",
    "geçen ay",
];
/// Phrases for the month after, in folded form.
const NEXT_MONTH: [&str; 17] = [
    "next month",
    "来月",
    "翌月",
    "nächsten monat",
    "kommenden monat",
    "mois prochain",
    "próximo mes",
    "mes próximo",
    "próximo mês",
    "prossimo mese",
    "mese prossimo",
    "volgende maand",
    "下个月",
    "下月",
    "다음 달",
    "следующем месяце",
    "الشهر المقبل",
];
/// Names of days and words such as "yesterday", in folded form.
const DAYS: [&str; 76] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "yesterday",
    "today",
    "tomorrow",
    "昨日",
    "今日",
    "本日",
    "明日",
    "月曜",
    "火曜",
    "水曜",
    "木曜",
    "金曜",
    "土曜",
    "日曜",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "gestern",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "hier",
    "lunes",
    "martes",
    "miércoles",
    "jueves",
    "viernes",
    "domingo",
    "ayer",
    "segunda-feira",
    "terça-feira",
    "quarta-feira",
    "quinta-feira",
    "sexta-feira",
    "ontem",
    "lunedì",
    "martedì",
    "mercoledì",
    "giovedì",
    "venerdì",
    "ieri",
    "maandag",
    "dinsdag",
    "woensdag",
    "donderdag",
    "vrijdag",
    "周一",
    "周二",
    "周三",
    "周四",
    "周五",
    "星期",
    "昨天",
    "월요일",
    "화요일",
    "понедельник",
    "вторник",
    "среду",
    "четверг",
    "пятниц",
    "вчера",
];
/// Phrases that count years back from the present, in folded form.
const AGO: [&str; 18] = [
    "ago",
    "earlier",
    "年前",
    "vor ",
    "seit ",
    "il y a",
    "depuis",
    "hace",
    "há ",
    " fa",
    "geleden",
    "년 전",
    "назад",
    "قبل",
    "منذ",
    "temu",
    "önce",
    "sedan",
];
/// Phrases for the year before the last, in folded form.
const YEAR_BEFORE_LAST: [&str; 7] =
    ["一昨年", "前々年", "おととし", "vorletzten jahr", "vorletztes jahr", "year before last", "позапрошлом"];
/// Most days between an event whose day a text names without its month, and the publication.
const DAY_REACH: i64 = 45;
/// Most days between an event on a day of the week, and the publication.
const WEEK_REACH: i64 = 8;
/// Most years that a text counts back.
const YEARS_MAX: f64 = 80.0;

/// Returns whether a piece of evidence, published at `time`, may give `date` by that time.
pub(super) fn is_relative(piece: &PieceText, date: Date, time: Date) -> bool {
    let text = &piece.text.folded;
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    let Some(year) = time.year else { return false };
    let is_year = |years_back: u16| date.year.is_none_or(|date| date + years_back == year);
    if date.month.is_none() {
        let back = date.year.and_then(|date| year.checked_sub(date)).unwrap_or_default();
        let counts = piece.text.figures.iter().any(|figure| {
            figure.values.iter().any(|value| *value <= YEARS_MAX && (*value - f64::from(back)).abs() < 0.1)
        });
        return (back == 2 && has(&YEAR_BEFORE_LAST)) || (back > 0 && counts && has(&AGO));
    }
    let (Some(month), Some(published)) = (date.month, time.month) else { return false };
    let is_month = |wanted: u8, years_back: u16| month == wanted && is_year(years_back);
    let is_last = if published == 1 { is_month(12, 1) } else { is_month(published - 1, 0) };
    let is_next = if published == 12 {
        month == 1 && date.year.is_none_or(|date| date == year + 1)
    } else {
        is_month(published + 1, 0)
    };
    let Some(day) = date.day else {
        return (is_last && has(&LAST_MONTH)) || (is_next && has(&NEXT_MONTH));
    };
    // The day alone: 14日, "am 14.".
    let is_named = piece.text.figures.iter().any(|figure| figure.values == [f64::from(day)])
        || ["日", "일", "號", "号"].iter().any(|sign| text.contains(&format!("{day}{sign}")));
    let of = Date { year: date.year.or(Some(year)), ..date };
    days(of).zip(days(time)).is_some_and(|(date, time)| {
        let apart = (date - time).abs();
        (apart <= DAY_REACH && is_named) || (apart <= WEEK_REACH && has(&DAYS))
    })
}

/// Returns the number of a day, counted from a fixed one.
fn days(date: Date) -> Option<i64> {
    let (year, month, day) = (i64::from(date.year?), i64::from(date.month?), i64::from(date.day?));
    // March is the first month, so that leap days end a year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_over_months_and_leap_years() {
        let day = |year, month, day| days(Date { year: Some(year), month: Some(month), day: Some(day) });
        let apart = |a: Option<i64>, b: Option<i64>| b.zip(a).map(|(b, a)| b - a);
        assert_eq!(apart(day(2024, 2, 28), day(2024, 3, 1)), Some(2));
        assert_eq!(apart(day(2023, 12, 31), day(2024, 1, 1)), Some(1));
        assert_eq!(apart(day(2000, 1, 1), day(2001, 1, 1)), Some(366));
    }
}
