// Compares two sentences word by word.

/** Return the words of a sentence as they are written. */
function split(sentence) {
  return sentence.split(/\s+/).filter(Boolean);
}

/** Return the word as it is heard: without case, punctuation and the form of its apostrophe. */
function heard(word) {
  return word.toLowerCase().replaceAll("’", "'").replace(/[^\p{L}\p{M}\p{N}']/gu, "");
}

/**
 * Return how `from` becomes `to`: a list of `{ word, change }`, in order, where `change` is "same" (the word as
 * in `to`), "removed" or "added".
 *
 * A longest common subsequence of words: sentences have some dozen, so a table of all pairs is small. With
 * `aloud`, words that sound the same are the same, and what cannot be heard is left out.
 */
export function difference(from, to, { aloud = false } = {}) {
  const form = aloud ? heard : (word) => word;
  const kept = (sentence) => split(sentence).filter((word) => !aloud || heard(word));
  const before = kept(from);
  const after = kept(to);
  const common = commonLengths(before.map(form), after.map(form));
  const steps = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && form(before[i]) === form(after[j])) {
      steps.push({ word: after[j], change: "same" });
      i += 1;
      j += 1;
    } else if (j === after.length || (i < before.length && common[i + 1][j] >= common[i][j + 1])) {
      steps.push({ word: before[i], change: "removed" });
      i += 1;
    } else {
      steps.push({ word: after[j], change: "added" });
      j += 1;
    }
  }
  return steps;
}

/** Return the table of the lengths of the longest common subsequences of what follows `i` and `j`. */
function commonLengths(before, after) {
  const table = Array.from({ length: before.length + 1 }, () => new Array(after.length + 1).fill(0));
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      table[i][j] = before[i] === after[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  return table;
}

/**
 * Return the text in parts, `{ text, unsure }`, where each unsure word is a part of its own.
 *
 * `words` are all words in order, `unsure` those that were not heard surely; a word is known by its time.
 */
export function withUnsure(text, words, unsure) {
  const times = new Set(unsure.map(({ start }) => start));
  const parts = [];
  let told = 0; // up to here the text is in `parts`
  let place = 0; // where the next word is looked for
  for (const { word, start } of words) {
    const at = text.indexOf(word.trim(), place);
    if (at < 0) continue;
    place = at + word.trim().length;
    if (!times.has(start)) continue;
    parts.push({ text: text.slice(told, at), unsure: false }, { text: text.slice(at, place), unsure: true });
    told = place;
  }
  parts.push({ text: text.slice(told), unsure: false });
  return parts.filter((part) => part.text);
}
