import { Field, Input, makeStyles, mergeClasses, Subtitle2, Textarea, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
  pair: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fit, minmax(min(200px, 100%), 1fr))",
    gap: tokens.spacingHorizontalM,
    alignItems: "end",
    // A long choice, or a field wider than its column, is cut rather than laid over its neighbour.
    "& > *": { minWidth: 0 },
    "& .fui-Select, & .fui-Input": { minWidth: 0, width: "100%" },
    "& .fui-Select__select, & .fui-Input__input": { minWidth: 0, width: "100%", textOverflow: "ellipsis" },
  },
  small: { gridTemplateColumns: "repeat(auto-fit, minmax(min(120px, 100%), 1fr))" },
  group: {
    border: 0,
    margin: 0,
    padding: 0,
    minWidth: 0,
    display: "flex",
    flexDirection: "column",
    gap: tokens.spacingVerticalS,
  },
  legend: { padding: 0, marginBottom: tokens.spacingVerticalXS },
  narrow: { minWidth: "min(150px, 100%)" },
});

/** Fields side by side, as many as there is room for. */
export function Pair({ small = false, children }: { small?: boolean; children: ReactNode }) {
  const styles = useStyles();
  return <div className={mergeClasses(styles.pair, small && styles.small)}>{children}</div>;
}

/** Fields that belong together, under a heading that screen readers tell with each of them. */
export function FieldGroup({ legend, children }: { legend: string; children: ReactNode }) {
  const styles = useStyles();
  return (
    <fieldset className={styles.group}>
      <legend className={styles.legend}>
        <Subtitle2>{legend}</Subtitle2>
      </legend>
      {children}
    </fieldset>
  );
}

interface TextProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  required?: boolean;
  placeholder?: string;
  type?: "text" | "number" | "datetime-local" | "url";
  lines?: number;
  disabled?: boolean;
}

/** A line of text, or several. */
export function Text(props: TextProps) {
  const { label, value, onChange, hint, required = false, placeholder, type = "text", lines = 1, disabled } = props;
  const styles = useStyles();
  return (
    <Field label={label} required={required} {...(hint && { hint })} className={styles.narrow}>
      {lines > 1 ? (
        <Textarea
          value={value}
          rows={lines}
          placeholder={placeholder}
          disabled={disabled}
          resize="vertical"
          onChange={(_, data) => onChange(data.value)}
        />
      ) : (
        <Input
          type={type}
          value={value}
          placeholder={placeholder}
          disabled={disabled}
          onChange={(_, data) => onChange(data.value)}
        />
      )}
    </Field>
  );
}
