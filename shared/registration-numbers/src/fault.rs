//! The reasons why a number is not valid.

/// The reason why a number is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It contains a character that the scheme does not use.
    Character {
        /// The character.
        character: char,
        /// Its position in the number as written, counted in characters from 1.
        position: usize,
    },
    /// It is too short or too long.
    Length {
        /// Its length in characters, without separators and prefix.
        length: usize,
    },
    /// Its characters and its length are right, but their order is not.
    Form,
    /// It has the form of the scheme, but the register does not assign such numbers to companies.
    NotIssued,
    /// It has the form of the scheme, but its prefix, court or county is not in the published list. Lists change, so
    /// the number may be right all the same.
    NotListed,
    /// Its check digit or check character does not match the other characters.
    CheckDigit,
}

impl Fault {
    /// Returns the stable name of the fault, for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Character { .. } => "number_characters",
            Self::Length { .. } => "number_length",
            Self::Form => "number_form",
            Self::NotIssued => "number_not_issued",
            Self::NotListed => "number_not_listed",
            Self::CheckDigit => "number_check_digit",
        }
    }

    /// Ranks how close the number is to being valid. Of several schemes, the error of the closest one is
    /// reported.
    pub(crate) fn closeness(self) -> u8 {
        match self {
            Self::Character { .. } => 0,
            Self::Length { .. } => 1,
            Self::Form => 2,
            Self::NotListed => 3,
            Self::NotIssued => 4,
            Self::CheckDigit => 5,
        }
    }

    /// Returns whether a number with this fault is certainly wrong, and does not only follow a scheme that is not
    /// known here.
    pub(crate) fn is_certain(self) -> bool {
        matches!(self, Self::NotIssued | Self::CheckDigit)
    }
}
