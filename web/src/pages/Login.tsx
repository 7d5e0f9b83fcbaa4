import { Button, Divider, Field, Input, Link, Spinner, Title2, makeStyles, tokens } from "@fluentui/react-components";
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";

import { Problem } from "../api/problem";
import { refusalOf, useProviders, useSignIn, type SignIn } from "../api/session";
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
  others: { display: "flex", justifyContent: "center" },
});

/** What the person is asked for: who they are, then the second factor; or a link's code alone. */
type Step = "password" | "factor" | "link";

/** Takes what a sign-in may carry from the address, and nothing of it stays there. */
function fromAddress() {
  const query = new URLSearchParams(location.search);
  return { code: query.get("code") ?? "", refused: query.get("refused") };
}

/** Signs a person in: at a provider, by login and password, or by a link that `meetpoint` printed. */
export default function Login() {
  const styles = useStyles();
  const signIn = useSignIn();
  const providers = useProviders();
  const [came] = useState(fromAddress);
  const [step, setStep] = useState<Step>(came.code ? "link" : "password");
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState(came.code);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const tried = useRef(false);

  async function submit(how: SignIn) {
    setBusy(true);
    setError(undefined);
    try {
      await signIn(how);
      navigate("/", { replace: true });
    } catch (refusal) {
      if (refusal instanceof Problem && refusal.code === "one_time_code_required") {
        // No refusal to its reader: the next question.
        setStep("factor");
      } else {
        setError(refusal);
      }
      setCode("");
    } finally {
      setBusy(false);
    }
  }

  useEffect(() => {
    // The code works once: it must not be sent twice, nor stay in the address bar.
    if (tried.current || (!came.code && !came.refused)) return;
    tried.current = true;
    history.replaceState(null, "", "/login");
    if (came.refused) void refusalOf(came.refused).then(setError);
    else void submit({ code: came.code });
  });

  function go(to: Step) {
    setStep(to);
    setError(undefined);
    setCode("");
  }

  function form(ready: boolean, how: SignIn, fields: ReactNode) {
    return (
      <form
        // Each step is a form of its own: what one asked for is not filled into the next.
        key={step}
        className={styles.form}
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          if (!busy && ready) void submit(how);
        }}
      >
        {fields}
        <Button
          type="submit"
          appearance="primary"
          disabledFocusable={busy || !ready}
          icon={busy ? <Spinner size="tiny" /> : null}
        >
          Sign in
        </Button>
      </form>
    );
  }

  const offered = step === "password" ? (providers.data ?? []) : [];
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
        {offered.map((provider) => (
          <Button key={provider.id} as="a" href={`/session/oidc/${provider.id}`} size="large">
            Sign in with {provider.name}
          </Button>
        ))}
        {offered.length > 0 && <Divider>or</Divider>}
        {step === "password" &&
          form(
            login.trim() !== "" && password !== "",
            { login: login.trim(), password },
            <>
              <Field label="Login" required>
                <Input
                  name="username"
                  value={login}
                  onChange={(_, data) => setLogin(data.value)}
                  autoComplete="username"
                  autoCapitalize="none"
                  spellCheck={false}
                  autoFocus
                />
              </Field>
              <Field label="Password" required>
                <Input
                  name="password"
                  type="password"
                  value={password}
                  onChange={(_, data) => setPassword(data.value)}
                  autoComplete="current-password"
                />
              </Field>
            </>,
          )}
        {step === "factor" &&
          form(
            code.trim() !== "",
            { login: login.trim(), password, one_time_code: code.trim() },
            <Field
              label="Code of your authenticator app"
              hint="Without the app, one of your recovery codes does as well; each works once."
              required
            >
              <Input
                name="one-time-code"
                value={code}
                onChange={(_, data) => setCode(data.value)}
                autoComplete="one-time-code"
                autoCapitalize="none"
                spellCheck={false}
                autoFocus
              />
            </Field>,
          )}
        {step === "link" &&
          form(
            code.trim() !== "",
            { code: code.trim() },
            <Field label="One-time code" required>
              <Input
                value={code}
                onChange={(_, data) => setCode(data.value)}
                autoComplete="one-time-code"
                spellCheck={false}
                autoFocus
              />
            </Field>,
          )}
        {step === "link" && (
          <p className={styles.hint}>
            The code is part of the sign-in link that Meetpoint printed when it started, or that its owner made for you.
            Each link works once.
          </p>
        )}
        <div className={styles.others}>
          {step === "password" ? (
            <Link as="button" onClick={() => go("link")}>
              Use a one-time code of a sign-in link
            </Link>
          ) : (
            <Link
              as="button"
              onClick={() => {
                setPassword("");
                go("password");
              }}
            >
              {step === "factor" ? "Sign in as somebody else" : "Use login and password"}
            </Link>
          )}
        </div>
      </section>
    </main>
  );
}
