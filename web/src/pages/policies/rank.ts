/** What is typed as a rank; what is no number the server shall refuse in its own words. */
export function rankOf(text: string): number | null {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : null;
}
