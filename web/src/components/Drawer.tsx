import {
  Button,
  DrawerBody,
  DrawerHeader,
  DrawerHeaderTitle,
  makeStyles,
  OverlayDrawer,
  tokens,
} from "@fluentui/react-components";
import { DismissRegular } from "@fluentui/react-icons";
import type { ReactNode } from "react";

import { Refusal } from "./Refusal";
import { useReturnFocus } from "./returnFocus";

const useStyles = makeStyles({
  body: {
    display: "flex",
    flexDirection: "column",
    gap: tokens.spacingVerticalL,
    // A grid in it scrolls within this height.
    height: "100%",
    boxSizing: "border-box",
    paddingBottom: tokens.spacingVerticalL,
  },
});

interface DrawerProps {
  title: ReactNode;
  size?: "medium" | "large";
  error?: unknown;
  onClose: () => void;
  children: ReactNode;
}

/** All there is to know of one row, beside the list. */
export function Drawer({ title, size = "medium", error, onClose, children }: DrawerProps) {
  const styles = useStyles();
  useReturnFocus();
  return (
    <OverlayDrawer open position="end" size={size} onOpenChange={(_, data) => !data.open && onClose()}>
      <DrawerHeader>
        <DrawerHeaderTitle
          action={<Button appearance="subtle" aria-label="Close" icon={<DismissRegular />} onClick={onClose} />}
        >
          {title}
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody>
        <div className={styles.body}>
          <Refusal error={error} />
          {children}
        </div>
      </DrawerBody>
    </OverlayDrawer>
  );
}
