import { useEffect, useState } from "react";

/** Where the focus was before the first of several dialogs that followed one another. */
let origin: Element | null = null;

/** Takes the focus back to where it was when a dialog or drawer opened, as keyboard users expect. */
export function useReturnFocus() {
  // Asked while rendering for the first time: later the dialog has the focus itself.
  const [opener] = useState(() => {
    // What opens another dialog from within one goes away with it.
    if (!document.activeElement?.closest('[role="dialog"]')) origin = document.activeElement;
    return origin;
  });
  useEffect(
    () => () => {
      // After the dialog is gone; before, its focus trap would win.
      setTimeout(() => {
        // Another dialog has followed: without the focus it would be hidden from screen readers.
        if (document.querySelector('[role="dialog"][aria-modal="true"]')) return;
        const target = opener instanceof HTMLElement && opener.isConnected && opener !== document.body;
        (target ? opener : document.getElementById("content"))?.focus();
      });
    },
    [opener],
  );
}
