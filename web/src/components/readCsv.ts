/** The cells of a file as spreadsheets write it (RFC 4180): parted by commas, semicolons or tabs, quoted at will. */
export function readCsv(text: string): string[][] {
  const source = text.replace(/^\ufeff/, "");
  const first = source.split(/\r?\n/, 1)[0] ?? "";
  const parting = [",", ";", "\t"].find((mark) => first.includes(mark)) ?? ",";
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  const endCell = () => {
    row.push(cell.trim());
    cell = "";
  };
  const endRow = () => {
    endCell();
    if (row.some((one) => one !== "")) rows.push(row);
    row = [];
  };
  for (let at = 0; at < source.length; at += 1) {
    const mark = source[at]!;
    if (quoted) {
      if (mark !== '"') cell += mark;
      else if (source[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (mark === '"' && cell.trim() === "") {
      cell = "";
      quoted = true;
    } else if (mark === parting) endCell();
    else if (mark === "\n") endRow();
    else if (mark !== "\r") cell += mark;
  }
  endRow();
  return rows;
}
