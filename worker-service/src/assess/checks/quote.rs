//! Finds a quote in the evidence. Differences in white space, quotation marks and dashes are ignored, because
//! models change them; every other character must match.

/// Returns `text` with white space, quotation marks and dashes normalized.
pub(super) fn folded(text: &str) -> String {
    fold(text).into_iter().map(|(c, ..)| c).collect()
}

/// Returns the span of `text` that `quote` matches, as `text` writes it.
pub(super) fn find<'a>(text: &'a str, quote: &str) -> Option<&'a str> {
    let needle: Vec<char> = folded(quote).chars().collect();
    if needle.is_empty() {
        return None;
    }
    let text_folded = fold(text);
    let index = text_folded
        .windows(needle.len())
        .position(|window| window.iter().zip(&needle).all(|((c, ..), expected)| c == expected))?;
    let (_, start, _) = text_folded[index];
    let (_, _, end) = text_folded[index + needle.len() - 1];
    text.get(start..end)
}

/// Returns each character in its normalized form, with the byte range of `text` that it stands for.
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
            // A run of white space becomes one space.
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
    fn the_span_is_returned_as_the_evidence_writes_it() {
        let text = "The  company’s “loss” –\n5 million – was hidden.";
        assert_eq!(find(text, "the company's"), None, "letters must match");
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
