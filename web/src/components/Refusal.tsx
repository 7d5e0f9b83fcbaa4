import { useEffect, useRef } from "react";

import { ProblemBar } from "./ProblemBar";

/** A refusal within a dialog or drawer, brought into sight; nothing where there is none. */
export function Refusal({ error }: { error: unknown }) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!error) return;
    bar.current?.scrollIntoView({ block: "nearest" });
    // With the button that was pressed the focus may have gone, and Escape would reach no dialog.
    if (!document.activeElement || document.activeElement === document.body) bar.current?.focus();
  }, [error]);
  if (!error) return null;
  return (
    <div ref={bar} tabIndex={-1}>
      <ProblemBar error={error} />
    </div>
  );
}
