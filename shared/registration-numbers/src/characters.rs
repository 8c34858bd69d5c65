//! The policy on characters that holds for every scheme: which ones a number may contain and which ones are
//! folded.

use crate::fault::Fault;

/// Maximum length of a number, in characters. The longest court name with its register number is shorter.
pub const NUMBER_MAX: usize = 80;

/// Folds full-width forms (U+FF01 to U+FF5E, U+3000) to the characters that they show, and trims spaces.
///
/// # Errors
/// Returns [`Fault::Length`] if the number is longer than [`NUMBER_MAX`], and [`Fault::Character`] if it
/// contains a control, invisible or otherwise unprintable character.
pub(crate) fn fold(number: &str) -> Result<String, Fault> {
    let folded: String = number.chars().map(fold_width).collect();
    let leading = folded.chars().take_while(|c| *c == ' ').count();
    let folded = folded.trim_matches(' ');
    let length = folded.chars().count();
    if length > NUMBER_MAX {
        return Err(Fault::Length { length });
    }
    match safe_text::refused_in_line(folded) {
        Some(refused) => {
            let (character, position) = (refused.character(), leading + refused.position());
            Err(Fault::Character { character, position })
        }
        None => Ok(folded.to_owned()),
    }
}

/// Returns the plain form of a full-width character, and any other character unchanged.
pub(crate) fn fold_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// Returns the upper-case form of a letter that schemes use. Other letters stay as they are and are then
/// rejected, such as the long s, whose upper-case form is S.
pub(crate) fn uppercase(c: char) -> char {
    match c {
        'ñ' => 'Ñ',
        'ö' => 'Ö',
        'а'..='я' | 'α'..='ω' => c.to_uppercase().next().unwrap_or(c),
        _ => c.to_ascii_uppercase(),
    }
}
