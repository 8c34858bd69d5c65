//! Similarity of two words as weighted edit distance: what it costs to turn one into the other.

/// Returns the cost of replacing a sound by another, from 0 for the same sound to 1 for sounds that have
/// nothing in common. Capital letters are the sounds of [`phonetic`](super::phonetic).
fn substitution_cost(a: u8, b: u8) -> f32 {
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    match (a, b) {
        _ if a == b => 0.0,
        (b'o', b'u') | (b'i', b'y') | (b'c', b'k') | (b'c', b's') => 0.1,
        (b'e', b'i')
        | (b'a', b'e')
        | (b'S', b's')
        | (b's', b'z')
        | (b'C', b'S')
        | (b'C', b'c')
        | (b'J', b'j')
        | (b'J', b'z') => 0.2,
        (b'g', b'k')
        | (b'j', b'y')
        | (b'C', b'j')
        | (b'C', b'J')
        | (b'b', b'v')
        | (b'g', b'h')
        | (b'h', b'k')
        | (b'a', b'o') => 0.3,
        (b'J', b'S')
        | (b'd', b't')
        | (b'b', b'p')
        | (b'f', b'v')
        | (b'a', b'i')
        | (b'e', b'o')
        | (b'J', b'g') => 0.4,
        (b'm', b'n') | (b'l', b'r') => 0.6,
        _ => 1.0,
    }
}

/// Returns the cost of inserting or deleting a sound, from 0 to 1: vowels, `h` and `y` vary between
/// romanisations.
fn indel_cost(c: u8) -> f32 {
    match c {
        b'a' | b'e' | b'i' | b'o' | b'u' => 0.5,
        b'h' | b'y' => 0.35,
        _ => 1.0,
    }
}

/// Returns how similar two sequences of sounds are, from 0 to 1.
pub(crate) fn phonetic_similarity(a: &[u8], b: &[u8]) -> f32 {
    similarity(a, b, substitution_cost, indel_cost)
}

/// Returns how similar two sequences of letters are, from 0 to 1: one minus the optimal string alignment
/// distance (insert, delete, replace, transpose two neighbours) divided by the length of the longer sequence.
pub(crate) fn edit_similarity<T: Copy + PartialEq>(a: &[T], b: &[T]) -> f32 {
    similarity(a, b, |a, b| if a == b { 0.0 } else { 1.0 }, |_| 1.0)
}

/// Maximum number of characters of a sequence that are compared. The rest of a longer sequence is ignored:
/// this bounds the time of a comparison and lets its table live on the stack.
pub(crate) const COMPARED_MAX: usize = 64;

fn similarity<T: Copy + PartialEq>(
    a: &[T],
    b: &[T],
    substitution: impl Fn(T, T) -> f32,
    indel: impl Fn(T) -> f32,
) -> f32 {
    let (a, b) = (&a[..a.len().min(COMPARED_MAX)], &b[..b.len().min(COMPARED_MAX)]);
    let longest = a.len().max(b.len());
    if longest == 0 {
        return 1.0;
    }
    // The last three rows of the dynamic programming table: a transposition looks two rows back.
    let (mut before_last, mut last, mut row) = (
        &mut [0.0_f32; COMPARED_MAX + 1],
        &mut [0.0_f32; COMPARED_MAX + 1],
        &mut [0.0_f32; COMPARED_MAX + 1],
    );
    for (at, c) in b.iter().enumerate() {
        last[at + 1] = last[at] + indel(*c);
    }
    for (i, x) in a.iter().enumerate() {
        row[0] = last[0] + indel(*x);
        for (j, y) in b.iter().enumerate() {
            let mut cost =
                (last[j] + substitution(*x, *y)).min(last[j + 1] + indel(*x)).min(row[j] + indel(*y));
            if i > 0 && j > 0 && a[i - 1] == *y && *x == b[j - 1] && x != y {
                cost = cost.min(before_last[j - 1] + 1.0);
            }
            row[j + 1] = cost;
        }
        (before_last, last, row) = (last, row, before_last);
    }
    #[expect(clippy::cast_precision_loss, reason = "a word's length is small")]
    let longest = longest as f32;
    (1.0 - last[b.len()] / longest).max(0.0)
}
