import { Button, makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { AddRegular, ArrowDownRegular, ArrowUpRegular, DeleteRegular } from "@fluentui/react-icons";
import { useState, type ReactNode } from "react";

import { Choice } from "./Choice";
import { FieldGroup } from "./Fields";
import { moved, without } from "./rows";

const useStyles = makeStyles({
  list: {
    listStyleType: "none",
    margin: 0,
    padding: 0,
    display: "flex",
    flexDirection: "column",
    gap: tokens.spacingVerticalS,
  },
  row: { display: "flex", alignItems: "end", gap: tokens.spacingHorizontalS },
  parted: { paddingBottom: tokens.spacingVerticalM, borderBottom: `1px solid ${tokens.colorNeutralStroke2}` },
  fields: { flexGrow: 1, minWidth: 0, display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS },
  steps: { display: "flex", flexShrink: 0 },
  none: { color: tokens.colorNeutralForeground2 },
});

function Steps<Row>(props: { what: string; rows: readonly Row[]; at: number; onChange: (rows: Row[]) => void }) {
  const { what, rows, at, onChange } = props;
  const styles = useStyles();
  return (
    <span className={styles.steps}>
      <Button
        appearance="subtle"
        icon={<ArrowUpRegular />}
        aria-label={`Move ${what} up`}
        disabledFocusable={at === 0}
        onClick={() => onChange(moved(rows, at, at - 1))}
      />
      <Button
        appearance="subtle"
        icon={<ArrowDownRegular />}
        aria-label={`Move ${what} down`}
        disabledFocusable={at === rows.length - 1}
        onClick={() => onChange(moved(rows, at, at + 1))}
      />
      <Button
        appearance="subtle"
        icon={<DeleteRegular />}
        aria-label={`Remove ${what}`}
        onClick={() => onChange(without(rows, at))}
      />
    </span>
  );
}

interface RowListProps<Row> {
  legend: string;
  /** What one of them is called: `rule`. */
  what: string;
  rows: readonly Row[];
  onChange: (rows: Row[]) => void;
  fresh: () => Row;
  render: (row: Row, change: (part: Partial<Row>) => void) => ReactNode;
}

/** Rows of fields whose order counts: added, edited, moved and removed. */
export function RowList<Row>({ legend, what, rows, onChange, fresh, render }: RowListProps<Row>) {
  const styles = useStyles();
  return (
    <FieldGroup legend={legend}>
      <ol className={styles.list}>
        {rows.map((row, at) => (
          <li key={at} className={mergeClasses(styles.row, styles.parted)}>
            <div className={styles.fields}>
              {render(row, (part) => onChange(rows.map((other, here) => (here === at ? { ...other, ...part } : other))))}
            </div>
            <Steps what={`${what} ${at + 1}`} rows={rows} at={at} onChange={onChange} />
          </li>
        ))}
      </ol>
      <div>
        <Button icon={<AddRegular />} onClick={() => onChange([...rows, fresh()])}>
          Add {what}
        </Button>
      </div>
    </FieldGroup>
  );
}

interface OrderedChoiceProps {
  legend: string;
  what: string;
  options: readonly (readonly [value: string, text: string])[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
  /** What choosing none means. */
  none: string;
}

/** Some of a closed list, in an order. */
export function OrderedChoice({ legend, what, options, chosen, onChange, none }: OrderedChoiceProps) {
  const styles = useStyles();
  const [next, setNext] = useState("");
  const left = options.filter(([value]) => !chosen.includes(value));
  const named = (value: string) => options.find(([option]) => option === value)?.[1] ?? value;
  return (
    <FieldGroup legend={legend}>
      {chosen.length === 0 && <span className={styles.none}>{none}</span>}
      <ol className={styles.list} aria-label={legend}>
        {chosen.map((value, at) => (
          <li key={value} className={styles.row}>
            <span className={styles.fields}>
              {at + 1}. {named(value)}
            </span>
            <Steps what={named(value)} rows={chosen} at={at} onChange={onChange} />
          </li>
        ))}
      </ol>
      {left.length > 0 && (
        <div className={styles.row}>
          <div className={styles.fields}>
            <Choice label={`Another ${what}`} any="Choose" value={next} onChange={setNext} options={left} />
          </div>
          <Button
            icon={<AddRegular />}
            disabledFocusable={next === ""}
            onClick={() => {
              onChange([...chosen, next]);
              setNext("");
            }}
          >
            Add
          </Button>
        </div>
      )}
    </FieldGroup>
  );
}
