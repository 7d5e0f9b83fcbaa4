import { useEffect, useState } from "react";

/** Takes the focus back to where it was when a dialog or drawer opened, as keyboard users expect. */
export function useReturnFocus() {
  // Asked while rendering for the first time: later the dialog has the focus itself.
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      // After the dialog is gone; before, its focus trap would win.
      setTimeout(() => {
        const target = opener instanceof HTMLElement && opener.isConnected && opener !== document.body;
        (target ? opener : document.getElementById("content"))?.focus();
      });
    },
    [opener],
  );
}
