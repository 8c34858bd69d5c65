//! A period of time in an advanced file, of which a date of birth is one.

use crate::{
    birth_date::BirthDate,
    lists::xml::{Event, Path},
};

/// Year, month and day.
type Day = [u16; 3];

/// From the earliest to the latest day.
#[derive(Default)]
pub(super) struct Period {
    first: Option<Day>,
    last: Option<Day>,
    is_circa: bool,
    open: Day,
}

impl Period {
    /// Reads an element of the period.
    pub(super) fn read(&mut self, event: &Event<'_>, path: &Path) {
        match (event, path.name()) {
            (Event::Start(attributes), "Start" | "End") => {
                self.is_circa |= attributes.get("Approximate") == "true";
            }
            (Event::Start(_), "From" | "To") => self.open = Day::default(),
            (Event::End(value), "Year") => self.open[0] = value.parse().unwrap_or_default(),
            (Event::End(value), "Month") => self.open[1] = value.parse().unwrap_or_default(),
            (Event::End(value), "Day") => self.open[2] = value.parse().unwrap_or_default(),
            (Event::End(_), "From") => {
                self.first.get_or_insert(self.open);
            }
            (Event::End(_), "To") => self.last = Some(self.open),
            _ => {}
        }
    }

    /// Returns the period as a date of birth: a day, a month, a year or a range of years.
    pub(super) fn birth_date(&self) -> Option<BirthDate> {
        let [year, month, day] = self.first?;
        let [last_year, last_month, last_day] = self.last.or(self.first)?;
        let small = |number: u16| u8::try_from(number).ok().filter(|number| *number > 0);
        let date = if year != last_year {
            BirthDate::between(year, last_year)
        } else if month != last_month {
            BirthDate::new(year, None, None)
        } else if day != last_day {
            BirthDate::new(year, small(month), None)
        } else {
            BirthDate::new(year, small(month), small(day))
        };
        date.map(|date| if self.is_circa { date.circa() } else { date })
    }
}
