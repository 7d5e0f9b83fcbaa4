import type { Schemas } from "../../api/client";

/** What is typed as numbers: single ones and ranges. */
export interface Spans {
  numbers: string[];
  ranges: Schemas["StockRange"][];
}

/**
 * Reads numbers and ranges, parted by lines, commas or semicolons: `+442079460000`, `+442079460000..+442079460099`,
 * and, as our own pages write it, `+442079460000 to +442079460099`. What stands there is the server's to judge.
 */
export function readSpans(text: string): Spans {
  const spans: Spans = { numbers: [], ranges: [] };
  for (const part of text.split(/[\n,;]+/)) {
    const [first, last] = part.split(/\.\.|\bto\b/).map((end) => end.replace(/[\s().-]/g, ""));
    if (first && last) spans.ranges.push({ first, last });
    else if (first) spans.numbers.push(first);
  }
  return spans;
}

/** Nothing was typed. */
export function isEmpty({ numbers, ranges }: Spans): boolean {
  return numbers.length === 0 && ranges.length === 0;
}
