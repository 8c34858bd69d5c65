//! Dates of birth: known in part, or wrong in usual ways.

use screening::BirthDate;

use crate::random::Random;

/// Keeps only the year.
pub(crate) fn year_only(date: BirthDate, _: &mut Random) -> Option<BirthDate> {
    date.month()?;
    BirthDate::new(year(date)?, None, None)
}

/// Moves the date by one year.
pub(crate) fn year_off(date: BirthDate, random: &mut Random) -> Option<BirthDate> {
    let year = year(date)?;
    let other = if random.one_in(2) { year + 1 } else { year - 1 };
    BirthDate::new(other, date.month(), date.day())
}

/// Swaps day and month, as between dates written in America and in Europe.
pub(crate) fn day_and_month_swapped(date: BirthDate, _: &mut Random) -> Option<BirthDate> {
    let (month, day) = (date.month()?, date.day()?);
    if month == day { None } else { BirthDate::new(year(date)?, Some(day), Some(month)) }
}

/// Returns the year, or `None` for a range of years.
fn year(date: BirthDate) -> Option<u16> {
    let years = date.years();
    (years.start() == years.end()).then(|| *years.start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> BirthDate {
        text.parse().unwrap()
    }

    #[test]
    fn dates_are_changed() {
        let random = &mut Random::new(1, "x");
        assert_eq!(year_only(date("1969-01-23"), random), Some(date("1969")));
        let off = year_off(date("1969-01-23"), random).unwrap().to_string();
        assert!(["1968-01-23", "1970-01-23"].contains(&off.as_str()), "{off}");
        assert_eq!(day_and_month_swapped(date("1969-03-11"), random), Some(date("1969-11-03")));
    }

    #[test]
    fn dates_without_the_part_stay() {
        let random = &mut Random::new(1, "x");
        assert_eq!(year_only(date("1969"), random), None);
        assert_eq!(year_off(date("1963/1968"), random), None);
        assert_eq!(day_and_month_swapped(date("1969-01-23"), random), None);
        assert_eq!(day_and_month_swapped(date("1969-03-03"), random), None);
        assert_eq!(day_and_month_swapped(date("1969-03"), random), None);
    }
}
