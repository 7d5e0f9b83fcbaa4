import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
  lines: { display: "block", lineHeight: tokens.lineHeightBase200 },
  line: { display: "block", overflow: "hidden", textOverflow: "ellipsis" },
  lesser: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
});

/** Two things that belong together in one cell: what counts above, what explains it below. */
export function TwoLines({ first, second }: { first: ReactNode; second: ReactNode }) {
  const styles = useStyles();
  return (
    <span className={styles.lines}>
      <span className={styles.line}>{first}</span>
      <span className={mergeClasses(styles.line, styles.lesser)}>{second}</span>
    </span>
  );
}
