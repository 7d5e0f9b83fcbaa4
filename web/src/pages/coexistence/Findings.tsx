import { makeStyles, MessageBar, MessageBarBody, MessageBarTitle, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";

import { api, ok } from "../../api/client";
import { Part } from "../../components/Page";

const useStyles = makeStyles({
  list: {
    listStyleType: "none",
    margin: 0,
    padding: 0,
    display: "flex",
    flexDirection: "column",
    gap: tokens.spacingVerticalM,
  },
  fix: { display: "block" },
  code: {
    display: "block",
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
  },
});

/** What goes astray, or may, and what to do about it: in the server's own words. */
export function Findings() {
  const styles = useStyles();
  const found = useQuery({
    queryKey: ["tenant", "coexistence"],
    queryFn: ({ signal }) => ok(api.GET("/tenant/v1/coexistence", { signal })),
  });
  const findings = found.data?.findings ?? [];
  const warnings = findings.filter((finding) => finding.severity === "warning").length;
  return (
    <Part error={found.error} loading={found.isPending && !found.error}>
      <div role="status">
        {findings.length === 0
          ? "Nothing to look out for: numbers, routes and policies fit together."
          : `${warnings} ${warnings === 1 ? "warning" : "warnings"}, ${findings.length - warnings} good to know`}
      </div>
      <ul className={styles.list} aria-label="Findings">
        {findings.map((finding) => (
          <li key={`${finding.code} ${finding.subject}`}>
            <MessageBar intent={finding.severity === "warning" ? "warning" : "info"} layout="multiline">
              <MessageBarBody>
                <MessageBarTitle>{finding.subject}:</MessageBarTitle> {finding.message}
                <span className={styles.fix}>{finding.fix}</span>
                <span className={styles.code}>{finding.code}</span>
              </MessageBarBody>
            </MessageBar>
          </li>
        ))}
      </ul>
    </Part>
  );
}
