//! Finding a quote in the evidence: models break lines anew and straighten quotation marks and dashes; every other
//! character counts.

/// A text with its white space and its quotation marks and dashes made alike.
pub(super) fn folded(text: &str) -> String {
    fold(text).into_iter().map(|(c, ..)| c).collect()
}

/// The span of `text` that `quote` stands for, as it is written there.
pub(super) fn find<'a>(text: &'a str, quote: &str) -> Option<&'a str> {
    let wanted: Vec<char> = folded(quote).chars().collect();
    if wanted.is_empty() {
        return None;
    }
    let text_folded = fold(text);
    let at = text_folded
        .windows(wanted.len())
        .position(|window| window.iter().zip(&wanted).all(|((c, ..), wanted)| c == wanted))?;
    let (_, start, _) = text_folded[at];
    let (_, _, end) = text_folded[at + wanted.len() - 1];
    text.get(start..end)
}

/// Each character as it is compared, with the bytes of the text that it stands for.
fn fold(text: &str) -> Vec<(char, usize, usize)> {
    let mut folded: Vec<(char, usize, usize)> = Vec::with_capacity(text.len());
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        let c = match c {
            '‘' | '’' | '‚' | '‛' | 'ʼ' => '\'',
            '“' | '”' | '„' | '‟' => '"',
            '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
            c if c.is_whitespace() => ' ',
            c => c,
        };
        match folded.last_mut() {
            // A run of white space is one space.
            Some((' ', _, last)) if c == ' ' => *last = end,
            None if c == ' ' => {}
            _ => folded.push((c, start, end)),
        }
    }
    if folded.last().is_some_and(|(c, ..)| *c == ' ') {
        folded.pop();
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_is_the_evidences_own() {
        let text = "The  company’s “loss” –\n5 million – was hidden.";
        assert_eq!(find(text, "the company's"), None, "letters count");
        assert_eq!(
            find(text, " The company's \"loss\" - 5 million"),
            Some("The  company’s “loss” –\n5 million")
        );
        assert_eq!(find(text, "was hidden."), Some("was hidden."));
        assert_eq!(find(text, "was hidden!"), None);
        assert_eq!(find(text, "  "), None);
        assert_eq!(find("検査データの不正", "データの不正"), Some("データの不正"));
    }
}
