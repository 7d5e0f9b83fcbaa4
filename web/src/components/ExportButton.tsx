import { Button, Spinner } from "@fluentui/react-components";
import { ArrowDownloadRegular } from "@fluentui/react-icons";
import { useState } from "react";

import { download, toCsv, type CsvColumn } from "./csv";

interface ExportButtonProps<Row> {
  file: string;
  columns: CsvColumn<Row>[];
  /** All rows the export shall hold, fetched when asked for. */
  rows: () => Promise<Row[]>;
  onError: (error: unknown) => void;
}

export function ExportButton<Row>({ file, columns, rows, onError }: ExportButtonProps<Row>) {
  const [busy, setBusy] = useState(false);
  return (
    <Button
      icon={busy ? <Spinner size="tiny" /> : <ArrowDownloadRegular />}
      disabledFocusable={busy}
      onClick={() => {
        setBusy(true);
        rows()
          .then((all) => download(file, toCsv(columns, all)), onError)
          .finally(() => setBusy(false));
      }}
    >
      Export CSV
    </Button>
  );
}
