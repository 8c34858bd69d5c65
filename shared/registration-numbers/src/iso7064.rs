//! Check character systems of ISO/IEC 7064.

/// Verifies MOD 11,10 (hybrid system): every digit is folded into a running product.
pub(crate) fn mod_11_10(number: &[char]) -> bool {
    let Some((last, digits)) = number.split_last() else { return false };
    let product = digits.iter().try_fold(10, |product, c| {
        let sum = (c.to_digit(10)? + product) % 10;
        Some(if sum == 0 { 10 } else { sum } * 2 % 11)
    });
    product.is_some_and(|product| last.to_digit(10) == Some((11 - product) % 10))
}

/// Returns `prefix` followed by `number`, modulo 97 (MOD 97-10). Letters count as the numbers 10 to 35.
pub(crate) fn mod_97(prefix: &str, number: &[char]) -> Option<u32> {
    prefix.chars().chain(number.iter().copied()).try_fold(0, |remainder, c| {
        let value = c.to_digit(36)?;
        Some((remainder * if value > 9 { 100 } else { 10 } + value) % 97)
    })
}
