import { Spinner, Title3, makeStyles, tokens } from "@fluentui/react-components";
import { useEffect, type ReactNode } from "react";

import { ProblemBar } from "./ProblemBar";

const useStyles = makeStyles({
  page: {
    display: "flex",
    flexDirection: "column",
    gap: tokens.spacingVerticalL,
    padding: `${tokens.spacingVerticalXL} ${tokens.spacingHorizontalXXL}`,
    flexGrow: 1,
    minHeight: 0,
    boxSizing: "border-box",
    overflow: "auto",
    "@media (max-width: 640px)": {
      padding: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalM}`,
    },
  },
  lead: { margin: 0, color: tokens.colorNeutralForeground2, maxWidth: "80ch" },
  head: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXS },
  tools: {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "end",
    gap: tokens.spacingHorizontalM,
  },
  push: {
    marginLeft: "auto",
    display: "flex",
    flexWrap: "wrap",
    justifyContent: "end",
    gap: tokens.spacingHorizontalS,
    alignItems: "center",
  },
});

interface PartProps {
  filters?: ReactNode;
  actions?: ReactNode;
  error?: unknown;
  loading?: boolean;
  children: ReactNode;
}

interface PageProps extends PartProps {
  title: string;
  lead: ReactNode;
}

/** Filters and actions, then the list, or why it is not there: a page's body, or that of a tab. */
export function Part({ filters, actions, error, loading, children }: PartProps) {
  const styles = useStyles();
  return (
    <>
      {(filters || actions) && (
        <div className={styles.tools}>
          {filters}
          {actions && <div className={styles.push}>{actions}</div>}
        </div>
      )}
      {error ? <ProblemBar error={error} /> : null}
      {loading ? <Spinner label="Loading" /> : children}
    </>
  );
}

/** Title, one sentence, filters and actions, then the list: every page of the console. */
export function Page({ title, lead, ...part }: PageProps) {
  const styles = useStyles();
  useEffect(() => {
    document.title = `${title} · Meetpoint`;
  }, [title]);
  return (
    <main className={styles.page}>
      <div className={styles.head}>
        <Title3 as="h1">{title}</Title3>
        <p className={styles.lead}>{lead}</p>
      </div>
      <Part {...part} />
    </main>
  );
}
