//! Clean names: nobody on the list is meant, so that every alert is a false alarm.

mod companies;
mod persons;
mod siblings;

pub(crate) use self::{
    companies::{common_words, invented},
    persons::{composed, namesake, other_given_name},
    siblings::{other_name, other_number},
};
