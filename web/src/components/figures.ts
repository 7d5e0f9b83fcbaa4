/** A limit as it is shown: none is no limit. */
export function limit(figure: number | null | undefined): string {
  return figure === null || figure === undefined ? "No limit" : figure.toLocaleString();
}

/** What is typed as a whole number; nothing where nothing is. */
export function whole(text: string): number | null {
  return text.trim() === "" ? null : Number(text);
}
