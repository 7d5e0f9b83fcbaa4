import { Button, Field, Input, Spinner, Title2, makeStyles, tokens } from "@fluentui/react-components";
import { useEffect, useRef, useState, type FormEvent } from "react";

import { useSignIn } from "../api/session";
import { navigate } from "../app/router";
import { ProblemBar } from "../components/ProblemBar";

const useStyles = makeStyles({
  page: {
    minHeight: "100vh",
    display: "grid",
    placeItems: "center",
    padding: tokens.spacingHorizontalL,
    boxSizing: "border-box",
    backgroundColor: tokens.colorNeutralBackground3,
  },
  card: {
    width: "100%",
    maxWidth: "420px",
    boxSizing: "border-box",
    display: "flex",
    flexDirection: "column",
    gap: tokens.spacingVerticalL,
    padding: tokens.spacingHorizontalXXXL,
    backgroundColor: tokens.colorNeutralBackground1,
    borderRadius: tokens.borderRadiusXLarge,
    boxShadow: tokens.shadow16,
  },
  brand: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalM },
  hint: { color: tokens.colorNeutralForeground2, margin: 0 },
  form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalL },
});

/** Signs in with a one-time code, typed or carried by the link that `meetpoint` printed. */
export default function Login() {
  const styles = useStyles();
  const signIn = useSignIn();
  const [code, setCode] = useState(() => new URLSearchParams(location.search).get("code") ?? "");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const tried = useRef(false);

  async function submit(value: string) {
    setBusy(true);
    setError(undefined);
    try {
      await signIn(value.trim());
      navigate("/", { replace: true });
    } catch (refusal) {
      setError(refusal);
      setCode("");
    } finally {
      setBusy(false);
    }
  }

  useEffect(() => {
    // The code works once: it must not be sent twice, nor stay in the address bar.
    if (tried.current || !code) return;
    tried.current = true;
    history.replaceState(null, "", "/login");
    void submit(code);
  });

  return (
    <main className={styles.page}>
      <section className={styles.card} aria-labelledby="login-title">
        <div className={styles.brand}>
          <img src="/favicon.svg" alt="" width={36} height={36} />
          <Title2 as="h1" id="login-title">
            Meetpoint
          </Title2>
        </div>
        {error !== undefined && <ProblemBar error={error} />}
        <form
          className={styles.form}
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            tried.current = true;
            void submit(code);
          }}
        >
          <Field label="One-time code" required>
            <Input
              value={code}
              onChange={(_, data) => setCode(data.value)}
              autoComplete="one-time-code"
              autoFocus
            />
          </Field>
          <Button
            type="submit"
            appearance="primary"
            disabled={busy || code.trim() === ""}
            icon={busy ? <Spinner size="tiny" /> : null}
          >
            Sign in
          </Button>
        </form>
        <p className={styles.hint}>
          The code is part of the sign-in link that Meetpoint printed when it started. Each link works once.
        </p>
      </section>
    </main>
  );
}
