import { MessageBar, MessageBarBody, MessageBarTitle, makeStyles, tokens } from "@fluentui/react-components";

import { Problem } from "../api/problem";

const useStyles = makeStyles({
  remedy: { display: "block" },
  code: {
    display: "block",
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
  },
});

/** A refusal in the server's own words: what, where, why, and what to do. */
export function ProblemBar({ error }: { error: unknown }) {
  const styles = useStyles();
  const problem = Problem.wrap(error);
  return (
    <MessageBar intent="error" layout="multiline" role="alert">
      <MessageBarBody>
        <MessageBarTitle>{problem.title}</MessageBarTitle> {problem.reason}
        {problem.remedy && <span className={styles.remedy}>{problem.remedy}</span>}
        <span className={styles.code}>
          {problem.code}
          {problem.field && ` · ${problem.field}`}
          {problem.requestId && ` · request ${problem.requestId}`}
        </span>
      </MessageBarBody>
    </MessageBar>
  );
}
