import { Spinner, useFocusFinders } from "@fluentui/react-components";
import { lazy, Suspense } from "react";

import { useSession } from "../api/session";
import { ProblemBar } from "../components/ProblemBar";
import { usePath } from "./router";
import { Shell } from "./Shell";

const Login = lazy(() => import("../pages/Login"));

export function App() {
  // Keeps Fluent's focus manager alive between dialogs. It goes with its last user, and one that
  // goes together with an open dialog leaves the page hidden from screen readers.
  useFocusFinders();
  const path = usePath();
  const session = useSession();
  // A sign-in link must work for whoever is signed in already, as somebody else.
  if (path === "/login") return <Suspense><Login /></Suspense>;
  if (session.isPending) return <Spinner label="Asking who you are" />;
  if (session.isError) return <ProblemBar error={session.error} />;
  if (session.data === null) return <Suspense><Login /></Suspense>;
  return <Shell session={session.data} />;
}
