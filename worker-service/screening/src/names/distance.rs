//! How alike two words are, by what it costs to turn one into the other.

/// The cost of taking one sound for another; 1 where they have nothing in common.
fn substitution(a: char, b: char) -> f32 {
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    match (a, b) {
        _ if a == b => 0.0,
        ('o', 'u') | ('i', 'y') | ('c', 'k') | ('c', 's') => 0.1,
        ('e', 'i')
        | ('a', 'e')
        | ('S', 's')
        | ('s', 'z')
        | ('C', 'S')
        | ('C', 'c')
        | ('J', 'j')
        | ('J', 'z') => 0.2,
        ('g', 'k')
        | ('j', 'y')
        | ('C', 'j')
        | ('C', 'J')
        | ('b', 'v')
        | ('g', 'h')
        | ('h', 'k')
        | ('a', 'o') => 0.3,
        ('J', 'S') | ('d', 't') | ('b', 'p') | ('f', 'v') | ('a', 'i') | ('e', 'o') | ('J', 'g') => 0.4,
        ('m', 'n') | ('l', 'r') => 0.6,
        _ => 1.0,
    }
}

/// The cost of a sound too many.
fn indel(c: char) -> f32 {
    match c {
        'a' | 'e' | 'i' | 'o' | 'u' => 0.5,
        'h' | 'y' => 0.35,
        _ => 1.0,
    }
}

/// From 0 to 1: how much of the sounds `a` and `b` agree.
pub(super) fn sound_similarity(a: &[char], b: &[char]) -> f32 {
    weighted(a, b, substitution, indel)
}

/// From 0 to 1: one less the optimal string alignment distance (insert, delete, replace, swap two
/// neighbours) by the length of the longer word.
pub fn letter_similarity(a: &[char], b: &[char]) -> f32 {
    weighted(a, b, |a, b| if a == b { 0.0 } else { 1.0 }, |_| 1.0)
}

/// Letters of the longest text that is compared whole; longer ones are compared by their beginnings.
pub const COMPARED_MAX: usize = 64;

fn weighted(a: &[char], b: &[char], replace: impl Fn(char, char) -> f32, indel: impl Fn(char) -> f32) -> f32 {
    let (a, b) = (&a[..a.len().min(COMPARED_MAX)], &b[..b.len().min(COMPARED_MAX)]);
    let longest = a.len().max(b.len());
    if longest == 0 {
        return 1.0;
    }
    // Rows of the usual table, two back for swaps.
    let (mut before, mut last, mut row) = (
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
            let mut least = (last[j] + replace(*x, *y)).min(last[j + 1] + indel(*x)).min(row[j] + indel(*y));
            if i > 0 && j > 0 && a[i - 1] == *y && *x == b[j - 1] && x != y {
                least = least.min(before[j - 1] + 1.0);
            }
            row[j + 1] = least;
        }
        (before, last, row) = (last, row, before);
    }
    #[expect(clippy::cast_precision_loss, reason = "a word's length is small")]
    let longest = longest as f32;
    (1.0 - last[b.len()] / longest).max(0.0)
}
