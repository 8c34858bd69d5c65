// Finds quotes in the texts of evidence, in the same way as the check that a claim has passed: differences in white
// space, quotation marks and dashes do not count.

/** @typedef {{ start: number, end: number }} Span positions in a text */

/** @type {[RegExp, string][]} */
const FOLDS = [
  [/[‘’‚‛ʼ]/, "'"],
  [/[“”„‟]/, '"'],
  [/[‐‑‒–—―−]/, "-"],
  [/\s/, " "],
];

/**
 * Returns each character of `text` in its normalized form, with the span that it stands for.
 * @param {string} text
 */
function fold(text) {
  /** @type {{ character: string, start: number, end: number }[]} */
  const folded = [];
  let start = 0;
  for (const original of text) {
    const end = start + original.length;
    const character = FOLDS.find(([pattern]) => pattern.test(original))?.[1] ?? original;
    const last = folded.at(-1);
    // A run of white space becomes one space.
    if (character === " " && last?.character === " ") last.end = end;
    else if (character !== " " || last) folded.push({ character, start, end });
    start = end;
  }
  if (folded.at(-1)?.character === " ") folded.pop();
  return folded;
}

/**
 * Returns the span of `text` that `quote` matches; null if there is none.
 * @param {string} text
 * @param {string} quote
 * @returns {Span | null}
 */
export function locate(text, quote) {
  const [where, what] = [fold(text), fold(quote)];
  if (!what.length) return null;
  for (let at = 0; at + what.length <= where.length; at += 1) {
    if (what.every(({ character }, index) => where[at + index].character === character)) {
      return { start: where[at].start, end: where[at + what.length - 1].end };
    }
  }
  return null;
}

/**
 * Returns the text at `span`, and up to `length` characters on each side of it, cut between words.
 * @param {string} text
 * @param {Span} span
 * @param {number} length
 */
export function excerpt(text, { start, end }, length) {
  const from = start > length ? wordAfter(text, start - length, start) : 0;
  const to = text.length - end > length ? wordBefore(text, end + length, end) : text.length;
  return {
    before: `${from > 0 ? "… " : ""}${text.slice(from, start)}`,
    quote: text.slice(start, end),
    after: `${text.slice(end, to)}${to < text.length ? " …" : ""}`,
  };
}

/**
 * Returns where the first word after `at` begins, or `at` if none does before `limit`, as in a script without spaces.
 * @param {string} text
 * @param {number} at
 * @param {number} limit
 */
function wordAfter(text, at, limit) {
  const space = text.slice(at, limit).search(/\s/);
  return space < 0 ? at : at + space + 1;
}

/**
 * Returns where the last word before `at` ends, or `at` if none does after `limit`.
 * @param {string} text
 * @param {number} at
 * @param {number} limit
 */
function wordBefore(text, at, limit) {
  const space = text.slice(limit, at).search(/\s\S*$/);
  return space < 0 ? at : limit + space;
}
