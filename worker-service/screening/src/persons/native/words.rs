//! The result of reading a word in a script other than Latin.

/// Words in Latin letters, each with whether it was written without short vowels.
pub(in crate::persons) type Words = Vec<(String, bool)>;
