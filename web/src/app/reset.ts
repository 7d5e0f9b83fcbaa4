import { makeStaticStyles, tokens } from "@fluentui/react-components";

/** What every page starts from; Fluent styles components, not the document around them. */
export const useReset = makeStaticStyles({
  "body, h1, h2, h3": { margin: 0 },
  body: { backgroundColor: tokens.colorNeutralBackground2 },
});
