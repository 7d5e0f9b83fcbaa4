/** The rows with the one at `from` standing at `to`. */
export function moved<Row>(rows: readonly Row[], from: number, to: number): Row[] {
  const next = [...rows];
  const [row] = next.splice(from, 1);
  if (row !== undefined) next.splice(to, 0, row);
  return next;
}

/** The rows but for the one at `at`. */
export function without<Row>(rows: readonly Row[], at: number): Row[] {
  return rows.filter((_, here) => here !== at);
}

/** The rows with one of them replaced, or one more where `at` names none. */
export function put<Row>(rows: readonly Row[], at: number | undefined, row: Row): Row[] {
  return at === undefined ? [...rows, row] : rows.map((other, here) => (here === at ? row : other));
}
