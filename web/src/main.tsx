import { createDOMRenderer, FluentProvider, RendererProvider } from "@fluentui/react-components";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Problem } from "./api/problem";
import { App } from "./app/App";
import { styleNonce } from "./app/nonce";
import { useReset } from "./app/reset";
import { ThemeChoiceProvider, useTheme } from "./app/theme";

const nonce = styleNonce(document);
const renderer = createDOMRenderer(document, nonce ? { styleElementAttributes: { nonce } } : {});
const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      // The session ended while a page was open: ask to sign in again.
      if (error instanceof Problem && error.status === 401) queries.setQueryData(["session"], null);
    },
  }),
  defaultOptions: {
    queries: {
      // A refusal stays a refusal; only what may pass by itself is tried again.
      retry: (count, error) => count < 2 && (!(error instanceof Problem) || error.isTemporary),
      staleTime: 5_000,
    },
  },
});

function Themed() {
  useReset();
  const { theme } = useTheme();
  return (
    <FluentProvider theme={theme}>
      <App />
    </FluentProvider>
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <RendererProvider renderer={renderer} targetDocument={document}>
      <QueryClientProvider client={queries}>
        <ThemeChoiceProvider>
          <Themed />
        </ThemeChoiceProvider>
      </QueryClientProvider>
    </RendererProvider>
  </StrictMode>,
);
