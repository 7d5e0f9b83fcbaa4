import { Button, Subtitle2, makeStyles, tokens } from "@fluentui/react-components";

import { useSignOut, type Session } from "../api/session";
import { useTheme } from "./theme";

const useStyles = makeStyles({
  header: {
    display: "flex",
    alignItems: "center",
    gap: tokens.spacingHorizontalM,
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalL}`,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  push: { marginLeft: "auto" },
});

export function Shell({ session }: { session: Session }) {
  const styles = useStyles();
  const theme = useTheme();
  const signOut = useSignOut();
  return (
    <header className={styles.header}>
      <Subtitle2 as="h1">Meetpoint</Subtitle2>
      <span className={styles.push}>{session.display_name}</span>
      <Button appearance="subtle" onClick={theme.toggle}>
        {theme.name === "light" ? "Dark theme" : "Light theme"}
      </Button>
      <Button appearance="subtle" onClick={() => void signOut()}>
        Sign out
      </Button>
    </header>
  );
}
